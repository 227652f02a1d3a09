import os

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "retailops.runtime"
    label = "runtime"
    verbose_name = "Runtime"

    def ready(self) -> None:
        """Give spans to the collector that the environment names."""
        from retailops.runtime import otlp

        otlp.configure(os.environ)

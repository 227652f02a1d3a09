from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "retailops.runtime"
    label = "runtime"
    verbose_name = "Runtime"

"""App configuration of the workbench."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    """The face: shell, home, trace, deliveries, cases."""

    name = "retailops.workbench"
    label = "workbench"

    def ready(self) -> None:
        """Join what does not know each other: clocks and cases."""
        from retailops.workbench.sla.joining import join

        join()

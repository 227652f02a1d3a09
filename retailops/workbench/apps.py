"""App configuration of the workbench."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    """The face: shell, home, trace, deliveries, cases."""

    name = "retailops.workbench"
    label = "workbench"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Join what does not know each other, clocks and cases; register the sweep that keeps what dashboards read."""
        from retailops.workbench.dashboards import times
        from retailops.workbench.sla.joining import join

        join()
        times.register()

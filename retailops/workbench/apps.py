"""App configuration of the workbench."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    """The face: shell, home, trace, deliveries, cases."""

    name = "retailops.workbench"
    label = "workbench"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the sweep that keeps what dashboards read."""
        from retailops.workbench.dashboards import times

        times.register()

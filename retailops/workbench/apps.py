"""App configuration of the workbench."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    """The face: shell, home, trace, deliveries, cases."""

    name = "retailops.workbench"
    label = "workbench"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Join what does not know each other (clocks and cases, audit log and search); keep what dashboards read."""
        from retailops.audit_log.lookup import register_finder
        from retailops.workbench.dashboards import flows, times
        from retailops.workbench.finding import stories
        from retailops.workbench.sla.joining import join

        join()
        times.register()
        flows.register()
        register_finder(stories)

"""App configuration of the workbench."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    """The face: shell, home, trace, deliveries, cases."""

    name = "retailops.workbench"
    label = "workbench"

    def ready(self) -> None:
        """Let the audit log find what the search finds."""
        from retailops.audit_log.lookup import register_finder
        from retailops.workbench.finding import stories

        register_finder(stories)

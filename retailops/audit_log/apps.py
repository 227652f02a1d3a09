"""App configuration of the audit log."""

from django.apps import AppConfig


class AuditLogConfig(AppConfig):
    """Search and export of what happened."""

    name = "retailops.audit_log"
    label = "audit_log"

    def ready(self) -> None:
        """Register the app's event."""
        from retailops.audit_log import events  # noqa: F401  # registers on import

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "reconciliation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the app's events, subscribers and audits."""
        from reconciliation import audits, handlers

        handlers.register()
        audits.register()

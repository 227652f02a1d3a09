from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "reconciliation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the app's events, subscribers, sweeps and audits."""
        from reconciliation import audits, handlers, sweeps

        handlers.register()
        sweeps.register()
        audits.register()

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "reconciliation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the app's events, subscribers, sweeps and audits."""
        from inventory.owners import register_owner
        from reconciliation import audits, handlers, return_truth, sweeps

        handlers.register()
        sweeps.register()
        audits.register()
        register_owner(return_truth.owner_of_quantities)

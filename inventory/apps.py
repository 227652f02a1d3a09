from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "inventory"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the app's events, subscribers, sweeps and audits."""
        from inventory import audits, events, handlers, sweeps, transfer_facts  # noqa: F401  # events register on import

        audits.register()
        handlers.register()
        sweeps.register()

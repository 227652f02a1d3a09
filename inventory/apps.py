from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "inventory"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the app's events, sweeps and audits."""
        from inventory import audits, events, sweeps  # noqa: F401  # events register on import

        audits.register()
        sweeps.register()

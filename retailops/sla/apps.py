from django.apps import AppConfig


class SlaConfig(AppConfig):
    name = "retailops.sla"
    label = "sla"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the app's events, what follows published events, the sweeps and the audits."""
        from retailops.sla import registration

        registration.register()

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "retailops.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the app's events and the subscribers that open and close cases."""
        from retailops.cases import audits, bearing, evidence, handlers, promises

        audits.register()
        handlers.register()
        promises.register()
        evidence.register_own()
        bearing.register()

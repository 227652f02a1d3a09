from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    name = "returns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the app's events, subscribers, sweeps and audits."""
        from returns import audits, bearers, handlers, in_flight, places
        from returns.web import case_actions

        handlers.register()
        audits.register()
        in_flight.register()
        bearers.register()
        places.register()
        case_actions.register()

from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "connectors"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the vendors, the routes from events to connections, and the transports."""
        from connectors import registration

        registration.register()

from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "retailops.events"
    label = "events"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the kernel's own events, audits and slow sweeps."""
        from retailops.events import (
            audits,
            kernel_events,  # noqa: F401  # registers on import
        )
        from retailops.events.retention import retain
        from retailops.events.sweeps import register_sweep

        audits.register()
        register_sweep("retention", retain, every=3600)

from django.apps import AppConfig


class ReplaysConfig(AppConfig):
    name = "retailops.replays"
    label = "replays"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the app's events, audits, and the sweep that goes on where a worker died."""
        from retailops.cases.services import register_ending
        from retailops.replays import audits, case_commands, events, working  # noqa: F401  # events are declared on import
        from retailops.replays.services.mending import end_cases

        audits.register()
        case_commands.register()
        working.register()
        register_ending(end_cases)

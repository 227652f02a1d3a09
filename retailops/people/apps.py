"""App configuration of people."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People, roles and API clients."""

    name = "retailops.people"
    label = "people"

    def ready(self) -> None:
        """Register events, audits, and what tells of second factors."""
        from retailops.people import audits, events, second_factors  # noqa: F401  # events register on import

        audits.register()
        second_factors.register()

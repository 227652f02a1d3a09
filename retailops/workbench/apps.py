"""App configuration of the workbench."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    """The face: shell, home, trace, deliveries, cases."""

    name = "retailops.workbench"
    label = "workbench"

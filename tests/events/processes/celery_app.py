"""`celery --app tests.events.processes.celery_app`: the real workers and beat, sending to a folder."""

from celery.signals import worker_init

from retailops.celery import app

__all__ = ["app"]


@worker_init.connect(weak=False)
def _register(**kwargs: object) -> None:
    from tests.events.processes.folder import register

    register()

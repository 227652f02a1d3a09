"""The processes that serve do not have their own start-up collected again and again."""

import subprocess
import sys

import pytest

LOADS = {
    "web": "import retailops.wsgi",
    "worker": "import retailops.celery as c; from celery.signals import worker_ready as r; import django; "
    "django.setup(); r.send(sender=c.app)",
}


@pytest.mark.parametrize("process", LOADS)
def test_what_start_up_made_is_out_of_the_collectors_sight(process: str) -> None:
    code = f"{LOADS[process]}; import gc; print(gc.get_freeze_count())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert int(told.stdout.split()[-1]) > 50_000

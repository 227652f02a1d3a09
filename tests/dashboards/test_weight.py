"""What the first visit of a board costs over the wire, and that pages are sent compressed."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from retailops.workbench.dashboards.boards import BOARDS
from tests.dashboards import histories
from tests.workbench import world

pytestmark = pytest.mark.django_db
MOST = 150_000  # bytes, without fonts


def with_imports(path: Path) -> set[Path]:
    """Return a script with the modules that it loads."""
    found = re.findall(r'^import (?:.* from )?"(\./[^"]+)"', path.read_text(), re.MULTILINE)
    return {path}.union(*(with_imports((path.parent / each).resolve()) for each in found))


def assets(page: str) -> set[Path]:
    """Return the files that the page loads on screen at once."""
    links = re.findall(r'<(?:script|link)[^>]*?(?:src|href)="[^"]*static/([^"]+\.(?:css|js|svg))"[^>]*>', page)
    paths = {Path(str(finders.find(each))).resolve() for each in links if "print" not in each}
    return set[Path]().union(*(with_imports(each) if each.suffix == ".js" else {each} for each in paths))


@pytest.mark.parametrize("board", sorted(BOARDS))
def test_a_first_visit_is_light(board: str) -> None:
    histories.history()
    client = world.signed_in(world.person("administrator"))
    address = f"/dashboards/{board}/?range=30&compare=1"
    page = client.get(address).content.decode()
    files = assets(page)
    assert {"tabler.min.css", "app.js", "charts.js"} <= {each.name for each in files}
    assert "chart.umd.min.js" not in {each.name for each in files}
    answer = client.get(address, headers={"accept-encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).decode().count("<section") == page.count("<section")
    assert len(answer.content) + sum(len(gzip.compress(each.read_bytes(), 9)) for each in files) < MOST

"""The rail: every screen once, each with its own key, groups as the person left them."""

import pytest

from retailops.workbench.navigation import SCREENS
from tests.workbench import world

pytestmark = pytest.mark.django_db


def test_each_screen_has_a_key_of_its_own() -> None:
    keys = [screen.go for screen in SCREENS]
    assert sorted(keys) == sorted(set(keys))
    assert len({screen.key for screen in SCREENS}) == len(SCREENS)


def test_screens_of_one_heading_stand_together() -> None:
    headings = [screen.group for screen in SCREENS]
    runs = [heading for at, heading in enumerate(headings) if at == 0 or headings[at - 1] != heading]
    assert runs == list(dict.fromkeys(headings))
    assert runs[0] == ""
    assert all(not screen.group for screen in SCREENS if screen.main)


def opened(path: str, cookie: str = "") -> dict[str, bool]:
    """Return which groups stand open on the page."""
    browser = world.signed_in(world.person("administrator"))
    browser.cookies["rail"] = cookie
    shell = browser.get(path).context["shell"]
    return {group.label: group.open for group in shell.groups if group.label}


def test_groups_come_as_they_were_left_and_the_current_one_is_open() -> None:
    usual = {"Customers and claims": True, "Stock and money": True, "Systems": True, "Rules and access": False}
    assert opened("/") == usual
    assert opened("/policies/") == usual | {"Rules and access": True}
    assert opened("/", "systems:0.rules-and-access:1") == usual | {"Systems": False, "Rules and access": True}
    assert opened("/connections/", "systems:0")["Systems"]


def test_a_cookie_of_somebody_else_is_no_harm() -> None:
    assert opened("/", "::.<b>:1.systems")["Systems"]

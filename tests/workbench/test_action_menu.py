"""The menu of a return's actions."""

import re

import pytest

from returns.web.action_menu import GROUPS
from returns.web.actions import ACTIONS
from tests.workbench import world

pytestmark = pytest.mark.django_db


def test_every_action_stands_in_exactly_one_group() -> None:
    assert sorted(key for keys in GROUPS.values() for key in keys) == sorted(ACTIONS)


def test_what_may_be_done_stands_in_groups_and_the_rest_is_folded_with_its_reason() -> None:
    client = world.signed_in(world.person("administrator"))
    page = client.get(f"/returns/{world.received().number}/").content.decode()
    panel = page[page.index('class="menu-panel menu-wide"') :]
    offered, folded = panel[: panel.index("menu-later")], panel[panel.index("menu-later") :]
    assert re.findall('class="menu-title">([^<]+)', offered) == ["Goods", "Money"]
    assert ">Inspect<" in re.sub(r"<svg.*?</svg>", ">", offered)
    assert "aria-disabled" not in offered
    assert "Goods have arrived: inspect or reverse the receipt instead." in folded

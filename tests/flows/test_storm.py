"""A storm of made-up lives through the real commands leaves every invariant true."""

from collections import Counter
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from connectors.demo import connections_without_sandbox
from connectors.simulation.storm.living import live, spread
from returns.models import Refund, Return
from tests.factories import ensure_policy, make_location
from tests.returns.proofs import breaches

pytestmark = pytest.mark.django_db


def test_every_life_leaves_the_audits_clean() -> None:
    ensure_policy()
    connections_without_sandbox()
    totals: Counter[str] = Counter()
    lived = list(live(11, 12, make_location().code, totals))
    assert len(lived) == 12
    assert totals["returns"] == Return.objects.count() == 12
    assert totals["commands"] >= 12 * 4
    assert Refund.objects.exists()
    assert breaches() == []


def test_the_lives_are_shared_out_whole() -> None:
    assert spread(11, 3) == [4, 4, 3]


def test_production_knows_no_storm(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="real ones"):
        call_command("storm", returns=1)
    assert Return.objects.count() == 0

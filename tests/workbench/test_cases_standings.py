"""Searching by verdict finds exactly what the chips say, whatever a delivery has been through."""

from itertools import product
from uuid import UUID

import pytest

from connectors.models import Connection
from retailops.cases.models import Case, CaseGroup
from retailops.events.enums import OPEN_STATUSES, DeliveryStatus, EffectStatus, OutcomeClass
from retailops.events.models import Delivery, Effect
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from retailops.workbench.exceptions.keys import condition
from retailops.workbench.exceptions.standings import KINDS, VALUES, in_lane, standing, standing_is
from tests.cases.making import worker
from tests.workbench import world

pytestmark = pytest.mark.django_db
STATUSES = [str(each) for each in DeliveryStatus]
CLASSES = [OutcomeClass.BUSINESS, OutcomeClass.CONTRACT, OutcomeClass.TRANSIENT]


def every_kind() -> None:
    """Stop deliveries in every combination of what a verdict looks at, several a lane."""
    story = world.Story.told()
    one = story.connection.destination
    # What was tried is what is in force: only an edit mends it.
    Connection.objects.update(config_version=0, mapping_version=0)
    confirmed, intended = (
        Effect.objects.create(destination=one, kind="refund", business_key=state, status=state)
        for state in (EffectStatus.CONFIRMED, EffectStatus.INTENDED)
    )
    mixed = product(STATUSES, CLASSES, [True, False], [None, now()], [None, 100, 10**9], [None, confirmed, intended])
    for number, (status, failure, safe, sent, amount, effect) in enumerate(mixed):
        if number % 3 and status not in ("dead", "in_doubt"):
            continue
        delivery = world.stopped(
            story.rma, story.connection, status=status, failure_class=failure, repeat_safe=safe, first_sent_at=sent,
            amount=amount, effect=effect, lane_key=f"lane-{number // 2 if number % 5 else 'long'}",
        )  # fmt: skip
        if number % 7 == 0:
            Delivery.objects.filter(pk=delivery.pk).update(payload={"edited": True})


def test_each_kind_is_found_as_it_is_told() -> None:
    every_kind()
    told = dict(Delivery.objects.annotate(told=standing()).values_list("pk", "told"))
    assert len(told) > 350
    assert {"safe_repeat", "safe_absent", "already_done", "blocked", "needs_edit", "in_doubt"} <= set(told.values())
    for value in VALUES:
        wanted = {"safe_repeat", "safe_absent"} if value == "safe" else {value}
        expected = {id for id, kind in told.items() if kind in wanted}
        assert set(Delivery.objects.filter(standing_is(value)).values_list("pk", flat=True)) == expected, value
    assert set(told.values()) <= set(KINDS)


def test_a_query_of_several_asks_the_same_of_each_delivery() -> None:
    every_kind()
    deliveries = list(Delivery.objects.annotate(told=standing()))
    Case.objects.bulk_create(_about(each.id) for each in deliveries)
    Case.objects.bulk_create(_about(None) for _ in range(3))
    told = {each.id: each.told for each in deliveries}
    open_ones = [each for each in deliveries if each.status in OPEN_STATUSES]
    waits = {
        each.id
        for each in deliveries
        if any(_lane(other) == _lane(each) and other.lane_seq < each.lane_seq for other in open_ones)
    }
    everything = {None, *told}

    def found(query: str) -> set[UUID | None]:
        rows = Case.objects.filter(condition(worker(), query), dedupe_key__startswith="about:")
        return set(rows.values_list("delivery_id", flat=True))

    free = set(told) - waits
    assert 0 < len(waits) < len(told)
    assert found("lane:free") == free
    assert found("-lane:free") == everything - free
    for kind in KINDS:
        so = {id for id, each in told.items() if each == kind}
        assert found(f"verdict:{kind} lane:free") == so & free, kind
        assert found(f"lane:free -verdict:{kind} class:business") == free - so, kind
        assert found(f"(verdict:{kind} OR lane:free) class:business") == so | free, kind
        assert found(f"-(verdict:{kind} lane:free)") == everything - (so & free), kind
    safe = {id for id, each in told.items() if each in ("safe_repeat", "safe_absent")}
    assert found("verdict:safe verdict:safe_absent") == {id for id in safe if told[id] == "safe_absent"}
    blocked = set(Delivery.objects.filter(in_lane("blocked")).values_list("pk", flat=True))
    assert found("lane:blocked verdict:safe") == blocked & safe


def _lane(delivery: Delivery) -> tuple[object, str]:
    return delivery.destination_id, delivery.lane_key


def _about(delivery_id: UUID | None) -> Case:
    group, _ = CaseGroup.objects.get_or_create(fingerprint="about", defaults={"queue": "business", "kind": "x"})
    return Case(
        group=group, dedupe_key=f"about:{uuid7()}", kind="x", queue="business", title="x", subject_type="return",
        subject_id=uuid7(), correlation_id=uuid7(), delivery_id=delivery_id, failure_class="business",
    )  # fmt: skip


def test_places_in_lanes_are_those_of_open_deliveries() -> None:
    every_kind()
    open_ones = list(Delivery.objects.filter(status__in=OPEN_STATUSES))
    lanes: dict[tuple[object, str], list[int]] = {}
    for each in open_ones:
        lanes.setdefault((each.destination_id, each.lane_key), []).append(each.lane_seq)
    for place, first in (("blocked", min), ("blocking", max)):
        expected = {each.pk for each in open_ones if each.lane_seq != first(lanes[each.destination_id, each.lane_key])}
        assert set(Delivery.objects.filter(in_lane(place)).values_list("pk", flat=True)) == expected

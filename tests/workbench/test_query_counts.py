"""How many queries each screen asks: a snapshot, and the same with many rows as with few."""

import pytest
from django.test import Client

from tests.cases.making import opened
from tests.statements import statements
from tests.workbench import world

pytestmark = pytest.mark.django_db

# At most so many; whoever needs one more writes it down here.
SNAPSHOT = {
    "/": 35,
    "/exceptions/": 14,
    "/exceptions/?by=channel": 9,
    "/exceptions/GROUP/": 23,
    "/cases/": 12,
    "/cases/?sort=due&q=region:GB": 12,
    "/cases/?q=verdict:safe": 13,
    "/cases/?q=lane:blocking": 9,
    "/returns/": 15,
    "/returns/?view=trouble": 15,
    "/returns/?q=NUMBER": 17,
    "/trace/STORY/": 13,
    "/trace/?q=nothing-bears-this": 19,
}


def grow(story: world.Story, count: int) -> None:
    """Add returns with stopped deliveries and their cases, all within reach of the screens."""
    for number in range(count):
        rma = world.requested()
        delivery = world.stopped(rma, story.connection, effect_key=f"more-{rma.pk}")
        world.stopped(story.rma, story.connection, effect_key=f"same-{rma.pk}", failure_code=f"code_{number}")
        opened("GB", subject=rma.as_subject(), delivery_id=delivery.id, fingerprint=f"cause {number}",
               dedupe_key=f"more:{rma.pk}", title=f"More {number}")  # fmt: skip


def counts(client: Client, places: dict[str, str]) -> dict[str, int]:
    """Return how many queries, prepared ones too, each address takes once the process is warm."""
    found = {}
    for address in SNAPSHOT:
        asked = address
        for name, value in places.items():
            asked = asked.replace(name, value)
        each = []
        for _ in range(3):
            with statements() as told:
                assert client.get(asked).status_code == 200, asked
            each.append(len(told))
        found[address] = min(each[1:])
    return found


def test_queries_do_not_grow_with_rows() -> None:
    story = world.Story.told()
    lead = world.signed_in(world.person("ops_lead"))
    grow(story, 2)
    places = {
        "GROUP": str(story.case.group_id), "NUMBER": story.rma.number, "STORY": str(story.rma.correlation_id),
    }  # fmt: skip
    few = counts(lead, places)
    grow(story, 10)
    assert counts(lead, places) == few
    assert {address: count for address, count in few.items() if count > SNAPSHOT[address]} == {}

"""Alerts of a connection are held until a time, with a reason; it ends by itself."""

from datetime import timedelta

import pytest

from connectors.models import Connection, Mute
from connectors.selectors import muted_until
from connectors.services import mute_connection, unmute_connection
from retailops.accounts.permissions import Permission
from retailops.events.models import Event
from retailops.events.publish import words_of
from retailops.lib.clock import now
from retailops.lib.errors import Denied, Invalid, NotFound
from tests.connectors.conftest import ADMIN
from tests.factories import actor_with

pytestmark = pytest.mark.django_db


def held(connection: Connection, hours: float = 4) -> Mute:
    until = now() + timedelta(hours=hours)
    return mute_connection(actor=ADMIN, connection_id=connection.id, until=until, reason="they move house")


def test_it_is_held_until_then_and_no_longer(stripe: Connection) -> None:
    assert muted_until(stripe.name) is None
    mute = held(stripe)
    assert muted_until(stripe.name) == mute.until
    told = Event.objects.get(type="connection.muted")
    assert told.data == {
        "connection_id": str(stripe.id), "name": "stripe", "until": mute.until.isoformat(),
    }  # fmt: skip
    assert words_of(told.id) == "they move house"
    Mute.objects.update(until=now() - timedelta(seconds=1))
    assert muted_until(stripe.name) is None


def test_another_one_takes_its_place(stripe: Connection) -> None:
    first, second = held(stripe), held(stripe, hours=1)
    assert muted_until(stripe.name) == second.until
    first.refresh_from_db()
    assert (first.ended_at is not None, first.ended_by) == (True, ADMIN.key)
    assert Mute.objects.count() == 2


def test_a_person_ends_it(stripe: Connection) -> None:
    held(stripe)
    unmute_connection(actor=ADMIN, connection_id=stripe.id)
    unmute_connection(actor=ADMIN, connection_id=stripe.id)
    assert muted_until(stripe.name) is None
    assert Event.objects.filter(type="connection.unmuted").count() == 1


@pytest.mark.parametrize(("hours", "reason", "pointers"), [
    (-1, "x", ["/until"]), (15 * 24, "x", ["/until"]), (1, "  ", ["/reason"]), (0, "", ["/until", "/reason"]),
])  # fmt: skip
def test_without_bound_or_reason_it_is_not_held(
    stripe: Connection, hours: float, reason: str, pointers: list[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        mute_connection(actor=ADMIN, connection_id=stripe.id, until=now() + timedelta(hours=hours), reason=reason)
    assert [error.pointer for error in refused.value.errors] == pointers
    assert not Mute.objects.exists()


def test_who_may_not_manage_holds_nothing(stripe: Connection) -> None:
    until = now() + timedelta(hours=1)
    with pytest.raises(Denied):
        mute_connection(actor=actor_with(Permission.CONNECTIONS_VIEW), connection_id=stripe.id, until=until, reason="x")
    with pytest.raises(NotFound):
        mute_connection(actor=actor_with(), connection_id=stripe.id, until=until, reason="x")
    held(stripe)
    with pytest.raises(Denied):
        unmute_connection(actor=actor_with(Permission.CONNECTIONS_VIEW), connection_id=stripe.id)
    assert muted_until(stripe.name) is not None

"""The page that says why: when a refund goes follows the kind before it follows policy."""

import pytest

from returns.web.why import why_of
from tests.factories import ensure_policy, make_order, make_return

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("mail_in", "on receipt"),
        ("returnless", "at once, since the customer keeps the goods"),
        ("warranty", "when a warranty verdict grants it"),
        ("return_to_sender", "on inspection, as for every return of this kind"),
        ("store", "on inspection, as for every return of this kind"),
    ],
)
def test_when_a_refund_goes(kind: str, told: str) -> None:
    ensure_policy(refund_timing="on_receipt")
    rma = make_return(make_order(), {1: 1})
    rma.kind = kind
    why = why_of(rma, [])
    assert why is not None
    said = {each.rule: each.saw for each in why.whole}
    assert said["Refund"] == told
    assert said["Kind"]
    assert "10.00 GBP" in said["Authorization"]

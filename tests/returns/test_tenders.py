"""A refund over several payments: exact, and never more than what is left of each."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns.enums import ComponentKind
from returns.services.proposing import deal
from returns.tenders import Tender, TenderOrder, split
from returns.worth import Part

tenders = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(lambda t: (max(t), min(t))), min_size=1, max_size=6
).map(lambda rows: [Tender(UUID(int=n), captured, left) for n, (captured, left) in enumerate(rows)])


@given(st.integers(0, 10**7), tenders, st.sampled_from(["proportional", "first", "last"]))
def test_split_is_exact_and_within_what_is_left(total: int, given: list[Tender], order: TenderOrder) -> None:
    shares = split(total, given, order)
    assert sum(amount for _, amount in shares) == min(total, sum(tender.remaining for tender in given))
    assert all(0 < amount <= tender.remaining for tender, amount in shares)


@pytest.mark.parametrize(("order", "expected"), [("proportional", [25, 75]), ("first", [100]), ("last", [100])])
def test_policy_chooses_the_tender(order: TenderOrder, expected: list[int]) -> None:
    gift, card = Tender(UUID(int=1), 100, 100), Tender(UUID(int=2), 300, 300)
    shares = split(100, [gift, card], order)
    assert [amount for _, amount in shares] == expected
    assert shares[0][0] is (card if order == "last" else gift)


def test_what_a_tender_cannot_take_goes_to_the_others() -> None:
    spent, card = Tender(UUID(int=1), 500, 30), Tender(UUID(int=2), 500, 500)
    assert [amount for _, amount in split(200, [spent, card], "proportional")] == [30, 170]


amounts = st.lists(st.integers(1, 10**5), min_size=1, max_size=8)


@given(amounts, st.lists(st.integers(1, 500), max_size=3), st.data())
def test_parts_are_dealt_out_whole(positive: list[int], taken_off: list[int], data: st.DataObject) -> None:
    parts = [Part(ComponentKind.ITEM, amount) for amount in positive]
    parts += [Part(ComponentKind.RESTOCKING_FEE, -amount) for amount in taken_off if amount < sum(positive) // 4]
    total = sum(part.amount for part in parts)
    cut = data.draw(st.integers(0, total))
    hands = [amount for amount in (cut, total - cut) if amount]
    dealt = deal(parts, hands)
    assert [sum(part.amount for part in hand) for hand in dealt] == hands
    for kind in (ComponentKind.ITEM, ComponentKind.RESTOCKING_FEE):
        given = sum(part.amount for part in parts if part.kind == kind)
        assert sum(part.amount for hand in dealt for part in hand if part.kind == kind) == given

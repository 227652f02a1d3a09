"""Units and their worth: sums are exact in every currency, whatever is returned in which order."""

from hypothesis import given
from hypothesis import strategies as st

from retailops.lib.money import allocate, exponent, major, minor
from returns.allocation import count, cumulative, first, merge, overlap, subtract, value

totals = st.integers(min_value=0, max_value=10**9)
sizes = st.integers(min_value=1, max_value=60)
ranges = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)).map(lambda r: [r[0], r[0] + r[1]]), max_size=8)


def units_of(parts: list[list[int]]) -> set[int]:
    """Return the ordinals that ranges hold."""
    return {unit for start, end in parts for unit in range(start, end)}


def test_a_thousand_over_three() -> None:
    assert [value(1000, 3, [[k, k + 1]]) for k in range(3)] == [334, 333, 333]


@given(totals, sizes)
def test_units_sum_to_the_total_and_equal_largest_remainder(total: int, size: int) -> None:
    shares = [value(total, size, [[k, k + 1]]) for k in range(size)]
    assert sum(shares) == total == cumulative(total, size, size)
    assert shares == allocate(total, [1] * size)
    assert max(shares) - min(shares) <= 1


@given(totals, sizes, st.randoms())
def test_any_split_of_a_line_in_any_order_refunds_the_whole(total: int, size: int, random: object) -> None:
    left, paid = [[0, size]], 0
    while count(left):
        taken = first(left, random.randint(1, count(left)))  # type: ignore[attr-defined]  # hypothesis' Random
        paid += value(total, size, taken)
        left = subtract(left, taken)
    assert paid == total


@given(ranges, ranges)
def test_ranges_are_sets(one: list[list[int]], other: list[list[int]]) -> None:
    assert units_of(merge(one, other)) == units_of(one) | units_of(other)
    assert units_of(subtract(one, other)) == units_of(one) - units_of(other)
    assert overlap(one, other) == bool(units_of(one) & units_of(other))
    assert count(merge(one)) == len(units_of(one))
    assert merge(one, other) == merge(other, one)


@given(totals, st.sampled_from(["JPY", "GBP", "KWD"]))
def test_minor_units_survive_the_currency(amount: int, currency: str) -> None:
    assert minor(major(amount, currency), currency) == amount
    assert {"JPY": 0, "GBP": 2, "KWD": 3}[currency] == exponent(currency)


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_discounts_are_spread_exactly(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    assert all(part * total >= 0 for part in parts)

"""The picture of a trace: lanes, arrows, folded idle time."""

from datetime import UTC, datetime, timedelta

from retailops.workbench.trace.entries import OURS, Entry
from retailops.workbench.trace.swimlane import FOLD, LABEL, MARKS_LIMIT, picture

START = datetime(2026, 3, 1, tzinfo=UTC)


def entry(way: str, lane: str, seconds: float, idle: float = 0) -> Entry:
    return Entry(START + timedelta(seconds=seconds), way, lane, "x", "ok", f"a-{seconds}", idle_seconds=idle)


def test_our_lane_comes_first_then_systems_as_they_appear() -> None:
    drawn = picture([entry("in", "Shopify", 0), entry("state", OURS, 1), entry("out", "Stripe", 2)])
    assert [lane.name for lane in drawn.lanes] == [OURS, "Shopify", "Stripe"]
    assert len({lane.y for lane in drawn.lanes}) == 3


def test_arrows_point_where_the_message_went() -> None:
    drawn = picture([entry("in", "Shopify", 0), entry("out", "Shopify", 1), entry("state", OURS, 2)])
    ours, shop = drawn.lanes[0].y, drawn.lanes[1].y
    received, sent, changed = drawn.marks
    assert (received.start, received.end, received.y) == (shop, ours, shop)
    assert (sent.start, sent.end, sent.y) == (ours, shop, shop)
    assert changed.start == changed.end == ours


def test_idle_time_is_folded_to_the_same_width_whatever_its_length() -> None:
    short = picture([entry("state", OURS, 0), entry("state", OURS, 40, idle=40)])
    long = picture([entry("state", OURS, 0), entry("state", OURS, 864_000, idle=864_000)])
    assert [mark.x for mark in short.marks] == [mark.x for mark in long.marks]
    assert [fold.text for fold in long.folds] == ["10 d"]
    assert long.marks[1].x - long.marks[0].x > FOLD


def test_time_only_goes_right_and_nothing_is_drawn_over_the_names() -> None:
    drawn = picture([entry("state", OURS, n) for n in range(40)])
    places = [mark.x for mark in drawn.marks]
    assert places == sorted(set(places))
    assert places[0] > LABEL
    assert places[-1] < drawn.width


def test_what_is_not_drawn_is_said() -> None:
    drawn = picture([entry("state", OURS, n) for n in range(MARKS_LIMIT + 7)])
    assert (len(drawn.marks), drawn.left_out) == (MARKS_LIMIT, 7)

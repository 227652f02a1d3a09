"""What the cells of causes and items say."""

from datetime import timedelta

from retailops.lib.clock import now
from retailops.lib.money import Money
from retailops.workbench.exceptions.cells import CELLS, drawn, due, sums
from retailops.workbench.exceptions.columns import COLUMNS
from retailops.workbench.exceptions.spark import Spark
from retailops.workbench.templatetags.workbench import NOTHING


def test_every_column_has_its_cell() -> None:
    assert list(CELLS) == list(COLUMNS)


def test_what_is_overdue_says_so_beyond_its_color() -> None:
    past, soon = due(now() - timedelta(hours=2)), due(now() + timedelta(hours=2, seconds=9))
    assert 'class="due bad"' in past
    assert '<span class="visually-hidden">overdue </span>' in past
    assert ">2 h ago</time>" in past
    assert 'class="due"' in soon
    assert "overdue" not in soon
    assert due(None) == NOTHING


def test_two_currencies_have_a_line_and_the_others_a_title() -> None:
    amounts = [Money(1050, "GBP"), Money(7, "JPY"), Money(1234, "KWD"), Money(1, "EUR")]
    assert sums([]) == NOTHING
    assert "second" not in sums(amounts[:2])
    assert sums(amounts[:2]).count("<br>") == 1
    assert sums(amounts[:3]).endswith(">and 1 more currency</span>")
    assert sums(amounts).endswith('title="1.234 KWD 0.01 EUR">and 2 more currencies</span>')


def test_a_picture_of_days_also_says_them() -> None:
    picture = drawn(Spark([0] * 6 + [3] + [0] * 6 + [6]))
    assert '<path d="M30 9h4v9h-4zM65 0h4v18h-4z"/>' in picture
    assert "<title>6 came in the last 7 days, 3 in the 7 before; 6 today</title>" in picture

"""The screens that people live in at 2,000,000 returns and 10,000,000 events, with 8 people clicking.

What counts is the time from a click to the last byte of the page, over the loopback, from granian as `make run` starts
it: waiting for a thread, a connection and the processor included.
"""

import os
import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

import psutil
from django.conf import settings
from django.test import Client

from benchmarks.clicking import Answered, Click, Person, click_all
from benchmarks.report import Figure, Report
from benchmarks.stage import web
from benchmarks.volume import RETURNS, fetched
from benchmarks.volume_rows import fill_volume
from retailops.accounts.models import RoleGrant, User
from retailops.lib.clock import now
from retailops.lib.ids import uuid7_at

MOST = 100  # ms
PEOPLE, PAUSE, CLICKS, WARM_UP = 8, 1.0, 6, 2
# Who clicks: role, and the only region they see.
STAFF = (
    ("ops_lead", ""), ("ops_lead", ""), ("ops_lead", ""), ("manager", ""),
    ("ops_agent", "GB"), ("ops_agent", "US"), ("ops_agent", "DE"), ("ops_agent", ""),
)  # fmt: skip
GROUPINGS = ("connection", "operation", "channel", "code", "version")
TABS = ("mine", "unassigned", "overdue", "snoozed", "resolved")
VIEWS = ("decide", "coming", "inspect", "refund", "trouble", "open", "closed")
QUERIES = (
    "class:business+amount>100+age>4h+-owner:me", "region:GB+OR+region:US", "connection:gateway-3+-code:code_7",
    "queue:technical+due<2d", "owner:none+op:refund.create+amount>=250",
)  # fmt: skip
VERDICTS = (
    "verdict:safe+lane:free+region:GB", "verdict:needs_edit", "verdict:blocked", "verdict:needs_approval",
    "verdict:in_doubt+amount>50", "lane:blocking", "verdict:safe_absent+-region:US",
)  # fmt: skip
FILTERS = (
    "kind=store&money=attention", "status=declined", "channel=channel-7&inspection=pending", "region=DE&money=pending",
    "erp=posted&stock=placed&brand=south", "status=in_review&region=FR",
)  # fmt: skip
Dice = random.Random


def _moment(dice: Dice, days: int = 80) -> UUID:
    return uuid7_at(now() - timedelta(days=days) * dice.random())


def _items(rest: str = "") -> Callable[[Dice], str]:
    return lambda dice: f"/cases/?{rest}" + (f"&after={_moment(dice, 20)}" if dice.random() < 0.3 else "")


def _causes() -> list[UUID]:
    """Return the causes, those with the most cases first."""
    return [row[0] for row in fetched("SELECT group_id FROM cases_case GROUP BY 1 ORDER BY count(*) DESC")]


def _stories(region: str) -> list[tuple[str, UUID]]:
    """Return number and story of some hundreds of returns of the region ("" for all), many of them stopped."""
    drawn = f"SELECT 'RMA-2026-' || (random() * {RETURNS - 1})::int FROM generate_series(1, 800)"  # noqa: S608  # ours
    some = f"SELECT number, correlation_id, region FROM returns_return WHERE number = ANY(ARRAY({drawn}))"  # noqa: S608
    stopped = """SELECT number, correlation_id, region FROM returns_return WHERE open_cases > 0
        ORDER BY id DESC LIMIT 800"""
    return [row[:2] for row in [*fetched(some), *fetched(stopped)] if region in ("", row[2])]


def screens(region: str) -> Mapping[str, Callable[[Dice], str]]:
    """Return the screens by name, each with what draws one of its addresses for somebody who sees the region."""
    causes, stories = _causes(), _stories(region)
    return {
        "home": lambda dice: "/",
        "exceptions by cause": lambda dice: "/exceptions/" + dice.choice(("", "?from=50", "?q=region:GB")),
        "exceptions, a queue": lambda dice: f"/exceptions/?tab={dice.choice(('business', 'technical', 'ignored'))}",
        "exceptions by something else": lambda dice: f"/exceptions/?by={dice.choice(GROUPINGS)}",
        "items": _items(),
        "items, due first": lambda dice: "/cases/?sort=due",
        "items, a tab": lambda dice: f"/cases/?tab={dice.choice(TABS)}",
        "items of a query": lambda dice: f"/cases/?q={dice.choice(QUERIES)}",
        "items by verdict": lambda dice: f"/cases/?q={dice.choice(VERDICTS)}",
        "one cause": lambda dice: f"/exceptions/{causes[0] if dice.random() < 0.3 else dice.choice(causes)}/",
        "returns": lambda dice: f"/returns/?view={dice.choice(VIEWS)}",
        "returns narrowed": lambda dice: f"/returns/?{dice.choice(FILTERS)}",
        "returns, a later page": lambda dice: f"/returns/?after={_moment(dice)}",
        "returns by a number": lambda dice: f"/returns/?q={_number(dice, stories)}",
        "trace found": lambda dice: f"/trace/?q={dice.choice(stories)[0]}",
        "trace": lambda dice: f"/trace/{dice.choice(stories)[1]}/",
    }


def _number(dice: Dice, stories: list[tuple[str, UUID]]) -> str:
    number = dice.choice(stories)[0]
    return dice.choice((number, "V-" + number.rpartition("-")[2], "TRK" + number.rpartition("-")[2]))


def run(report: Report) -> None:
    """Fill the database and let people click; each answer must be 200 (302 where a search finds one trace)."""
    fill_volume()
    with web() as base:
        click_all(base, _people(random.Random(1), WARM_UP), 0.2)
        before = _processor()
        answered = click_all(base, _people(random.Random(7), CLICKS), PAUSE)
        spent = _processor() - before
    _check(answered)
    tell(report, answered, spent)


def tell(report: Report, answered: list[Answered], spent: float) -> None:
    """Report p50 and p95 of each screen, of all, and the processor time of a click."""
    for screen in dict.fromkeys(each.screen for each in answered):
        took = sorted(each.seconds * 1000 for each in answered if each.screen == screen)
        report.add(Figure(f"{screen} ({len(took)} times), p50", _at(took, 0.5), "ms"))
        report.add(Figure("… p95", _at(took, 0.95), "ms", below=MOST))
    took = sorted(each.seconds * 1000 for each in answered)
    report.add(
        Figure(f"all {len(took):,} clicks of {PEOPLE} people, p50", _at(took, 0.5), "ms"),
        Figure("… p95", _at(took, 0.95), "ms", below=MOST),
        Figure("processor time of web and PostgreSQL a click", 1000 * spent / len(answered), "ms"),
    )


def _at(took: list[float], share: float) -> float:
    return took[min(int(len(took) * share), len(took) - 1)]


def _check(answered: list[Answered]) -> None:
    wrong = [each for each in answered if each.status != (302 if each.screen == "trace found" else 200)]
    assert not wrong, wrong[:5]


def _people(dice: Dice, rounds: int) -> list[Person]:
    """Return the people, each with every screen so many times, in an order of their own."""
    found = []
    for number, (role, region) in enumerate(STAFF[:PEOPLE]):
        drawn = screens(region)
        every = [Click(name, drawn[name](dice)) for name in drawn for _ in range(rounds)]
        dice.shuffle(every)
        found.append(Person(_session(f"clicking-{number}@shop.example", role, region), every))
    return found


def _session(email: str, role: str, region: str) -> str:
    person = User.objects.filter(email=User.objects.normalize_email(email)).first()
    if person is None:
        person = User.objects.create_user(email, "not used here", name=f"Clicking {role}")
        RoleGrant.objects.create(user=person, role=role, **({"regions": [region]} if region else {}))
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person, settings.AUTHENTICATION_BACKENDS[0])
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _processor() -> float:
    """Return the processor seconds of all processes below this one, ended ones included."""
    total = 0.0
    for process in psutil.Process(os.getpid()).children(recursive=True):
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total

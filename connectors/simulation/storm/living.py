"""Lives of returns, many at a time: asked for, then whatever happens, until nothing more does."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

from django.db import OperationalError, connections

from connectors.simulation.storm import deciding, inside, outside
from connectors.simulation.storm.asking import begin
from connectors.simulation.storm.ground import Ground
from connectors.simulation.storm.outside import Act
from connectors.simulation.storm.selling import Sold, sell
from connectors.simulation.storm.telling import Systems
from retailops.lib.errors import DomainError
from returns.enums import ReturnKind, ReturnStatus
from returns.kinds import TRAITS
from returns.models import Return

CHUNK = 100
PATIENCE = 14  # steps of a life, at most
# Of the commands that were given: how many are given once more a step or more later.
REMEMBERED = 0.04
# How many are given by two at once.
AT_ONCE = 0.02
ENDED = (ReturnStatus.DECLINED, ReturnStatus.CANCELED, ReturnStatus.EXPIRED, ReturnStatus.CLOSED)
# With other systems at work: whose goods the warehouse's people receive and judge, rather than our own.
BY_WAREHOUSE = 0.5


@dataclass
class Totals:
    """What came of a storm: returns by kind, and commands by name, done and refused, with the seconds they took."""

    kinds: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    deadlocks: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def returns(self) -> int:
        """How many returns there were."""
        return self.kinds.total()


@dataclass
class Life:
    """A return and what it was sold as; `late` are commands that will be given again out of turn."""

    sold: Sold
    rma: Return
    by_warehouse: bool = False
    late: list[Act] = field(default_factory=list)


@dataclass(frozen=True)
class Storm:
    """How lives are lived. With `systems` the other systems are told and speak for themselves, else the storm makes
    their words up."""

    ground: Ground
    totals: Totals
    systems: Systems | None = None
    # Whether some commands come from two at the same time, each with a connection of its own.
    at_once: bool = False


def live(seed: int, chunks: Sequence[int], count: int, storm: Storm) -> Iterator[int]:
    """Live `count` lives in chunks of these numbers, yielding how many orders each brought to an end.

    A chunk that a stopped storm of the same seed has begun lives on with the orders that nobody returns yet. A refusal
    (a domain error) is part of life and has changed nothing; every other exception ends the storm.
    """
    for place, chunk in enumerate(chunks):
        size = min(CHUNK, count - place * CHUNK)
        bought = sell(seed, chunk, size, shop=storm.systems is None)
        if storm.systems:
            storm.systems.sold(bought)
        _to_their_end([life for sold in bought if (life := _born(sold, storm))], storm)
        yield size


def _to_their_end(lives: list[Life], storm: Storm) -> None:
    for step in range(PATIENCE):
        lives = [life for life in lives if _step(life, storm, step)]
        if storm.systems:
            storm.systems.turn()
        if not lives:
            break


def chunks_of(returns: int) -> list[int]:
    """Return the numbers of the chunks that so many lives are lived in."""
    return list(range((returns + CHUNK - 1) // CHUNK))


def _born(sold: Sold, storm: Storm) -> Life | None:
    found: list[Return | None] = []
    if not _done(partial(_begin, sold, storm.ground, found), storm.totals, f"begin {sold.kind}"):
        return None
    rma = found[-1]
    if rma is None:
        return None
    storm.totals.kinds[rma.kind] += 1
    return Life(sold, rma, by_warehouse=_by_warehouse(sold, rma, storm))


def _by_warehouse(sold: Sold, rma: Return, storm: Storm) -> bool:
    travels = TRAITS[ReturnKind(rma.kind)].by_parcel and rma.kind != ReturnKind.WARRANTY
    return storm.systems is not None and travels and sold.dice.random() < BY_WAREHOUSE


def _begin(sold: Sold, ground: Ground, found: list[Return | None]) -> None:
    found.append(begin(sold, ground))


def _step(life: Life, storm: Storm, step: int) -> bool:
    """Let everything happen to one return that may happen now; tell whether anything did."""
    rma, dice = life.rma, life.sold.dice
    rma.refresh_from_db()
    happening = [*inside.acts(rma, dice, storm.ground, step, floor=not life.by_warehouse)]
    happening += deciding.acts(rma, life.sold, storm.ground, ships=storm.systems is None)
    if storm.systems is None:
        happening += outside.acts(rma, dice)
    elif life.by_warehouse:
        happening += storm.systems.floor(rma, dice)
    if not happening and (rma.status in ENDED or storm.systems is None):
        return False
    dice.shuffle(happening)
    happening += life.late
    life.late = [act for act in happening if dice.random() < REMEMBERED]
    for act in happening:
        if storm.at_once and dice.random() < AT_ONCE:
            _by_two(act, storm.totals)
        else:
            _done(act, storm.totals, _name(act))
    return True


def _by_two(act: Act, totals: Totals) -> None:
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(_beside, act, totals) for _ in range(2)]:
            future.result()


def _beside(act: Act, totals: Totals) -> None:
    try:
        _done(act, totals, _name(act))
    finally:
        connections.close_all()


def _name(act: Act) -> str:
    return str(getattr(getattr(act, "func", act), "__name__", "act"))


def _done(act: Act, totals: Totals, name: str) -> bool:
    started = perf_counter()
    try:
        act()
    except DomainError as refusal:
        totals.refused[name] += 1
        totals.reasons[f"{name}: {refusal.code}: {refusal.detail[:60]}"] += 1
        return False
    except OperationalError as lost:
        # A deadlock that a case's own lock may lose (see the README of returns): nothing has changed.
        if "deadlock" not in str(lost):
            raise
        totals.deadlocks += 1
        return False
    finally:
        totals.seconds[name] += perf_counter() - started
    totals.done[name] += 1
    return True


def spread(returns: int, processes: int) -> Sequence[int]:
    """Return how many lives each process lives."""
    share, rest = divmod(returns, processes)
    return [share + (1 if number < rest else 0) for number in range(processes)]

"""Amounts that a gateway can pay: some take a currency only in steps of several minor units.

The rounding is decided where the amount is, shown as a part of its own, and carried on: what one refund of an order was
rounded down by is added to the next, so that all of them together come to what is owed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from retailops.lib.errors import Unprocessable
from retailops.lib.money import Money
from returns.tenders import Tender

Spread = list[tuple[Tender, int]]
# From a gateway's name and a currency to the step in which it pays, in minor units; 1: any amount.
Steps = Callable[[str, str], int]


def _any_amount(gateway: str, currency: str) -> int:
    return 1


_steps: Steps = _any_amount


def register_steps(steps: Steps) -> None:
    """Have whoever knows the gateways say in which steps they pay."""
    global _steps
    _steps = steps


def step_of(gateway: str, currency: str) -> int:
    """Return the step in which the gateway pays the currency, in minor units; 1: any amount."""
    return _steps(gateway, currency)


@dataclass(frozen=True)
class Rounded:
    """A spread that every gateway can pay, and what it differs by from what was to be spread, in minor units."""

    spread: Spread
    by: int = 0


def rounded(spread: Spread, tenders: Sequence[Tender]) -> Rounded:
    """Return the spread with every share in the steps of its tender, as near as may be and within what is left of each.

    What is left over goes to tenders that pay any amount; only then is it rounded, half a step upwards. A debt is never
    rounded to nothing where a whole step is left of a tender.
    """
    shares = {tender.payment_id: amount - amount % tender.step for tender, amount in spread}
    rest = sum(amount for _, amount in spread) - sum(shares.values())
    if not rest:
        return Rounded(spread)
    for tender in sorted(tenders, key=lambda each: each.step > 1):
        more = _more(tender, rest, shares.get(tender.payment_id, 0))
        shares[tender.payment_id] = shares.get(tender.payment_id, 0) + more
        rest -= more
    if not any(shares.values()):
        rest -= _one_step(tenders, shares)
    found = [(tender, shares[tender.payment_id]) for tender in tenders if shares[tender.payment_id]]
    return Rounded(found, -rest)


def _more(tender: Tender, rest: int, share: int) -> int:
    """Return what the tender takes of what is left over, in its steps."""
    wanted = (rest + tender.step // 2) // tender.step * tender.step
    room = tender.remaining - share
    return max(0, min(wanted, room - room % tender.step))


def _one_step(tenders: Sequence[Tender], shares: dict[UUID, int]) -> int:
    able = next((tender for tender in tenders if tender.remaining >= tender.step), None)
    if able is None:
        return 0
    shares[able.payment_id] = able.step
    return able.step


def refuse_uneven(amount: int, step: int, currency: str, remedy: str) -> None:
    """Raise Unprocessable where a gateway that pays in such steps cannot pay exactly that amount.

    `remedy` is what the person is to do, in words that the amounts follow which it can pay.
    """
    if amount % step:
        raise _uneven(amount, step, currency, remedy)


def refuse_unpayable(asked: int, found: Rounded, tenders: Sequence[Tender], currency: str) -> None:
    """Raise Unprocessable where an amount that a person typed had to be rounded to be paid."""
    if found.by:
        raise _uneven(asked, max(tender.step for tender in tenders), currency, "Ask for")


def _uneven(amount: int, step: int, currency: str, remedy: str) -> Unprocessable:
    below = amount - amount % step
    nearest = [each for each in (below, below + step) if each]
    told = " or ".join(str(Money(each, currency)) for each in nearest)
    asked, steps = Money(amount, currency), Money(step, currency)
    return Unprocessable(
        f"The gateway pays {currency} in steps of {steps}, so {asked} cannot be sent. {remedy} {told}.",
        code="amount-too-fine",
        step=step,
        nearest=nearest,
    )


def any_amount(tenders: Sequence[Tender]) -> list[Tender]:
    """Return the tenders without their steps: nothing is sent to their gateways."""
    return [replace(tender, step=1) for tender in tenders]

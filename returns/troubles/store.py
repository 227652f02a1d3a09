"""Trouble with what stores did, what marketplaces wait for."""

from collections.abc import Sequence

from retailops.accounts.actor import Actor
from retailops.cases.models import CaseQueue
from retailops.lib.money import Money
from returns.models import Return, StoreBatch
from returns.troubles.opening import open_trouble


def store_conflict(actor: Actor, rma: Return, store: str, item: str, conflicts: Sequence[dict[str, str]]) -> None:
    """A till took goods back while it was offline, and that does not fit what is known here."""
    open_trouble(
        actor,
        "store_conflict",
        rma.as_subject(),
        f"{rma.number}: what {store} did while it was offline does not fit",
        "Look at what does not fit; decide whether goods or money are to be put right, and say so",
        dedupe=f"{store}:{item}",
        detail=" ".join(each["detail"] for each in conflicts),
        evidence={"store": store, "item": item, "conflicts": [each["code"] for each in conflicts]},
        cause="A till did what the records here do not allow",
    )


def over_refund(actor: Actor, rma: Return, store: str, reference: str, amount: int, excess: int) -> None:
    """A till paid out more than the order's payments can bear."""
    paid, beyond = Money(amount, rma.currency), Money(excess, rma.currency)
    open_trouble(
        actor,
        "over_refund",
        rma.as_subject(),
        f"{rma.number}: {store} paid out {paid}, and no payment bears {beyond} of it",
        "Match the return with its order, or recover the money and book the difference; say what was done",
        dedupe=f"{store}:{reference}",
        amount=excess,
        currency=rma.currency,
        evidence={"store": store, "reference": reference, "paid": amount, "excess": excess},
        cause="A till paid out more than the payments of the order can bear",
    )


def store_item_refused(actor: Actor, batch: StoreBatch, position: int, detail: str) -> None:
    """An item of a till's batch cannot be read, or is another one than the till told before under the same id."""
    open_trouble(
        actor,
        "store_item_refused",
        batch.as_subject(),
        f"Item {position} of store batch {batch.reference} was not taken in",
        "Read what the till said, and record goods and money by hand; have the till mended",
        dedupe=f"{batch.id}:{position}",
        queue=CaseQueue.TECHNICAL,
        detail=detail,
        evidence={"store": batch.location.code, "batch": batch.reference, "position": position},
        cause="A till handed in what cannot be read",
    )


def marketplace_waits(actor: Actor, rma: Return, marketplace: str) -> None:
    """A marketplace wants an answer, and nobody has decided."""
    open_trouble(
        actor,
        "marketplace_deadline",
        rma.as_subject(),
        f"{rma.number}: {marketplace} waits for a decision, and its deadline is near",
        "Authorize or decline the return before the marketplace decides by itself",
        cause="A marketplace waits for a decision",
    )

"""The menu of a return's actions: what may be done now, by what it is about."""

from dataclasses import dataclass

from returns.web.actions import Offer

GROUPS = {
    "Decision": ("submit", "authorize", "match", "reinstate", "reopen"),
    "Goods": ("label", "hand_over", "transit", "receive", "inspect", "accept_stray", "send_back"),
    "Money": ("refund", "exchange", "keep"),
    "End": ("missing", "cancel_remaining", "decline", "cancel", "discard", "close"),
}


@dataclass(frozen=True)
class Group:
    """Actions that may be done now and are about one thing."""

    title: str
    offers: list[Offer]


def groups_of(offers: list[Offer]) -> list[Group]:
    """Return what may be done now by what it is about; groups without an action are left out."""
    open_now = {offer.action.key: offer for offer in offers if not offer.reason}
    found = [Group(title, [open_now[key] for key in keys if key in open_now]) for title, keys in GROUPS.items()]
    return [group for group in found if group.offers]

"""What consumer law demands of a policy, as a table: no rule of a retailer gives less.

EU: Directive 2011/83/EU, articles 9, 16 and 18. The period is 14 days from the delivery of the goods; it does not apply
to what article 16 exempts. UK: Consumer Contracts Regulations 2013, regulations 28 and 30, the same period.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# The countries of the EU and of the EEA, which has taken the directive over.
EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "EL", "HR", "HU", "IE", "IT", "LT", "LU",
    "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO", "EU", "EEA",
})  # fmt: skip
# The retailer's own code for a region may be the ISO one or the common one.
UK = frozenset({"GB", "UK"})
# Days that a seller may take to deliver (article 18, regulation 42): where the window counts from the order, the law's
# period may begin so much later.
LONGEST_DELIVERY_DAYS = 30
# Sold face to face, which the directive's right of withdrawal does not cover: the first word of a channel's name.
FACE_TO_FACE = frozenset({"pos", "store", "stores", "till", "retail", "shop-floor", "square"})
# Article 16: goods whose category is named so may have a shorter window, or none.
EXEMPT = frozenset({
    "perishable", "food", "fresh", "flowers", "personalized", "made_to_measure", "custom", "sealed_hygiene",
    "underwear", "cosmetics", "earrings", "sealed_media", "software", "digital", "newspapers", "magazines", "gift_card",
    "vouchers", "event_tickets",
})  # fmt: skip


@dataclass(frozen=True)
class MinimumWindow:
    """A window below which the law lets no online policy go in these regions, but for exempt categories."""

    name: str
    regions: frozenset[str]
    days: int
    exempt: frozenset[str]


MINIMA = (
    MinimumWindow("EU law (Directive 2011/83/EU)", EU, 14, EXEMPT),
    MinimumWindow("UK law (Consumer Contracts Regulations 2013)", UK, 14, EXEMPT),
)


@dataclass(frozen=True)
class Window:
    """A policy's window: its days, and how many of them may be gone before the customer has the goods."""

    days: int
    before_delivery: int = 0


def too_short(region: str, channel: str, category: str, window: Window, rules: Iterable[MinimumWindow] = MINIMA) -> str:
    """Return why a window is against the law for that scope, in words; empty when it is not.

    An empty region or channel is every one of them, so also those that the law protects.
    """
    if channel and _first_word(channel) in FACE_TO_FACE:
        return ""
    for rule in rules:
        covered = not region or _first_word(region).upper() in rule.regions
        if covered and window.days - window.before_delivery < rule.days and category not in rule.exempt:
            where = f"in {region}" if region else "in every region, and so there too"
            return (
                f"{rule.name} gives customers {rule.days} days from delivery for what they buy online; this policy "
                f"applies {where} and gives {_days_in_words(window)}. Give at least {_least_in_words(rule, window)}, "
                "or narrow it to a store channel, another region or an exempt category "
                f"({', '.join(sorted(rule.exempt))})."
            )
    return ""


def _days_in_words(window: Window) -> str:
    if not window.before_delivery:
        return f"{window.days}"
    return f"{window.days}, of which {window.before_delivery} may be gone by then"


def _least_in_words(rule: MinimumWindow, window: Window) -> str:
    if not window.before_delivery:
        return f"{rule.days} days"
    return f"{rule.days + window.before_delivery} days, or count them from the day of delivery"


def _first_word(name: str) -> str:
    return re.split(r"[-_/ .]", name.strip().lower(), maxsplit=1)[0]

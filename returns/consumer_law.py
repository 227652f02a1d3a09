"""What consumer law demands of a policy, as a table: no rule of a retailer gives less.

EU: Directive 2011/83/EU, articles 9 and 16. The period is 14 days; it does not apply to what article 16 exempts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# The countries of the EU and of the EEA, which has taken the directive over.
EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "EL", "HR", "HU", "IE", "IT", "LT", "LU",
    "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO", "EU", "EEA",
})  # fmt: skip
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


MINIMA = (MinimumWindow("EU law (Directive 2011/83/EU)", EU, 14, EXEMPT),)


def too_short(region: str, channel: str, category: str, days: int, rules: Iterable[MinimumWindow] = MINIMA) -> str:
    """Return why a window of these days is against the law for that scope, in words; empty when it is not.

    An empty region or channel is every one of them, so also those that the law protects.
    """
    if channel and _first_word(channel) in FACE_TO_FACE:
        return ""
    for rule in rules:
        covered = not region or _first_word(region).upper() in rule.regions
        if covered and days < rule.days and category not in rule.exempt:
            where = f"in {region}" if region else "in every region, and so in the EU too"
            return (
                f"{rule.name} gives customers {rule.days} days for what they buy online; this policy applies {where} "
                f"and gives {days}. Give at least {rule.days} days, or narrow it to a store channel, another region or "
                f"an exempt category ({', '.join(sorted(rule.exempt))})."
            )
    return ""


def _first_word(name: str) -> str:
    return re.split(r"[-_/ .]", name.strip().lower(), maxsplit=1)[0]

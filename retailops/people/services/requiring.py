"""Say which roles must sign in with a second factor."""

from collections.abc import Iterable

from django.db import transaction

from retailops.accounts.actor import EVERYWHERE, Actor, covers, require
from retailops.accounts.models import AccessRules
from retailops.accounts.second_factor import forget_rules
from retailops.people.access import MANAGE, access_rules, refuse
from retailops.people.events import SecondFactorRequired
from retailops.people.inputs import checked_reason, checked_roles
from retailops.people.telling import tell_rules


@transaction.atomic
def require_second_factor(actor: Actor, roles: Iterable[str], reason: str) -> AccessRules:
    """Make exactly these roles sign in with a second factor; whoever holds one and has none must set it up first.

    Raises Denied to whoever does not manage people everywhere, Invalid.
    """
    require(actor, MANAGE)
    refuse("" if covers(actor, MANAGE, [EVERYWHERE], [EVERYWHERE]) else WHY_NOT)
    rules = access_rules(lock=True)
    wanted, why, before = checked_roles(roles), checked_reason(reason), list(rules.second_factor_roles)
    if wanted != before:
        rules.second_factor_roles = wanted
        rules.save(update_fields=["second_factor_roles"])
        tell_rules(SecondFactorRequired(wanted, before), actor, why)
        transaction.on_commit(forget_rules)
    return rules


WHY_NOT = "The rule holds for all regions and brands: only an administrator of all of them sets it."

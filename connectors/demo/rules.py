"""The demo's return policy: a second version of the standard one that offers all that can be tried."""

from typing import Any

from django.db import transaction

from connectors.demo.people import acting_as
from retailops.accounts.permissions import Role
from returns.enums import Resolution
from returns.inputs.policies import PolicyDraftIn
from returns.models import ReturnPolicy
from returns.policy import FraudRules, Rules, StoredValueRules
from returns.policy_content import rules_in
from returns.services.policy_drafts import approve_policy, draft_policy, edit_draft, submit_policy
from returns.services.policy_force import activate_policy

NAME = "standard"
# In minor units. Only a very large return is above it, and the demo has one.
FRAUD_ABOVE = {"GBP": 250_000}
OFFERED: dict[str, Any] = {
    "resolutions": list(Resolution),
    "keep_it_below": {"GBP": 1_500, "EUR": 1_800, "USD": 2_000},
    "stored_value": StoredValueRules(bonus_percent="10", store_credit_days=730, gift_limit={"GBP": 2_500}),
    "fraud": FraudRules(value_above=FRAUD_ABOVE),
    "default_location": "DC-1",
}


@transaction.atomic
def ensure_rules() -> ReturnPolicy | None:
    """Put the demo's policy in force, unless somebody has made a version after the first; return it if it is new.

    As in earnest: the manager writes it and an administrator agrees.
    """
    versions = ReturnPolicy.objects.filter(name=NAME)
    if versions.count() != 1:
        return None
    author, second = acting_as(Role.MANAGER), acting_as(Role.ADMINISTRATOR)
    draft = draft_policy(actor=author, name=NAME, based_on=versions.get().id)
    rules = Rules.model_validate(rules_in(draft).model_dump() | OFFERED)
    edit_draft(actor=author, policy_id=draft.id, draft=PolicyDraftIn(rules=rules))
    submit_policy(actor=author, policy_id=draft.id, reason="Offer exchanges, credit and repairs; keep small things")
    approve_policy(actor=second, policy_id=draft.id, reason="Agreed in the returns meeting")
    return activate_policy(actor=second, policy_id=draft.id)

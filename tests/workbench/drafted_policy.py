"""The draft of the standard policy, for its pages."""

from retailops.accounts.actor import Actor
from returns.inputs import read
from returns.inputs.policies import PolicyDraftIn
from returns.models import ReturnPolicy
from returns.policy_content import rules_in
from returns.services.policy_drafts import draft_policy, edit_draft

SYSTEM = Actor.system("test")


def policy_draft() -> ReturnPolicy:
    """Return the draft of the standard policy: a shorter window and a fee; made where it is asked for first."""
    found = ReturnPolicy.objects.filter(name="standard", status="draft").first()
    if found is not None:
        return found
    draft = draft_policy(actor=SYSTEM, name="standard")
    fee = {"percent": "10", "fixed": {"GBP": 300}, "waive_merchant_fault": True}
    rules = rules_in(draft).model_dump(mode="json") | {"window_days": 21, "restocking_fee": fee}
    return edit_draft(actor=SYSTEM, policy_id=draft.id, draft=read(PolicyDraftIn, {"rules": rules}))

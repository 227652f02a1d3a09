"""A policy version's content as one thing: its hash, which a second person's word is bound to, and its facts."""

import hashlib
import json
from typing import Any, TypeVar

from returns.events import PolicyFact
from returns.models import ReturnPolicy
from returns.policy import Rules, Scope, parsed

AFact = TypeVar("AFact", bound=PolicyFact)
SCOPE = ("channel", "region", "brand", "category", "customer_group")


def scope_of(policy: ReturnPolicy) -> Scope:
    """Return what it is for."""
    return Scope(**{name: getattr(policy, name) for name in SCOPE})


def rules_in(policy: ReturnPolicy) -> Rules:
    """Return its rules, with what the document leaves out."""
    return parsed(policy.rules)


def content_of(policy: ReturnPolicy) -> dict[str, Any]:
    """Return everything that a second person agrees to: name, version, scope, dates and every rule."""
    return {
        "name": policy.name,
        "version": policy.version,
        "scope": {name: getattr(policy, name) for name in SCOPE},
        "effective_from": policy.effective_from.isoformat(),
        "effective_to": policy.effective_to.isoformat() if policy.effective_to else None,
        "rules": rules_in(policy).model_dump(mode="json"),
    }


def content_hash(policy: ReturnPolicy) -> str:
    """Return the SHA-256 of the content."""
    text = json.dumps(content_of(policy), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def policy_fact(kind: type[AFact], policy: ReturnPolicy, **more: Any) -> AFact:
    """Return a fact of the version."""
    scope = {name: getattr(policy, name) for name in SCOPE}
    return kind(
        policy_id=str(policy.id),
        name=policy.name,
        version=policy.version,
        content=content_hash(policy),
        **scope,
        **more,
    )

"""What a recorded batch means beyond its deliveries: kernel events, the circuit, a pause after refused credentials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.events import breaker, rates
from retailops.events.catalog import Subject
from retailops.events.decisions import Decision
from retailops.events.enums import CircuitState, DeliveryStatus, OutcomeClass, Trigger
from retailops.events.kernel_events import (
    CircuitClosed,
    CircuitOpened,
    ConnectionPaused,
    DeliveryDead,
    DeliveryInDoubt,
    DeliverySettled,
)
from retailops.events.models import Destination
from retailops.events.publish import publish
from retailops.events.sending_state import SendingState, lock_state, save_results
from retailops.events.transport import Claimed, Outcome

ENGINE = Actor.system("engine")
# Failures of our own: they say nothing about the remote, so its circuit does not count them.
OUR_OWN = frozenset({"lease_expired", "sender_failed", "no_answer"})


@dataclass(frozen=True)
class Failure:
    """Why a delivery is dead or in doubt, in the words that its event carries."""

    failure_class: str
    code: str
    message: str
    fingerprint: str


def subject_of_delivery(claimed: Claimed) -> Subject:
    """Return the subject of the delivered event: what happens to its delivery belongs to the same story."""
    return Subject(
        claimed.subject_type,
        claimed.subject_id,
        claimed.correlation_id,
        claimed.lane_key,
        claimed.region,
        claimed.brand,
        claimed.channel,
    )


def subject_of_destination(state: SendingState) -> Subject:
    """Return the destination itself as a subject."""
    return Subject("destination", state.id, state.id, str(state.id))


def delivery_facts(
    claimed: Claimed, state: SendingState, money: tuple[int | None, str], failure: Failure
) -> dict[str, Any]:
    """Return the fields of a DeliveryFact."""
    return {
        "delivery_id": str(claimed.id),
        "destination_id": str(state.id),
        "destination": state.name,
        "system": state.system,
        "operation": claimed.operation,
        "effect_key": claimed.effect_key,
        "event_id": str(claimed.event_id),
        "subject_type": claimed.subject_type,
        "subject_id": str(claimed.subject_id),
        "failure_class": failure.failure_class,
        "failure_code": failure.code,
        "failure_message": failure.message,
        "fingerprint": failure.fingerprint,
        "amount": money[0],
        "currency": money[1],
    }


def publish_failures(
    state: SendingState, decisions: Sequence[Decision], money: Mapping[UUID, tuple[int | None, str]]
) -> None:
    """Publish delivery.dead and delivery.in_doubt in the recording transaction: their case commits with them."""
    shapes = {DeliveryStatus.DEAD: DeliveryDead, DeliveryStatus.IN_DOUBT: DeliveryInDoubt}
    # In one order, so that two transactions that open cases of the same groups cannot wait for each other.
    for decision in sorted(decisions, key=lambda each: each.fingerprint):
        if shape := shapes.get(decision.status):
            outcome = decision.outcome
            failure = Failure(str(outcome.result), outcome.code, outcome.message, decision.fingerprint)
            facts = delivery_facts(outcome.claimed, state, money[outcome.claimed.id], failure)
            publish(
                shape(**facts),
                subject=subject_of_delivery(outcome.claimed),
                actor=ENGINE,
                cause=outcome.claimed.event_id,
            )


def publish_settled(
    state: SendingState, claimed: Claimed, money: tuple[int | None, str], finding: str, reference: str
) -> None:
    """Publish delivery.settled: a delivery left doubt, or a person's repetition got through."""
    facts = delivery_facts(claimed, state, money, Failure("", "", "", ""))
    publish(
        DeliverySettled(**facts, finding=finding, external_reference=reference),
        subject=subject_of_delivery(claimed),
        actor=ENGINE,
        cause=claimed.event_id,
    )


def publish_repeated(
    state: SendingState, delivered: Sequence[Outcome], money: Mapping[UUID, tuple[int | None, str]]
) -> None:
    """Publish delivery.settled for deliveries that a person had sent again and that now got through."""
    for outcome in delivered:
        claimed = outcome.claimed
        if claimed.trigger in {Trigger.MANUAL, Trigger.BULK}:
            publish_settled(state, claimed, money[claimed.id], "delivered", outcome.external_reference)


def settle_destination(stale: SendingState, outcomes: Sequence[Outcome]) -> None:
    """Count the calls under the destination's lock (taken last); open or close its circuit; pause on refused keys."""
    outcomes = [outcome for outcome in outcomes if outcome.code not in OUR_OWN]
    if not outcomes:
        return
    state = lock_state(stale.id)
    if state is None:
        return
    results = [outcome.result for outcome in outcomes]
    transient = sum(result in breaker.COUNTS_AGAINST for result in results)
    after = breaker.observe(
        state.circuit, state.moment, calls=len(results), transient=transient, probe=_probe_result(outcomes)
    )
    succeeded = OutcomeClass.DELIVERED in results
    save_results(state, after, succeeded=succeeded, failed=any(r != OutcomeClass.DELIVERED for r in results))
    _announce_circuit(state, after)
    refused = next((o for o in outcomes if o.result == OutcomeClass.AUTH), None)
    if refused is not None and not state.paused:
        _pause(state, refused)


def _probe_result(outcomes: Sequence[Outcome]) -> bool | None:
    probes = [outcome for outcome in outcomes if outcome.claimed.trigger == Trigger.PROBE]
    return all(probe.result not in breaker.COUNTS_AGAINST for probe in probes) if probes else None


def _announce_circuit(before: SendingState, after: breaker.Circuit) -> None:
    if after.state == before.circuit.state:
        return
    facts = {"destination_id": str(before.id), "destination": before.name, "system": before.system}
    if after.state == CircuitState.OPEN:
        why = f"too many technical failures; held for {after.open_seconds} s"
        publish(CircuitOpened(**facts, reason=why), subject=subject_of_destination(before), actor=ENGINE)
    elif after.state == CircuitState.CLOSED:
        why = f"a probe got through; sending ramps up over {rates.RAMP_SECONDS:.0f} s"
        publish(CircuitClosed(**facts, reason=why), subject=subject_of_destination(before), actor=ENGINE)


def _pause(state: SendingState, refused: Outcome) -> None:
    reason = f"credentials refused: {refused.message or refused.code}"[:300]
    Destination.objects.filter(pk=state.id).update(
        paused_at=state.moment, pause_reason=reason, paused_by=f"auth:{refused.code}"[:120]
    )
    publish(
        ConnectionPaused(str(state.id), state.name, state.system, reason, cause="auth"),
        subject=subject_of_destination(state),
        actor=ENGINE,
    )

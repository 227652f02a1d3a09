"""Steps of warranty: when each comes, its form and its command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from inventory.selectors import locations
from retailops.accounts.actor import Actor
from returns.enums import Remedy, RemedyStatus
from returns.inputs import read
from returns.inputs.warranty import KEPT_BY_US, AcceptanceIn, RejectionIn
from returns.models import WarrantyAssessment
from returns.policy import rules_of
from returns.services import warranty, warranty_remedies, warranty_replacing

T = RemedyStatus
Data = Mapping[str, Any]


class AssessmentForm(forms.Form):
    """A form about one assessment."""

    def __init__(self, data: Any = None, *, assessment: WarrantyAssessment) -> None:
        super().__init__(data)
        self.assessment = assessment
        self.build()

    def build(self) -> None:
        """Add what depends on the assessment."""


class JudgeForm(AssessmentForm):
    """How many units, where, and why."""

    quantity = forms.IntegerField(min_value=1, label="Units")
    location = forms.ChoiceField(label="Where")
    reason = forms.CharField(max_length=200, label="What was found")

    def build(self) -> None:
        """Start from all units that wait, where they stand."""
        rma = self.assessment.rma
        self.initial.setdefault("quantity", self.assessment.quantity)
        self.fields["quantity"].widget.attrs["max"] = self.assessment.quantity
        places = list(locations(region=rma.region)) or list(locations())
        _choices(self, "location", [(place.code, f"{place.name} ({place.code})") for place in places])


class AcceptForm(JudgeForm):
    """What the customer gets, and where units go that the retailer keeps."""

    remedy = forms.ChoiceField(label="The customer gets")
    disposition = forms.ChoiceField(label="If not repaired, units go to")
    field_order = ("quantity", "remedy", "disposition", "location", "reason")

    def build(self) -> None:
        """Offer what policy offers."""
        super().build()
        words = {"repair": "Repaired units", "replace": "New units", "refund": "The money, by policy"}
        offered = rules_of(self.assessment.rma.policy).warranty_remedies
        _choices(self, "remedy", [(str(each), words[each]) for each in offered])
        _choices(self, "disposition", [(each.value, str(each.label)) for each in sorted(KEPT_BY_US)])
        self.initial.setdefault("disposition", "damaged")


class GiveUpForm(AssessmentForm):
    """What the customer gets instead."""

    remedy = forms.ChoiceField(label="The customer gets")
    reason = forms.CharField(max_length=200, label="Why it cannot be repaired")

    def build(self) -> None:
        """Offer what policy offers besides."""
        offered = rules_of(self.assessment.rma.policy).warranty_remedies
        words = {"replace": "New units", "refund": "The money, by policy"}
        _choices(self, "remedy", [(str(each), words[each]) for each in offered if each != Remedy.REPAIR])


class ParcelForm(AssessmentForm):
    """The parcel to the customer."""

    tracking = forms.CharField(max_length=80, required=False, label="Tracking number")


def _choices(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = choices


@dataclass(frozen=True)
class WarrantyStep:
    """One step of an assessment: when it comes, its form and its command."""

    label: str
    when: Callable[[WarrantyAssessment], bool]
    form: type[AssessmentForm]
    run: Callable[[Actor, WarrantyAssessment, Data], object]
    consequence: str
    done: str
    danger: bool = False


def _accept(actor: Actor, assessment: WarrantyAssessment, data: Data) -> object:
    return warranty.accept_assessment(actor=actor, assessment_id=assessment.id, verdict=read(AcceptanceIn, data))


def _reject(actor: Actor, assessment: WarrantyAssessment, data: Data) -> object:
    return warranty.reject_assessment(actor=actor, assessment_id=assessment.id, verdict=read(RejectionIn, data))


def _nothing_replaces(assessment: WarrantyAssessment) -> bool:
    return assessment.progress == T.REPLACEMENT_DUE and warranty_replacing.going_on(assessment) is None


STEPS: dict[str, WarrantyStep] = {
    "accept": WarrantyStep(
        "Accept", lambda each: each.status == "pending", AcceptForm, _accept,
        "The fault is covered. A refund follows policy; a replacement is held and shipped as an exchange.", "Accepted.",
    ),
    "reject": WarrantyStep(
        "Reject", lambda each: each.status == "pending", JudgeForm, _reject,
        "The units go back to the customer; nothing is refunded.", "Rejected.", danger=True,
    ),
    "repaired": WarrantyStep(
        "Repaired", lambda each: each.progress == T.IN_REPAIR, AssessmentForm,
        lambda actor, each, data: warranty_remedies.complete_repair(actor=actor, assessment_id=each.id),
        "The units wait to be sent to the customer; they are never refunded.", "Repaired.",
    ),
    "give-up": WarrantyStep(
        "Cannot be repaired", lambda each: each.progress == T.IN_REPAIR, GiveUpForm,
        lambda actor, each, data: warranty_remedies.give_up_repair(
            actor=actor, assessment_id=each.id, remedy=Remedy(data["remedy"]), reason=data["reason"]
        ),
        "The units count as damaged.", "Noted.", danger=True,
    ),
    "send-back": WarrantyStep(
        "Sent to customer", lambda each: each.progress in (T.REPAIRED, T.TO_SEND_BACK), ParcelForm,
        lambda actor, each, data: warranty_remedies.send_back(
            actor=actor, assessment_id=each.id, tracking=data["tracking"]
        ),
        "The units leave the stock; they are the customer's own again.", "Noted as sent.",
    ),
    "replace": WarrantyStep(
        "Propose replacement", _nothing_replaces, AssessmentForm,
        lambda actor, each, data: warranty_replacing.propose_replacement(actor=actor, assessment_id=each.id),
        "The same goods are held once more and shipped as an exchange; no money moves.", "Replacement proposed.",
    ),
    "replaced": WarrantyStep(
        "Replacement sent otherwise", lambda each: each.progress == T.REPLACEMENT_DUE, ParcelForm,
        lambda actor, each, data: warranty_replacing.record_replacement(
            actor=actor, assessment_id=each.id, tracking=data["tracking"]
        ),
        "The exchange that would have sent it is given up, and nothing is refunded for these units.",
        "Noted as replaced.",
    ),
}  # fmt: skip


def steps_of(assessment: WarrantyAssessment) -> list[tuple[str, str]]:
    """Return the steps that come next for it: key and label."""
    return [(key, step.label) for key, step in STEPS.items() if step.when(assessment)]

"""Forms of exceptions: what a person says when a cause is ignored, mended, assigned or tagged; rules and views."""

from decimal import Decimal
from typing import Any

from django import forms

from retailops.accounts.models import User
from retailops.accounts.permissions import Role
from retailops.cases.inputs import IgnoreIn, InVersion, RuleIn, ViewIn
from retailops.cases.models import CaseQueue
from retailops.cases.work_models import RuleKind, ShownTo
from retailops.events.enums import OutcomeClass
from retailops.lib.money import Money, exponent
from retailops.workbench.forms import WAKE
from retailops.workbench.words import OPERATIONS

REASON = "Kept with the group; people read it later."


def people() -> "forms.ModelChoiceField[User]":
    """Return the choice of an active person, or nobody."""
    rows = User.objects.filter(is_active=True).order_by("name")
    return forms.ModelChoiceField(queryset=rows, required=False, empty_label="Nobody", label="Owner")


class WhyForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=300, label="Reason", help_text=REASON)


class IgnoreForm(forms.Form):
    """Until when: the first of a time, a count and an amount."""

    wake = forms.ChoiceField(
        label="Until", choices=[*((key, text) for key, (text, _) in WAKE.items()), ("", "No time")], required=False,
        initial="tomorrow",
    )  # fmt: skip
    count = forms.IntegerField(
        label="Or until seen so many times more", required=False, min_value=1, max_value=1_000_000
    )
    amount = forms.DecimalField(
        label="Or until cases worth so much more come", required=False, min_value=Decimal("0.01"), max_digits=12
    )
    currency = forms.CharField(label="Currency", required=False, min_length=3, max_length=3)
    reason = forms.CharField(max_length=300, label="Reason", help_text=REASON)

    def clean(self) -> dict[str, Any]:
        """An amount needs its currency, and something must be named."""
        given = super().clean() or {}
        if given.get("amount") and not given.get("currency"):
            self.add_error("currency", "Name the currency of the amount.")
        return given

    def until(self) -> IgnoreIn:
        """Return until when."""
        given = self.cleaned_data
        code = given["currency"].upper()
        money = Money(int(given["amount"].scaleb(exponent(code))), code) if given["amount"] else None
        return IgnoreIn(WAKE[given["wake"]][1]() if given["wake"] else None, given["count"], money)


class MendedForm(forms.Form):
    """How the cause was mended, and in which version."""

    reason = forms.CharField(max_length=300, label="What was the cause, and what was done")
    evidence = forms.CharField(
        max_length=500, label="Evidence", help_text="A reference, a link or a ticket that shows it."
    )
    in_version = forms.ChoiceField(label="Mended", choices=InVersion.choices, initial=InVersion.ANY)
    end_cases = forms.BooleanField(
        label="End its open cases too, with this reason (nothing is sent for them)", required=False
    )


class OwnerForm(forms.Form):
    """Who answers for it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"] = people()


class TagsForm(forms.Form):
    """Its tags."""

    tags = forms.CharField(
        max_length=1000,
        required=False,
        label="Tags",
        help_text="Words with commas between them; empty takes all away.",
    )

    def wanted(self) -> list[str]:
        """Return the tags."""
        return str(self.cleaned_data["tags"]).split(",")


CLASSES = [str(each) for each in OutcomeClass if each != OutcomeClass.DELIVERED]
AGES = (("3600", "1 hour"), ("14400", "4 hours"), ("28800", "8 hours"), ("86400", "1 day"), ("259200", "3 days"))


class RuleForm(forms.Form):
    """What a rule fits and what it does; only the fields of its kind."""

    queue = forms.ChoiceField(required=False, choices=[("", "Any"), *CaseQueue.choices], label="Queue")
    system = forms.CharField(required=False, max_length=40, label="System", help_text="As in stripe; empty: any.")
    operation = forms.ChoiceField(required=False, choices=[("", "Any"), *OPERATIONS.items()], label="Operation")
    failure_class = forms.ChoiceField(
        required=False, choices=[("", "Any"), *((each, each.replace("_", " ").capitalize()) for each in CLASSES)],
        label="Kind of failure",
    )  # fmt: skip
    code = forms.CharField(required=False, max_length=120, label="Code")
    case_kind = forms.CharField(required=False, max_length=60, label="Kind of case", help_text="As in wrong_item.")
    words = forms.CharField(required=False, max_length=120, label="Words", help_text="In its title or message.")
    region = forms.CharField(required=False, max_length=32, label="Region")
    title = forms.CharField(max_length=200, label="Name of the cause")
    after = forms.ChoiceField(choices=AGES, label="After")

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.fields["owner"] = people()
        self.fields["owner"].required = kind == RuleKind.ASSIGN
        gone = {
            RuleKind.GROUP: ("owner", "after"), RuleKind.ASSIGN: ("title", "after"), RuleKind.ESCALATE: ("title",),
        }[RuleKind(kind)]  # fmt: skip
        for name in gone:
            del self.fields[name]
        if kind == RuleKind.ESCALATE:
            self.fields["owner"].label = "Give it to"

    def rule(self) -> RuleIn:
        """Return the rule."""
        given = {name: value for name, value in self.cleaned_data.items() if name not in ("owner", "after")}
        owner = self.cleaned_data.get("owner")
        after = self.cleaned_data.get("after")
        return RuleIn(
            self.kind, **given, owner=owner.id if owner else None, after_seconds=int(after) if after else None
        )


class ViewForm(forms.Form):
    """A name for a list, and who sees it."""

    name = forms.CharField(max_length=60, label="Name")
    shown_to = forms.ChoiceField(choices=ShownTo.choices, label="Seen by", initial=ShownTo.OWNER)
    role = forms.ChoiceField(
        choices=[("", "No role"), *Role.choices], required=False, label="Role", help_text="Where one role sees it."
    )
    query = forms.CharField(max_length=1000, required=False, widget=forms.HiddenInput)

    def view(self) -> ViewIn:
        """Return the view."""
        given = self.cleaned_data
        return ViewIn(given["name"], given["query"], given["shown_to"], given["role"])

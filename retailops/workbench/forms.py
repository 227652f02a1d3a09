"""Forms of the workbench."""

from typing import Any

from django import forms

from retailops.accounts.models import User


class ReasonForm(forms.Form):
    """Why a person does something that others will ask about."""

    reason = forms.CharField(max_length=300, label="Reason", help_text="Kept with the action; people read it later.")


class NoteForm(forms.Form):
    """A note on a case."""

    text = forms.CharField(max_length=4000, label="Note", widget=forms.Textarea(attrs={"rows": 3}))


class ResolveForm(forms.Form):
    """How a case ended: reason and evidence."""

    reason = forms.CharField(max_length=300, label="What was the cause, and what was done")
    evidence = forms.CharField(
        max_length=500, label="Evidence", help_text="A reference, a link or a ticket that shows it."
    )


class AssignForm(forms.Form):
    """Who works a case."""

    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody", label="Owner")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["owner"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = User.objects.filter(is_active=True).order_by("name")

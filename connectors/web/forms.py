"""Forms of connections."""

from django import forms


class PauseForm(forms.Form):
    """Why sending is held."""

    reason = forms.CharField(max_length=300, label="Reason", help_text="Shown to everybody until it is resumed.")


class ResumeForm(forms.Form):
    """Why sending goes on, if there is something to say."""

    reason = forms.CharField(max_length=300, required=False)

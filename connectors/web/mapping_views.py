"""The mapping of a connection: a form where the schema names its fields, or JSON; a trial; activation of what was
tried."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from connectors import services
from connectors.models import Connection, MappingTrial
from connectors.protocol import Connector
from connectors.registry import connector_of
from connectors.rendering import Verdict
from connectors.services.checking import checked_mapping
from connectors.services.configuring import version_of
from connectors.services.trials import DEAD, DELIVERED, MOST, USUAL, latest_trials
from connectors.web.adding import MANAGE, manager_of
from connectors.web.connection_form import Changed
from connectors.web.schema_fields import JsonField, fields_of
from connectors.web.views import actor_of, by_name
from retailops.accounts.actor import EVERYWHERE, can, require
from retailops.accounts.permissions import Permission
from retailops.lib.errors import DomainError, Invalid, NotFound
from retailops.lib.forms import accepted
from retailops.lib.htmx import done, show

FORM, RAW = "form", "json"


class MappingForm(forms.Form):
    """A mapping as its schema's fields; `as_raw` says that the JSON counts instead."""

    last = forms.IntegerField(
        label="Try on the last",
        min_value=1,
        max_value=MOST,
        initial=USUAL,
        help_text="Stopped and delivered ones each.",
    )

    def __init__(self, connector: Connector, present: Mapping[str, Any], data: Any = None, *, as_raw: bool) -> None:
        super().__init__(data)
        self.connector, self.as_raw, self.present = connector, as_raw, present
        if as_raw:
            raw = JsonField(label="Mapping, as JSON", initial=dict(present), required=False)
            raw.widget.attrs |= {"rows": 18, "spellcheck": "false", "class": "mono"}
            self.fields["raw"] = raw
            return
        # What the mapping leaves out is shown as it counts: by the schema's default.
        effective = connector.MappingSchema.model_validate(dict(present)).model_dump(mode="json")
        for name, field in fields_of(connector.MappingSchema).items():
            field.initial = effective[name]
            self.fields[f"mapping__{name}"] = field

    def mapping(self) -> dict[str, Any]:
        """Return the mapping that was filled in; a part that says what the default says anyway is left out."""
        if self.as_raw:
            found = self.cleaned_data["raw"]
            return found if isinstance(found, dict) else {}
        usual = self.connector.MappingSchema().model_dump(mode="json")
        filled = {name: self.cleaned_data[f"mapping__{name}"] for name in usual}
        return {name: value for name, value in filled.items() if value != usual[name] or name in self.present}

    def clean_raw(self) -> Any:
        """Refuse JSON that is no object."""
        found = self.cleaned_data["raw"] or {}
        if not isinstance(found, dict):
            raise forms.ValidationError("A mapping is an object: { … }.")
        return found

    @property
    def parts(self) -> list[BoundField]:
        """Return the fields of the mapping itself."""
        return [self[name] for name in self.fields if name != "last"]

    def tell(self, refusal: DomainError) -> None:
        """Tell a refusal beside the part that it names. Denied and NotFound are raised again: they are no input."""
        if refusal.status in (403, 404):
            raise refusal
        if not refusal.errors:
            self.add_error(None, refusal.detail)
        for fault in refusal.errors:
            part = [*fault.pointer.strip("/").split("/"), ""][1]
            name = "raw" if self.as_raw else f"mapping__{part}"
            where = f"{part}: " if self.as_raw and part else ""
            self.add_error(name if name in self.fields else None, where + fault.detail)


class ActivateForm(forms.Form):
    """The mapping that was read in the trial, and why it is put in force."""

    mapping_hash = forms.CharField(max_length=64, widget=forms.HiddenInput)
    reason = forms.CharField(max_length=300, help_text="Kept with the version.")


@dataclass(frozen=True)
class Tally:
    """How many messages of one state fared in one way."""

    state: str
    verdict: str
    count: int


@login_required
@require_http_methods(["GET", "POST"])
def mapping(request: HttpRequest, name: str) -> HttpResponse:
    """Show the mapping and the form that changes it, or try a changed one."""
    actor, connection = actor_of(request), by_name(name)
    may_manage = can(actor, MANAGE)
    asked = request.POST if request.method == "POST" else request.GET
    connector = connector_of(connection.vendor)
    known = bool(connector.MappingSchema.model_fields)
    begun = _begun_with(request, connection)
    as_raw = asked.get("as") == RAW or not _taken(connector, begun)
    form = MappingForm(connector, begun, request.POST or None, as_raw=as_raw)
    if request.method == "POST":
        actor = manager_of(request)
        if form.is_valid() and (trial := _tried(actor, connection, form)) is not None:
            address = reverse("connections:trial", args=[connection.name, trial.id])
            return done(request, address, "Tried. Nothing is changed yet.")
    context = {
        "connection": connection, "form": form, "may_manage": may_manage, "known": known,
        "trials": latest_trials(connection), "back": reverse("connections:detail", args=[connection.name]),
    }  # fmt: skip
    return show(request, "connections/mapping.html", context, status=422 if form.errors else 200)


def _begun_with(request: HttpRequest, connection: Connection) -> Mapping[str, Any]:
    """Return what the form begins with: the mapping in force, that of a trial to be changed, or of a version."""
    number = request.GET.get("version", "")
    if number.isdecimal() and len(number) < 9:
        return dict(version_of(connection, int(number)).mapping)
    text = request.GET.get("trial", "")
    if not text:
        return dict(connection.mapping)
    try:
        return dict(_trial(connection, UUID(text)).mapping)
    except ValueError:
        raise NotFound("There is no such trial.") from None


def _taken(connector: Connector, mapping: Mapping[str, Any]) -> bool:
    """Tell whether the schema takes the mapping: one that it does not any more can be mended as JSON alone."""
    try:
        checked_mapping(connector, mapping)
    except Invalid:
        return False
    return True


def _tried(actor: Any, connection: Connection, form: MappingForm) -> MappingTrial | None:
    try:
        with transaction.atomic(durable=True):
            return services.try_mapping(
                actor=actor, connection_id=connection.id, mapping=form.mapping(), last=form.cleaned_data["last"]
            )
    except DomainError as refusal:
        form.tell(refusal)
        return None


def _trial(connection: Connection, trial_id: UUID) -> MappingTrial:
    found = MappingTrial.objects.filter(pk=trial_id, connection=connection).first()
    if found is None:
        raise NotFound("There is no such trial.")
    return found


@login_required
@require_http_methods(["GET"])
def trial(request: HttpRequest, name: str, trial_id: UUID) -> HttpResponse:
    """Show what a changed mapping would do to the last messages, and the form that puts it in force."""
    actor, connection = actor_of(request), by_name(name)
    # It holds copies of messages of every region.
    require(actor, Permission.DELIVERIES_VIEW, region=EVERYWHERE, brand=EVERYWHERE)
    found = _trial(connection, trial_id)
    form = ActivateForm(initial={"mapping_hash": found.mapping_hash})
    return show(request, "connections/trial.html", _about(connection, found, form, may_manage=can(actor, MANAGE)))


@login_required
@require_POST
def activate(request: HttpRequest, name: str, trial_id: UUID) -> HttpResponse:
    """Put the tried mapping in force."""
    actor, connection = manager_of(request), by_name(name)
    found, form = _trial(connection, trial_id), ActivateForm(request.POST)
    if form.is_valid() and accepted(
        form,
        lambda: services.activate_mapping(
            actor=actor, connection_id=connection.id, trial_id=found.id, **form.cleaned_data
        ),
    ):
        address = reverse("connections:trial", args=[connection.name, found.id])
        return done(request, address, f"{connection.label} uses the new mapping from now on.")
    context = _about(connection, found, form, may_manage=True)
    return show(request, "connections/trial.html", context, status=422)


def _about(connection: Connection, found: MappingTrial, form: ActivateForm, *, may_manage: bool) -> dict[str, Any]:
    versions = (found.config_version, found.mapping_version)
    mended = found.counts.get(f"{DEAD}.{Verdict.MENDED}", 0)
    return {
        "connection": connection, "trial": found, "form": form, "may_manage": may_manage,
        "title": f"Trial of a mapping of {connection.label}",
        "outdated": found.activated_at is None and versions != (connection.config_version, connection.mapping_version),
        "groups": [("Stopped", _tallies(found, DEAD)), ("Delivered or taken", _tallies(found, DELIVERED))],
        "mended": mended, "inbox_mended": any(
            each["way"] == "in" and each["verdict"] == Verdict.MENDED for each in found.findings
        ),
        "changes": _changes(connection.mapping if found.activated_at is None else {}, found.mapping),
        "raw": json.dumps(found.mapping, indent=2, ensure_ascii=False),
    }  # fmt: skip


def _tallies(found: MappingTrial, state: str) -> list[Tally]:
    return [Tally(state, verdict, found.counts.get(f"{state}.{verdict}", 0)) for verdict in Verdict]


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Changed]:
    """Return every entry that differs, one level deep."""
    left, right = _flat(before), _flat(after)
    names = sorted(left.keys() | right.keys())
    return [Changed(name, left.get(name), right.get(name)) for name in names if left.get(name) != right.get(name)]


def _flat(mapping: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in mapping.items():
        if isinstance(value, Mapping):
            found |= {f"{name}: {inner}": told for inner, told in value.items()}
        else:
            found[name] = value
    return found

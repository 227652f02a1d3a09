"""Pages of alerts: what was told and what became of it; channels, rules and silences."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors.alerts import services as channels
from connectors.selectors import running_mutes
from retailops.accounts import web
from retailops.accounts.actor import can, require
from retailops.accounts.permissions import Permission
from retailops.accounts.undo import sealed
from retailops.lib.clock import now
from retailops.lib.errors import DomainError, NotFound
from retailops.lib.forms import accepted, tell
from retailops.lib.htmx import done, show
from retailops.lib.keyset import capped_count, keyset_page
from retailops.sla.alerts import services
from retailops.sla.models import AlertChannel, AlertRule, AlertState, Mute
from retailops.workbench.sla.forms import ChannelForm, MuteForm, RuleForm
from retailops.workbench.sla.policy_views import actor_of
from retailops.workbench.sla.reversing import acknowledged, begun, ended

TABS = {"open": "Open", "acknowledged": "Acknowledged", "muted": "Muted", "over": "Over"}


@login_required
@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    """Show alerts by state, the newest first."""
    actor = web.actor_of(request)
    require(actor, Permission.CASES_VIEW)
    current = request.GET.get("tab", "") if request.GET.get("tab") in TABS else "open"
    visible = services.alerts_visible_to(actor)
    rows = visible.filter(state=current)
    page = keyset_page(rows, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    for alert in page.rows:
        alert.may = alert.state in {AlertState.OPEN, AlertState.ACKNOWLEDGED} and can(  # type: ignore[attr-defined]  # what its row reads
            actor, Permission.CASES_WORK, region=alert.region, brand=alert.brand
        )
    counts = [(key, title, capped_count(visible.filter(state=key))) for key, title in TABS.items()]
    context = {"page": page, "tabs": counts, "current": current, "total": capped_count(rows)}
    return show(request, "sla/alerts.html", context, fragments={"alerts": "sla/_alerts.html"})


@login_required
@require_POST
def alert_acknowledge(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """Say that somebody looks after it."""
    actor, address = web.actor_of(request), reverse("alerts:list")
    with transaction.atomic(durable=True):
        alert = services.acknowledge(actor=actor, alert_id=alert_id)
    back = sealed(actor, address, acknowledged(alert))
    return done(request, address, "Acknowledged. It is not escalated.", undo=back)


@login_required
@require_POST
def alert_reopen(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """Say that nobody looks after it after all."""
    with transaction.atomic(durable=True):
        services.reopen(actor=web.actor_of(request), alert_id=alert_id)
    return done(request, reverse("alerts:list"), "Open again: it is escalated when its time comes.")


@login_required
@require_GET
def alert_settings(request: HttpRequest) -> HttpResponse:
    """Show channels, rules and silences."""
    actor = actor_of(request)
    context = {
        "channels": AlertChannel.objects.filter(retired_at=None).order_by("name"),
        "rules": AlertRule.objects.filter(retired_at=None).select_related("channel", "escalate_to").order_by("name"),
        "mutes": Mute.objects.filter(until__gt=now()).order_by("until"),
        "held": running_mutes(),
        "may_rules": can(actor, services.MANAGE),
        "may_mute": can(actor, services.MANAGE, region="", brand=""),
        "may_channels": can(actor, channels.MANAGE),
    }
    return show(request, "sla/alert_settings.html", context)


def settings_address() -> str:
    """Return where channels, rules and silences are."""
    return reverse("alerts:settings")


@login_required
@require_http_methods(["GET", "POST"])
def channel_add(request: HttpRequest) -> HttpResponse:
    """Show the form of a channel, or create it; a webhook's secret is shown this once."""
    actor = actor_of(request)
    require(actor, channels.MANAGE)
    form = ChannelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                made = channels.create_channel(actor=actor, **form.cleaned_data)
        except DomainError as refusal:
            tell(form, refusal)
        else:
            if not made.secret:
                return done(request, settings_address(), f"{made.channel.name} may be used by rules now.")
            return show(request, "sla/channel_secret.html", {"made": made, "back": settings_address()})
    context = {"form": form, "back": settings_address(), "title": "New channel", "act": "Create the channel"}
    context["says"] = (
        "Rules decide what is told there. The address of a chat's webhook is its secret: keep it here only."
    )
    return show(request, "sla/setting.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def channel_retire(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    """Ask whether a channel ends, or end it."""
    actor = actor_of(request)
    require(actor, channels.MANAGE)
    if request.method == "GET":
        found = AlertChannel.objects.filter(pk=channel_id, retired_at=None).first()
        says = "Nothing is sent there any more, by any rule. It cannot be taken back: a new channel would be made."
        return _ask_to_retire(request, found, says)
    with transaction.atomic(durable=True):
        channel = channels.retire_channel(actor=actor, channel_id=channel_id)
    return done(request, settings_address(), f"Nothing is sent to {channel.name} any more.")


def _ask_to_retire(request: HttpRequest, found: AlertChannel | AlertRule | None, says: str) -> HttpResponse:
    if found is None:
        raise NotFound("It is not there, or retired already.")
    context = {"form": Form(), "back": settings_address(), "title": f"Retire {found.name}", "act": "Retire"}
    return show(request, "sla/setting.html", context | {"says": says, "danger": True})


@login_required
@require_http_methods(["GET", "POST"])
def rule_edit(request: HttpRequest, rule_id: UUID | None = None) -> HttpResponse:
    """Show the form of a rule, or keep it."""
    actor = actor_of(request)
    rule = AlertRule.objects.filter(pk=rule_id, retired_at=None).first() if rule_id else None
    if rule_id and rule is None:
        raise NotFound("There is no such rule.")
    require(actor, services.MANAGE, region=rule.region if rule else None, brand=rule.brand if rule else None)
    form = RuleForm(request.POST or None, rule=rule)
    if request.method == "POST" and form.is_valid():
        told = _rule_in(form)
        if accepted(form, lambda: services.put_rule(actor=actor, rule=told, rule_id=rule_id)):
            return done(request, settings_address(), "Kept.")
    title = f"Rule {rule.name}" if rule else "New rule"
    context = {"form": form, "back": settings_address(), "title": title, "act": "Keep the rule"}
    context["says"] = "Each trouble of these kinds is told to the channel once; repeats within the time are counted."
    return show(request, "sla/setting.html", context, status=422 if form.errors else 200)


def _rule_in(form: RuleForm) -> services.RuleIn:
    data = form.cleaned_data
    then = data["escalate_to"]
    return services.RuleIn(
        name=data["name"],
        kinds=data["kinds"],
        channel=data["channel"].id,
        severity=data["severity"],
        region=data["region"],
        brand=data["brand"],
        dedupe_seconds=data["dedupe"] or 0,
        escalate_minutes=data["escalate_minutes"],
        escalate_to=then.id if then else None,
    )


@login_required
@require_http_methods(["GET", "POST"])
def rule_retire(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    """Ask whether a rule ends, or end it."""
    actor = actor_of(request)
    if request.method == "GET":
        found = AlertRule.objects.filter(pk=rule_id, retired_at=None).first()
        require(actor, services.MANAGE, region=found.region if found else None, brand=found.brand if found else None)
        says = "Nobody is told by it any more. What it told stays on record. It cannot be taken back."
        return _ask_to_retire(request, found, says)
    with transaction.atomic(durable=True):
        rule = services.retire_rule(actor=actor, rule_id=rule_id)
    return done(request, settings_address(), f"{rule.name} tells nothing any more.")


@login_required
@require_http_methods(["GET", "POST"])
def mute_add(request: HttpRequest) -> HttpResponse:
    """Show the form of a silence, or begin it."""
    actor = actor_of(request)
    require(actor, services.MANAGE, region="", brand="")
    form = MuteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        kind, reason, until = form.cleaned_data["kind"], form.cleaned_data["reason"], form.until()
        made: list[Mute] = []
        if accepted(form, lambda: made.append(services.mute(actor=actor, until=until, reason=reason, kind=kind))):
            told = "Silent until then. Troubles are kept, and told to nobody."
            return done(request, settings_address(), told, undo=sealed(actor, settings_address(), begun(made[0])))
    context = {"form": form, "back": settings_address(), "title": "Mute alerts", "act": "Mute"}
    context["says"] = "Cases are opened as ever; nobody is told of them by e-mail or chat until the time is over."
    return show(request, "sla/setting.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def mute_end(request: HttpRequest, mute_id: UUID) -> HttpResponse:
    """End a silence now."""
    actor, back = actor_of(request), ""
    with transaction.atomic(durable=True):
        if silence := Mute.objects.filter(pk=mute_id).first():
            back = sealed(actor, settings_address(), ended(silence))
        services.end_mute(actor=actor, mute_id=mute_id)
    return done(request, settings_address(), "Alerts are told again.", undo=back)

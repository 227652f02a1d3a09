"""The weekly summary: in the person's own scope and time zone, once a week."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.management import CommandError, call_command
from pytest_django import Settings

from retailops.accounts.models import User
from retailops.workbench.dashboards import weekly
from retailops.workbench.dashboards.times import rebuild
from retailops.workbench.models import WeeklySummary
from returns.models import Return
from tests.dashboards import histories
from tests.workbench import world

pytestmark = pytest.mark.django_db
# A Monday; at 06:30 UTC it is half past seven in Paris and half past six in London's winter.
MONDAY = datetime(2026, 11, 30, 6, 30, tzinfo=UTC)


def manager(zone: str = "UTC", region: str = "*", role: str = "manager") -> User:
    user = world.person(role, regions=[region])
    user.time_zone = zone
    user.save()
    return user


def html_of(message: EmailMessage) -> str:
    assert isinstance(message, EmailMultiAlternatives)
    [(content, kind)] = message.alternatives
    assert kind == "text/html"
    return str(content)


def test_it_goes_once_when_monday_has_come_to_the_person() -> None:
    paris = manager("Europe/Paris")
    manager("Europe/London")
    manager(role="ops_agent")
    assert weekly.send_due(MONDAY) == 1
    assert weekly.send_due(MONDAY) == 0
    assert [message.to for message in mail.outbox] == [[f"Robin Reed <{paris.email}>"]]
    assert weekly.send_due(MONDAY + timedelta(minutes=30)) == 1
    assert weekly.send_due(MONDAY + timedelta(days=1)) == 0
    assert weekly.send_due(MONDAY + timedelta(days=7)) == 1
    assert sorted(WeeklySummary.objects.filter(user=paris).values_list("week", flat=True)) == [
        date(2026, 11, 23),
        date(2026, 11, 30),
    ]


def test_a_mail_that_was_refused_is_sent_with_the_next_call(settings: Settings) -> None:
    manager()
    moment = MONDAY + timedelta(hours=1)
    settings.EMAIL_BACKEND = "no.such.Backend"
    assert weekly.send_due(moment) == 0
    assert not WeeklySummary.objects.exists()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert weekly.send_due(moment) == 1


def test_it_tells_the_week_and_now_within_the_persons_regions(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://returns.example"
    histories.history()
    week = weekly.last_monday(manager()) + timedelta(days=1)
    moment = datetime(week.year, week.month, week.day, 12, tzinfo=UTC)
    for rma in Return.objects.filter(region="FR"):
        Return.objects.filter(pk=rma.pk).update(requested_at=moment)
        rma.refunds.update(settled_at=moment + timedelta(hours=36))
    rebuild()
    call_command("weekly_summary", to=manager(region="FR").email, stdout=(said := StringIO()))
    [message] = mail.outbox
    text, html = str(message.body), html_of(message)
    assert "Refund cycle time: 36 h (95 of 100 within 36 h)" in text
    assert "Requested: 1" in text
    assert "Refunded: " not in text
    assert "Stopped: 0" in text
    assert "https://returns.example/dashboards/overview/?since=" in text
    assert "36 h (95 of 100 within 36 h)" in html
    assert 'href="https://returns.example/dashboards/figures/refund_cycle/?' in html
    assert "no refund is late" in str(message.subject)
    assert str(message.subject) in said.getvalue()
    call_command("weekly_summary", to=manager(region="GB").email, stdout=StringIO())
    assert "Stopped: 1, 45.99 GBP" in str(mail.outbox[1].body)


def test_whoever_may_not_see_dashboards_gets_none() -> None:
    nobody = world.person()
    with pytest.raises(CommandError, match="may not see dashboards"):
        call_command("weekly_summary", to=nobody.email)
    with pytest.raises(CommandError, match="Nobody signs in"):
        call_command("weekly_summary", to="who@shop.example")
    assert mail.outbox == []

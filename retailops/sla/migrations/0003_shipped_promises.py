"""Seed the promises of a fresh installation; a retailer replaces them by newer versions."""

from django.db import migrations

MINUTE, HOUR, DAY = 60, 3600, 86400
GONE = ["return.canceled", "return.declined", "return.expired"]
WAITS, GOES_ON = ["refund.action_required"], ["refund.pending"]
SHIPPED = [
    {
        "name": "decision", "title": "Request to decision", "subject_type": "return",
        "starts": ["return.requested"], "stops": ["return.authorized", "return.declined"],
        "cancels": ["return.canceled", "return.expired"],
        "target_seconds": DAY, "warn_seconds": 18 * HOUR,
    },
    {
        "name": "refund_cycle", "title": "Refund cycle time", "subject_type": "return",
        "starts": ["return.requested"], "stops": ["refund.succeeded"], "cancels": [*GONE, "return.closed"],
        "revives": ["return.reinstated", "return.reopened"], "pauses": WAITS, "resumes": GOES_ON,
        "target_seconds": 14 * DAY, "warn_seconds": 11 * DAY, "severity": "high",
    },
    {
        "name": "receipt_to_inspection", "title": "Receipt to inspection", "subject_type": "return",
        "starts": ["return_line.received"],
        "stops": ["return_line.inspected", "return_line.accepted", "return_line.rejected"],
        "cancels": ["return_line.receipt_reversed", "return.canceled", "return.closed"],
        "revives": ["return_line.received"],
        "target_seconds": 2 * DAY, "warn_seconds": 36 * HOUR,
    },
    {
        "name": "inspection_to_refund", "title": "Inspection to refund", "subject_type": "return",
        "starts": ["return_line.accepted"], "stops": ["refund.succeeded"],
        "cancels": ["return.canceled", "return.closed"], "revives": ["return.reopened"],
        "pauses": WAITS, "resumes": GOES_ON,
        "target_seconds": 2 * DAY, "warn_seconds": 36 * HOUR, "severity": "high",
    },
    {
        "name": "receipt_to_stock", "title": "Receipt to stock available", "subject_type": "return",
        "starts": ["return_line.received"],
        "stops": [{"type": "inventory.disposition_posted", "where": {"disposition": "sellable"}}],
        "cancels": ["return_line.receipt_reversed", "return.canceled", "return.closed"],
        "revives": ["return_line.received"],
        "target_seconds": 3 * DAY, "warn_seconds": 54 * HOUR,
    },
    {
        "name": "refund_settlement", "title": "Refund to settlement", "subject_type": "refund",
        "starts": ["refund.submitted"], "stops": ["refund.succeeded"],
        "cancels": ["refund.failed", "refund.canceled", "refund.superseded", "refund.denied"],
        "pauses": WAITS, "resumes": GOES_ON,
        "target_seconds": DAY, "warn_seconds": 18 * HOUR, "severity": "high",
    },
    {
        "name": "refund_to_credit_memo", "title": "Refund to credit memo", "subject_type": "refund",
        "starts": ["credit_memo.queued"], "stops": ["credit_memo.posted"],
        "cancels": ["refund.reversed", "credit_memo.reversed"],
        "target_seconds": 4 * HOUR, "warn_seconds": 3 * HOUR,
    },
    {
        "name": "order_ingestion", "title": "Order ingestion", "subject_type": "order",
        "starts": [{"type": "order.captured", "at": "placed_at", "where": {"superseded": False}}],
        "stops": [{"type": "order.captured", "at": "recorded"}],
        "target_seconds": 15 * MINUTE, "severity": "low", "opens_case": False,
    },
    {
        "name": "case_resolution", "title": "Exception resolution", "subject_type": "case",
        "starts": ["case.opened"], "stops": ["case.resolved"], "resumes": ["case.reopened"],
        "target_seconds": 2 * DAY, "warn_seconds": 36 * HOUR,
    },
    {
        "name": "delivery_latency", "title": "Delivery latency", "subject_type": "delivery",
        "starts": [], "stops": [],
        "target_seconds": 30 * MINUTE,
    },
]  # fmt: skip
MOVES = ("starts", "stops", "cancels", "revives", "pauses", "resumes")


def seed(apps, schema_editor):
    policy = apps.get_model("sla", "SlaPolicy")
    for each in SHIPPED:
        moves = {name: [_move(told) for told in each.get(name, [])] for name in MOVES}
        defaults = {
            "status": "active",
            "effective_from": "2000-01-01T00:00:00Z",
            "created_by": "system:installation",
            **{**each, **moves},
        }
        del defaults["name"]
        policy.objects.get_or_create(name=each["name"], version=1, defaults=defaults)
    apps.get_model("sla", "SlaCalendar").objects.get_or_create(
        name="weekdays",
        version=1,
        defaults={
            "title": "Weekdays, nine to five",
            "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
            "created_by": "system:installation",
        },
    )


def _move(told):
    given = {"type": told} if isinstance(told, str) else told
    return {"at": "", "where": {}, **given}


class Migration(migrations.Migration):
    """The promises of a fresh installation, and a calendar to begin from."""

    dependencies = [("sla", "0002_guards")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]

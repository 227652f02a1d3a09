"""Seed `standard@1`, so that a fresh installation can decide returns."""

from django.db import migrations

LIMIT = {"GBP": 50000, "EUR": 50000, "USD": 50000, "CAD": 75000, "AUD": 75000, "JPY": 75000, "KWD": 150000}
RULES = {
    "window_days": 30,
    "window_from": "shipped",
    "proof_required": True,
    "final_sale_categories": ["gift_card", "clearance"],
    "resolutions": ["refund", "none"],
    "refund_timing": "on_inspection",
    "exposure_days": 21,
    "restocking_fee": {"percent": "0", "fixed": {}, "waived_reasons": []},
    "label_fee": {"percent": "0", "fixed": {}, "waived_reasons": []},
    "refund_shipping": "full_when_all",
    "refund_duty": True,
    "auto_authorize": True,
    "auto_authorize_limit": {"*": None},
    "auto_approve_limit": LIMIT,
    "approval_limits": {
        "ops_lead": {currency: 4 * amount for currency, amount in LIMIT.items()},
        "finance_approver": {"*": None},
        "administrator": {"*": None},
    },
    "approval_expires_hours": 72,
    "inspection_required": True,
    "sellable_without_inspection": [],
    "keep_it_below": {},
    "tender_order": "proportional",
    "erp_memo_required": True,
    "expires_days": 30,
    "default_location": "",
    "canary_share": 100,
}


def seed(apps, schema_editor):
    policy = apps.get_model("returns", "ReturnPolicy")
    policy.objects.get_or_create(
        name="standard",
        version=1,
        defaults={
            "status": "active",
            "effective_from": "2000-01-01T00:00:00Z",
            "rules": RULES,
            "created_by": "system:installation",
        },
    )


class Migration(migrations.Migration):
    """The policy of a fresh installation; a retailer replaces it by newer versions."""

    dependencies = [("returns", "0003_guards")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]

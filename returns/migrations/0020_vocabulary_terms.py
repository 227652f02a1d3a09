"""Seed the vocabularies, so that a fresh installation has reasons to choose from; a retailer adds and retires terms."""

from django.db import migrations

# Code → label, what it is for, terms (code, label, merchant's fault).
FAULT = True
VOCABULARIES = (
    ("customer_reason", "Customer's reason", "Why the customer sends it back", (
        ("too_small", "Too small", False),
        ("too_large", "Too large", False),
        ("changed_mind", "Changed their mind", False),
        ("style", "Style not as expected", False),
        ("color", "Color not as expected", False),
        ("arrived_late", "Arrived too late", FAULT),
        ("not_as_described", "Not as described", FAULT),
        ("wrong_item", "Wrong item sent", FAULT),
        ("defective", "Defective", FAULT),
        ("damaged_in_transit", "Damaged in transit", FAULT),
        ("missing_parts", "Parts missing", FAULT),
        ("gift", "Unwanted gift", False),
        ("other", "Another reason", False),
        ("not_given", "No reason given", False),
    )),
    ("decline_reason", "Reason to decline", "Why a return is refused", (
        ("window_closed", "Window is over", False),
        ("final_sale", "Sold without right of return", False),
        ("not_ours", "Not bought from us", False),
        ("no_proof", "No proof of purchase", False),
        ("condition", "Condition not accepted", False),
        ("abuse", "Suspected abuse", False),
        ("duplicate", "Asked for twice", False),
        ("other", "Another reason", False),
    )),
    ("cancel_reason", "Reason to cancel", "Why a return is given up", (
        ("customer_withdrew", "Customer keeps it", False),
        ("duplicate", "Asked for twice", False),
        ("entered_wrongly", "Entered wrongly", False),
        ("never_sent", "Never sent", False),
        ("other", "Another reason", False),
    )),
    ("condition", "Condition", "What goods look like when they are inspected", (
        ("new", "As new", False),
        ("like_new", "Like new", False),
        ("opened", "Opened", False),
        ("used", "Used", False),
        ("damaged", "Damaged", False),
        ("defective", "Defective", FAULT),
        ("incomplete", "Parts missing", False),
        ("unclear", "Not clear", False),
    )),
    ("disposition", "Destination", "Where inspected goods go", (
        ("sellable", "Back on sale", False),
        ("quarantine", "Quarantine", False),
        ("damaged", "Damaged stock", False),
        ("refurbish", "Refurbish", False),
        ("repair", "Repair", False),
        ("return_to_vendor", "Back to the vendor", False),
        ("liquidate", "Liquidate", False),
        ("recycle", "Recycle", False),
        ("donate", "Donate", False),
        ("scrap", "Scrap", False),
        ("return_to_customer", "Back to the customer", False),
    )),
    ("disposition_reason", "Reason for the destination", "Why goods go where they go", (
        ("packaging", "Packaging", False),
        ("packaging_damaged", "Packaging damaged", False),
        ("signs_of_use", "Signs of use", False),
        ("worn", "Worn", False),
        ("torn", "Torn", False),
        ("defective", "Defective", FAULT),
        ("incomplete", "Parts missing", False),
        ("wrong_item", "Not the item on the return", False),
        ("hygiene", "Hygiene", False),
        ("expired", "Past its date", False),
        ("needs_review", "Needs another look", False),
        ("other", "Another reason", False),
    )),
    ("refund_reason", "Reason for the refund", "Why a refund departs from policy", (
        ("goodwill", "Goodwill", False),
        ("price_adjustment", "Price adjustment", False),
        ("service_failure", "Our mistake", FAULT),
        ("partial_condition", "Less for its condition", False),
        ("tender_closed", "Former payment is closed", False),
        ("other", "Another reason", False),
    )),
    ("override_reason", "Reason to go beyond policy", "Why a rule is set aside", (
        ("goodwill", "Goodwill", False),
        ("loyal_customer", "Loyal customer", False),
        ("manager_decision", "Manager's decision", False),
        ("merchant_fault", "Our fault", FAULT),
        ("late_delivery", "We delivered late", FAULT),
        ("carrier_fault", "Carrier's fault", FAULT),
        ("defect", "Defect found later", FAULT),
        ("price_adjustment", "Price adjustment", False),
        ("tender_closed", "Card or account closed", False),
        ("no_receipt", "No receipt", False),
        ("out_of_window", "Out of the window", False),
        ("illness", "Illness or bereavement", False),
        ("legal", "Required by law", False),
        ("store_error", "Mistake in store", FAULT),
        ("other", "Another reason", False),
    )),
    ("supplier_reason", "Reason to a supplier", "Why goods go back to a supplier", (
        ("defective", "Defective", FAULT),
        ("damaged_on_arrival", "Damaged on arrival", FAULT),
        ("wrong_item", "Wrong item supplied", FAULT),
        ("overstock", "Overstock", False),
        ("recall", "Recall", FAULT),
        ("end_of_line", "End of line", False),
    )),
)  # fmt: skip


def seed(apps, schema_editor):
    vocabulary, term = apps.get_model("returns", "Vocabulary"), apps.get_model("returns", "Term")
    for place, (code, label, about, terms) in enumerate(VOCABULARIES, start=1):
        made, _ = vocabulary.objects.get_or_create(code=code, defaults={"label": label, "about": about, "sort": place})
        for sort, (key, text, fault) in enumerate(terms, start=1):
            term.objects.get_or_create(
                vocabulary=made, code=key, defaults={"label": text, "merchant_fault": fault, "sort": sort * 10}
            )


class Migration(migrations.Migration):
    """The vocabularies of a fresh installation."""

    dependencies = [("returns", "0019_policy_guards")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]

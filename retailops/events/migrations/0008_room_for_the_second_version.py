from django.db import migrations

# Each delivery is written twice, and status stands in the predicates of its indexes, so each version has its own entry.
# A page that is filled by half in the order of arrival has room for the second; a full one is searched for dead entries
# and split, which costs a seventh of all that PostgreSQL does for a delivery.
INDEXES = ("events_delivery_pkey", "events_delivery_event_id_c08f510e", "delivery_once_an_effect")


class Migration(migrations.Migration):
    """The indexes of deliveries keep room for the second version of each row."""

    dependencies = [("events", "0007_attempt_ids")]
    operations = [
        migrations.RunSQL(f"ALTER INDEX {index} SET (fillfactor = 50)", f"ALTER INDEX {index} RESET (fillfactor)")
        for index in INDEXES
    ]

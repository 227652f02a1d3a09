from django.db import migrations

# What was told of customers so far came from the one identity that each had; none of it was verified.
FILL = """
INSERT INTO returns_customerclaim (identity_id, field, value, verified, told_at)
SELECT i.id, f.field, f.value, false, c.created_at
  FROM returns_customeridentity i JOIN returns_customer c ON c.id = i.customer_id,
       LATERAL (VALUES ('name', c.name), ('email', c.email), ('group', c."group")) f (field, value)
 WHERE f.value <> '';
INSERT INTO returns_survivor (customer_id, field, value, system, external_id, verified, told_at, won_at)
SELECT i.customer_id, k.field, k.value, i.system, i.external_id, k.verified, k.told_at, k.told_at
  FROM returns_customerclaim k JOIN returns_customeridentity i ON i.id = k.identity_id;
UPDATE returns_order o SET identity_id = i.id
  FROM returns_customeridentity i WHERE i.customer_id = o.customer_id;
"""


class Migration(migrations.Migration):
    """Customers captured so far get their sources."""

    dependencies = [("returns", "0022_customer_guards")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]

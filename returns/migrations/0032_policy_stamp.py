from django.db import migrations, models

INSTALL = """
INSERT INTO returns_policystamp (id, stamp) VALUES (1, gen_random_uuid());
CREATE FUNCTION returns_policies_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Random and not counted: what is rolled back must never come again as the stamp of something else.
    UPDATE returns_policystamp SET stamp = gen_random_uuid();
    RETURN NULL;
END $$;
CREATE TRIGGER policies_changed AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE ON returns_returnpolicy
    FOR EACH STATEMENT EXECUTE FUNCTION returns_policies_changed();
"""
REMOVE = """
DROP TRIGGER policies_changed ON returns_returnpolicy;
DROP FUNCTION returns_policies_changed();
"""


class Migration(migrations.Migration):
    """A stamp that changes with every change of a policy, so that processes may remember what they read."""

    dependencies = [
        ("returns", "0031_delivery_of_an_order_line"),
    ]

    operations = [
        migrations.CreateModel(
            name="PolicyStamp",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("stamp", models.UUIDField()),
            ],
        ),
        migrations.RunSQL(INSTALL, REMOVE),
    ]

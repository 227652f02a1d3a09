from django.db import migrations, models

INSTALL = """
INSERT INTO connectors_routingstamp (id, stamp) VALUES (1, gen_random_uuid());
CREATE FUNCTION connectors_routing_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Random and not counted: what is rolled back must never come again as the stamp of something else.
    UPDATE connectors_routingstamp SET stamp = gen_random_uuid();
    RETURN NULL;
END $$;
CREATE TRIGGER connection_routes_changed AFTER INSERT OR DELETE OR TRUNCATE
    OR UPDATE OF destination_id, vendor, name, regions, brands, channels, config ON connectors_connection
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_routing_changed();
CREATE TRIGGER endpoint_routes_changed AFTER INSERT OR DELETE OR TRUNCATE
    OR UPDATE OF destination_id, types, regions, brands, disabled_at ON connectors_webhookendpoint
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_routing_changed();
CREATE TRIGGER destination_routes_changed AFTER UPDATE OF retired_at ON events_destination
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_routing_changed();
"""
REMOVE = """
DROP TRIGGER destination_routes_changed ON events_destination;
DROP TRIGGER endpoint_routes_changed ON connectors_webhookendpoint;
DROP TRIGGER connection_routes_changed ON connectors_connection;
DROP FUNCTION connectors_routing_changed();
"""


class Migration(migrations.Migration):
    """A stamp that changes with everything that routing reads, so that processes may remember what they read."""

    dependencies = [
        ("connectors", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="RoutingStamp",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("stamp", models.UUIDField()),
            ],
        ),
        migrations.RunSQL(INSTALL, REMOVE),
    ]

from django.db import migrations

# Each change of a return adds what it takes away from one quarter of an hour and gives to another; nothing waits.
INSTALL = """
CREATE FUNCTION returns_flow_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO returns_returnflow (at, region, brand, came, went, folded)
    SELECT date_bin('15 minutes', at, 'epoch'), region, brand, sum(came), sum(went), false
      FROM (SELECT NEW.requested_at AS at, NEW.region AS region, NEW.brand AS brand, 1 AS came, 0 AS went
             WHERE TG_OP <> 'DELETE'
            UNION ALL SELECT NEW.closed_at, NEW.region, NEW.brand, 0, 1 WHERE TG_OP <> 'DELETE'
            UNION ALL SELECT OLD.requested_at, OLD.region, OLD.brand, -1, 0 WHERE TG_OP <> 'INSERT'
            UNION ALL SELECT OLD.closed_at, OLD.region, OLD.brand, 0, -1 WHERE TG_OP <> 'INSERT') change
     WHERE at IS NOT NULL
     GROUP BY 1, 2, 3 HAVING sum(came) <> 0 OR sum(went) <> 0;
    RETURN NULL;
END $$;
CREATE TRIGGER return_flow_counted AFTER INSERT OR DELETE ON returns_return
    FOR EACH ROW EXECUTE FUNCTION returns_flow_counted();
CREATE TRIGGER return_flow_moved AFTER UPDATE ON returns_return
    FOR EACH ROW WHEN ((OLD.requested_at, OLD.closed_at, OLD.region, OLD.brand)
                       IS DISTINCT FROM (NEW.requested_at, NEW.closed_at, NEW.region, NEW.brand))
    EXECUTE FUNCTION returns_flow_counted();
-- Triggers that are made hold returns still until this commits: none is counted twice or not at all.
INSERT INTO returns_returnflow (at, region, brand, came, went, folded)
SELECT at, region, brand, sum(came), sum(went), true FROM (
    SELECT date_bin('15 minutes', requested_at, 'epoch') AS at, region, brand, 1 AS came, 0 AS went FROM returns_return
    UNION ALL
    SELECT date_bin('15 minutes', closed_at, 'epoch'), region, brand, 0, 1 FROM returns_return
     WHERE closed_at IS NOT NULL) each
 GROUP BY at, region, brand;
"""
REMOVE = """
DROP TRIGGER return_flow_counted ON returns_return;
DROP TRIGGER return_flow_moved ON returns_return;
DROP FUNCTION returns_flow_counted();
DELETE FROM returns_returnflow;
"""


class Migration(migrations.Migration):
    """Returns so far are counted, and from here on each is when it changes."""

    dependencies = [("returns", "0034_flow_of_returns")]
    operations = [migrations.RunSQL(INSTALL, REMOVE)]

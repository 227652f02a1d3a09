from django.db import migrations


def _deliveries(table: str, sign: int) -> str:
    """Return what the rows of a table of deliveries add to the hours in which they ended."""
    return f"""
        SELECT d.finished_at AS at, e.region, e.brand, e.channel, d.destination_id, {sign} AS ended,
               CASE WHEN d.status = 'delivered' AND d.attempt_no = 1 THEN {sign} ELSE 0 END AS at_once
          FROM {table} d JOIN events_destination s ON s.id = d.destination_id AND s.kind <> 'handler'
          JOIN events_event e ON e.id = d.event_id
         WHERE d.finished_at IS NOT NULL AND d.status IN ('delivered', 'dead')"""


def _clocks(table: str, sign: int) -> str:
    """Return the same of clocks that were met."""
    return f"""
        SELECT c.ended_at AS at, c.name, c.region, c.brand, c.channel, c.connection, {sign} AS met,
               CASE WHEN c.breached_at IS NULL THEN {sign} ELSE 0 END AS kept
          FROM {table} c WHERE c.state = 'met'"""


def _added(rows: str, table: str, cell: str, sums: tuple[str, str], folded: bool = False) -> str:
    """Return the statement that adds the rows to their hours; what does not change adds none."""
    first, second = sums
    places = ", ".join(str(number + 1) for number in range(len(cell.split(", ")) + 1))
    return f"""
    INSERT INTO {table} (at, {cell}, {first}, {second}, folded)
    SELECT date_bin('1 hour', at, 'epoch'), {cell}, sum({first}), sum({second}), {str(folded).lower()}
      FROM ({rows}) change GROUP BY {places} HAVING sum({first}) <> 0 OR sum({second}) <> 0;"""


DELIVERIES = ("workbench_deliveryflow", "region, brand, channel, destination_id", ("ended", "at_once"))
CLOCKS = ("workbench_clockflow", "name, region, brand, channel, connection", ("met", "kept"))
OF_CLOCK = ("state", "ended_at", "breached_at", "name", "region", "brand", "channel", "connection")


def _row(name: str) -> str:
    return f"({', '.join(f'{name}.{column}' for column in OF_CLOCK)})"


# Deliveries end in batches: one row for each hour and scope of a statement. What is neither ended before nor after is
# inserted and leaves again without a function being called.
INSTALL = f"""
CREATE FUNCTION workbench_deliveries_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{_added(_deliveries("came", 1) + " UNION ALL " + _deliveries("gone", -1), *DELIVERIES)}
    RETURN NULL;
END $$;
CREATE FUNCTION workbench_delivery_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN{_added(_deliveries("(SELECT NEW.*)", 1), *DELIVERIES)}
    ELSE{_added(_deliveries("(SELECT OLD.*)", -1), *DELIVERIES)}
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION workbench_clock_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN{_added(_clocks("(SELECT NEW.*)", 1), *CLOCKS)}
    ELSIF TG_OP = 'DELETE' THEN{_added(_clocks("(SELECT OLD.*)", -1), *CLOCKS)}
    ELSE{_added(_clocks("(SELECT NEW.*)", 1) + " UNION ALL " + _clocks("(SELECT OLD.*)", -1), *CLOCKS)}
    END IF;
    RETURN NULL;
END $$;

-- All of it from the rows as they are; whoever writes them meanwhile waits.
CREATE FUNCTION workbench_deliveries_anew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE events_delivery IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM workbench_deliveryflow;{_added(_deliveries("events_delivery", 1), *DELIVERIES, folded=True)}
END $$;
CREATE FUNCTION workbench_clocks_anew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE sla_slaclock IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM workbench_clockflow;{_added(_clocks("sla_slaclock", 1), *CLOCKS, folded=True)}
END $$;

CREATE TRIGGER flow_counted_new AFTER INSERT ON events_delivery
    FOR EACH ROW WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION workbench_delivery_counted();
CREATE TRIGGER flow_counted_end AFTER DELETE ON events_delivery
    FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL) EXECUTE FUNCTION workbench_delivery_counted();
CREATE TRIGGER flow_counted_change AFTER UPDATE ON events_delivery REFERENCING OLD TABLE AS gone NEW TABLE AS came
    FOR EACH STATEMENT EXECUTE FUNCTION workbench_deliveries_moved();
CREATE TRIGGER flow_counted_new AFTER INSERT ON sla_slaclock
    FOR EACH ROW WHEN (NEW.state = 'met') EXECUTE FUNCTION workbench_clock_counted();
CREATE TRIGGER flow_counted_end AFTER DELETE ON sla_slaclock
    FOR EACH ROW WHEN (OLD.state = 'met') EXECUTE FUNCTION workbench_clock_counted();
CREATE TRIGGER flow_counted_change AFTER UPDATE ON sla_slaclock
    FOR EACH ROW WHEN ((OLD.state = 'met' OR NEW.state = 'met') AND {_row("OLD")} IS DISTINCT FROM {_row("NEW")})
    EXECUTE FUNCTION workbench_clock_counted();
"""
REMOVE = """
DROP TRIGGER flow_counted_new ON events_delivery;
DROP TRIGGER flow_counted_end ON events_delivery;
DROP TRIGGER flow_counted_change ON events_delivery;
DROP TRIGGER flow_counted_new ON sla_slaclock;
DROP TRIGGER flow_counted_end ON sla_slaclock;
DROP TRIGGER flow_counted_change ON sla_slaclock;
DROP FUNCTION workbench_deliveries_anew;
DROP FUNCTION workbench_clocks_anew;
DROP FUNCTION workbench_deliveries_moved;
DROP FUNCTION workbench_delivery_counted;
DROP FUNCTION workbench_clock_counted;
DELETE FROM workbench_deliveryflow;
DELETE FROM workbench_clockflow;
"""


class Migration(migrations.Migration):
    """From here on each delivery that ends and each clock that is met is counted, and those so far are.

    Triggers that are made hold deliveries and clocks still until this commits: none is counted twice or not at all.
    """

    dependencies = [
        ("workbench", "0010_flows_of_deliveries_and_clocks"),
        ("events", "0016_trace_of_the_caller"),
        ("sla", "0009_clocks_in_time"),
    ]
    operations = [
        migrations.RunSQL(INSTALL, REMOVE),
        migrations.RunSQL("SELECT workbench_deliveries_anew(), workbench_clocks_anew()", migrations.RunSQL.noop),
    ]

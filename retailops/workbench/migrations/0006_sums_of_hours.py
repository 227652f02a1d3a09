from django.db import migrations, models

CELL = "at, region, brand, channel, gateway, currency"
SUMS = ("asked", "completed", "settled", "untouched", "refunded", "ended")


def _rows(table: str, sign: int) -> str:
    """Return what the rows of a table of times add to the hours that they lie in."""
    place = "region, brand, channel, gateway, currency"
    return f"""
        SELECT requested_at AS at, {place}, {sign} AS asked,
               CASE WHEN settled_at IS NULL THEN 0 ELSE {sign} END AS completed, 0 AS settled, 0 AS untouched,
               0 AS refunded, 0 AS ended FROM {table}
        UNION ALL
        SELECT settled_at, {place}, 0, 0, {sign}, CASE WHEN touched THEN 0 ELSE {sign} END, {sign} * refunded, 0
          FROM {table} WHERE settled_at IS NOT NULL
        UNION ALL
        SELECT ended_at, {place}, 0, 0, 0, 0, 0, {sign} FROM {table} WHERE ended_at IS NOT NULL"""


def _summed(rows: str) -> str:
    """Return the statement that adds the rows to their hours, in the order of the key; what does not change is left."""
    sums = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
    added = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in SUMS)
    return f"""
    INSERT INTO workbench_returnsums AS kept ({CELL}, {", ".join(SUMS)})
    SELECT date_bin('1 hour', at, 'epoch'), region, brand, channel, gateway, currency, {sums}
      FROM ({rows}) change
     GROUP BY 1, 2, 3, 4, 5, 6 HAVING {" OR ".join(f"sum({name}) <> 0" for name in SUMS)} ORDER BY 1, 2, 3, 4, 5, 6
        ON CONFLICT ({CELL}) DO UPDATE SET {added};"""


FUNCTIONS = f"""
CREATE FUNCTION workbench_sums_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN{_summed(_rows("came", 1))}
    ELSIF TG_OP = 'DELETE' THEN{_summed(_rows("gone", -1))}
    ELSE{_summed(_rows("came", 1) + " UNION ALL " + _rows("gone", -1))}
    END IF;
    RETURN NULL;
END $$;

-- All of it from the times as they are; whoever writes times meanwhile waits.
CREATE FUNCTION workbench_sums_anew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE workbench_returntimes IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM workbench_returnsums;{_summed(_rows("workbench_returntimes", 1))}
END $$;

CREATE TRIGGER sums_follow_new AFTER INSERT ON workbench_returntimes REFERENCING NEW TABLE AS came
    FOR EACH STATEMENT EXECUTE FUNCTION workbench_sums_follow();
CREATE TRIGGER sums_follow_change AFTER UPDATE ON workbench_returntimes
    REFERENCING OLD TABLE AS gone NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION workbench_sums_follow();
CREATE TRIGGER sums_follow_end AFTER DELETE ON workbench_returntimes REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION workbench_sums_follow();
"""
NO_FUNCTIONS = """
DROP TRIGGER sums_follow_new ON workbench_returntimes;
DROP TRIGGER sums_follow_change ON workbench_returntimes;
DROP TRIGGER sums_follow_end ON workbench_returntimes;
DROP FUNCTION workbench_sums_anew;
DROP FUNCTION workbench_sums_follow;
"""


class Migration(migrations.Migration):
    """Returns by hour, kept by triggers in the transaction that writes the times."""

    dependencies = [("workbench", "0005_owed_by_return")]
    operations = [
        migrations.CreateModel(
            name="ReturnSums",
            fields=[
                ("pk", models.CompositePrimaryKey("at", "region", "brand", "channel", "gateway", "currency", blank=True, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("region", models.CharField(db_collation="C", max_length=32)),
                ("brand", models.CharField(db_collation="C", max_length=64)),
                ("channel", models.CharField(db_collation="C", max_length=64)),
                ("gateway", models.CharField(db_collation="C", max_length=100)),
                ("currency", models.CharField(db_collation="C", max_length=3)),
                ("asked", models.IntegerField()),
                ("completed", models.IntegerField()),
                ("settled", models.IntegerField()),
                ("untouched", models.IntegerField()),
                ("refunded", models.BigIntegerField()),
                ("ended", models.IntegerField()),
            ],
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
    ]

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

# Sixteen steps to each doubling: 4 percent wide, so that a bucket holds about a hundredth of a stage's lengths.
FUNCTIONS = """
CREATE FUNCTION workbench_bucket(length integer) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN floor(ln(length + 1.0::float8) * 23.083120654223414)::smallint;

-- The lengths of one bucket with those that came and without those that went (told as -1 - length), in order.
CREATE FUNCTION workbench_lengths_moved(kept integer[], moved integer[]) RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(
        SELECT told.length FROM (
            SELECT CASE WHEN x < 0 THEN -1 - x ELSE x END AS length, sum(CASE WHEN x < 0 THEN -1 ELSE 1 END)::int AS n
              FROM unnest(kept || moved) x GROUP BY 1
        ) told, generate_series(1, told.n) ORDER BY told.length
    );

CREATE FUNCTION workbench_lengths_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved text := '';
BEGIN
    IF TG_OP <> 'DELETE' THEN
        moved := 'SELECT 1 AS sign, * FROM came';
    END IF;
    IF TG_OP <> 'INSERT' THEN
        moved := concat_ws(' UNION ALL ', nullif(moved, ''), 'SELECT -1 AS sign, * FROM gone');
    END IF;
    EXECUTE format($told$
        INSERT INTO workbench_lengths AS kept (region, day, stage, bucket, channel, n, lengths)
        SELECT place, day, stage, workbench_bucket(length), channel, sum(sign(n))::int,
               array_agg(CASE WHEN n < 0 THEN -1 - length ELSE length END)
          FROM (
            SELECT place, stage, length, (settled_at AT TIME ZONE 'UTC')::date AS day, channel, sum(sign) AS n
              FROM (%s) r,
                   LATERAL (VALUES ('cycle', cycle), ('to_decision', to_decision), ('to_receipt', to_receipt),
                       ('to_inspection', to_inspection), ('to_refund', to_refund), ('to_settlement', to_settlement),
                       ('to_memo', to_memo)) l (stage, length),
                   unnest(ARRAY[region, '*']) place
             WHERE settled_at IS NOT NULL AND length IS NOT NULL
             GROUP BY place, stage, length, day, channel HAVING sum(sign) <> 0
          ) net, generate_series(1, abs(n))
         GROUP BY place, day, stage, workbench_bucket(length), channel
         ORDER BY 1, 2, 3, 4, 5
            ON CONFLICT (region, day, stage, bucket, channel) DO UPDATE
           SET n = cardinality(workbench_lengths_moved(kept.lengths, excluded.lengths)),
               lengths = workbench_lengths_moved(kept.lengths, excluded.lengths)
        $told$, moved);
    RETURN NULL;
END $$;

-- All of it from the times as they are, day by day; whoever writes times meanwhile waits.
CREATE FUNCTION workbench_lengths_anew() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    began date;
BEGIN
    LOCK TABLE workbench_returntimes IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM workbench_lengths;
    FOR began IN SELECT d::date FROM (SELECT min(settled_at) AS a, max(settled_at) AS z FROM workbench_returntimes) ends,
                        generate_series(date_trunc('day', a, 'UTC'), z, interval '1 day') d
    LOOP
        INSERT INTO workbench_lengths (region, day, stage, bucket, channel, n, lengths)
        SELECT place, began, stage, workbench_bucket(length), channel, count(*), array_agg(length ORDER BY length)
          FROM workbench_returntimes,
               LATERAL (VALUES ('cycle', cycle), ('to_decision', to_decision), ('to_receipt', to_receipt),
                   ('to_inspection', to_inspection), ('to_refund', to_refund), ('to_settlement', to_settlement),
                   ('to_memo', to_memo)) l (stage, length),
               unnest(ARRAY[region, '*']) place
         WHERE settled_at >= began::timestamp AT TIME ZONE 'UTC'
           AND settled_at < (began + 1)::timestamp AT TIME ZONE 'UTC' AND length IS NOT NULL
         GROUP BY 1, 3, 4, 5 ORDER BY 1, 3, 4, 5;
    END LOOP;
END $$;

CREATE TRIGGER lengths_follow_new AFTER INSERT ON workbench_returntimes REFERENCING NEW TABLE AS came
    FOR EACH STATEMENT EXECUTE FUNCTION workbench_lengths_follow();
CREATE TRIGGER lengths_follow_change AFTER UPDATE ON workbench_returntimes
    REFERENCING OLD TABLE AS gone NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION workbench_lengths_follow();
CREATE TRIGGER lengths_follow_end AFTER DELETE ON workbench_returntimes REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION workbench_lengths_follow();
"""
NO_FUNCTIONS = """
DROP TRIGGER lengths_follow_new ON workbench_returntimes;
DROP TRIGGER lengths_follow_change ON workbench_returntimes;
DROP TRIGGER lengths_follow_end ON workbench_returntimes;
DROP FUNCTION workbench_lengths_anew;
DROP FUNCTION workbench_lengths_follow;
DROP FUNCTION workbench_lengths_moved;
DROP FUNCTION workbench_bucket;
"""


class Migration(migrations.Migration):
    """The lengths of refunded returns by day and bucket, kept by triggers in the transaction that writes the times."""

    dependencies = [("workbench", "0001_return_times")]
    operations = [
        migrations.CreateModel(
            name="Lengths",
            fields=[
                ("pk", models.CompositePrimaryKey("region", "day", "stage", "bucket", "channel", blank=True, editable=False, primary_key=True, serialize=False)),
                ("region", models.CharField(db_collation="C", max_length=32)),
                ("stage", models.CharField(db_collation="C", max_length=16)),
                ("bucket", models.SmallIntegerField()),
                ("day", models.DateField()),
                ("channel", models.CharField(db_collation="C", max_length=64)),
                ("n", models.IntegerField()),
                ("lengths", ArrayField(base_field=models.IntegerField(), size=None)),
            ],
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
    ]

from django.db import migrations

# Each length with the time that places it.
STAGES = {
    "settled_at": ("cycle", "to_decision", "to_receipt", "to_inspection", "to_refund", "to_settlement", "to_memo"),
    "posted_at": ("erp_posting",),
    "placed_at": ("stock_sync",),
}


def _values(at: str) -> str:
    return ", ".join(f"('{stage}', {stage}, {at})" for stage in STAGES[at])


def _follow(values: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION workbench_lengths_follow() RETURNS trigger LANGUAGE plpgsql AS $$
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
            SELECT place, stage, length, (at AT TIME ZONE 'UTC')::date AS day, channel, sum(sign) AS n
              FROM (%s) r,
                   LATERAL (VALUES {values}) l (stage, length, at),
                   unnest(ARRAY[region, '*']) place
             WHERE at IS NOT NULL AND length IS NOT NULL
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
"""


def _again(at: str) -> str:
    """Return the function that writes the lengths of one time anew, day by day; writers of times wait meanwhile."""
    stages = ", ".join(f"'{stage}'" for stage in STAGES[at])
    return f"""
CREATE FUNCTION workbench_lengths_by_{at}() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    began date;
BEGIN
    LOCK TABLE workbench_returntimes IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM workbench_lengths WHERE stage IN ({stages});
    FOR began IN SELECT d::date FROM (SELECT min({at}) AS a, max({at}) AS z FROM workbench_returntimes) ends,
                        generate_series(date_trunc('day', a, 'UTC'), z, interval '1 day') d
    LOOP
        INSERT INTO workbench_lengths (region, day, stage, bucket, channel, n, lengths)
        SELECT place, began, stage, workbench_bucket(length), channel, count(*), array_agg(length ORDER BY length)
          FROM workbench_returntimes,
               LATERAL (VALUES {_values(at)}) l (stage, length, at),
               unnest(ARRAY[region, '*']) place
         WHERE {at} >= began::timestamp AT TIME ZONE 'UTC' AND {at} < (began + 1)::timestamp AT TIME ZONE 'UTC'
           AND length IS NOT NULL
         GROUP BY 1, 3, 4, 5 ORDER BY 1, 3, 4, 5;
    END LOOP;
END $$;
"""


FUNCTIONS = (
    _follow(", ".join(map(_values, STAGES)))
    + "".join(map(_again, STAGES))
    + f"""
CREATE OR REPLACE FUNCTION workbench_lengths_anew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    {" ".join(f"PERFORM workbench_lengths_by_{at}();" for at in STAGES)}
END $$;
"""
)
# Back to the stages of refunds alone; `anew` does the same for them.
NO_FUNCTIONS = (
    _follow(_values("settled_at"))
    + """
CREATE OR REPLACE FUNCTION workbench_lengths_anew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM workbench_lengths_by_settled_at();
END $$;
DELETE FROM workbench_lengths WHERE stage IN ('erp_posting', 'stock_sync');
DROP FUNCTION workbench_lengths_by_posted_at;
DROP FUNCTION workbench_lengths_by_placed_at;
"""
)


class Migration(migrations.Migration):
    """Lengths of posting and placing are kept in order as well, by the day of their own time."""

    dependencies = [("workbench", "0007_sums_of_what_there_is")]
    operations = [migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS)]

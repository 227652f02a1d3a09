"""What docs/invariants.md names as holding an invariant is in the database, and each of the twenty has its audits."""

import re
from pathlib import Path

import pytest
from django.db import connection

from retailops.lib.audit import audits

DOC = (Path(__file__).resolve().parents[2] / "docs" / "invariants.md").read_text()
ROWS = [line for line in DOC.splitlines() if re.match(r"\| \d+\. ", line)]
SECOND = "".join(row.split("|")[2] for row in ROWS)
NAMED = sorted(set(re.findall(r"`([a-z_]+)`", SECOND + DOC.split("Beside them")[1])))
COMMANDS = {"cancel_return"}

KNOWN = """
SELECT conname::text FROM pg_constraint UNION SELECT tgname::text FROM pg_trigger
UNION SELECT indexname::text FROM pg_indexes
UNION SELECT m[1] FROM pg_proc p, regexp_matches(p.prosrc, $$CONSTRAINT = '([a-z_]+)'$$, 'g') m
"""


@pytest.mark.django_db
def test_what_holds_an_invariant_is_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN)
        known = {row[0] for row in cursor.fetchall()}
    assert len(NAMED) > 30
    assert [name for name in NAMED if name not in known | COMMANDS] == []


def test_each_of_the_twenty_is_described_and_audited() -> None:
    described = [int(re.match(r"\| (\d+)\.", row)[1]) for row in ROWS]  # type: ignore[index]  # ROWS are those that match
    assert described == list(range(1, 21))
    assert {int(audit.invariant) for audit in audits() if audit.invariant} == set(described)

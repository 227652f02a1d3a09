"""The worker of a bulk operation is killed between two of its items, twice: nothing is lost, nothing is done twice."""

from tests.chaos.noting import TEXT
from tests.chaos.town import CHAOS, Town

pytestmark = CHAOS

COUNT = 600
DONE = "select count(*) from replays_bulkitem where operation_id = %(id)s and result = 'done'"
NOTED = """
    select n.case_id, count(*) as times from cases_casenote n join replays_bulkitem i on i.subject_id = n.case_id
    where i.operation_id = %(id)s and n.kind = 'note' and n.text = %(text)s group by 1
"""
STATUS = "select status from replays_bulkoperation where id = %(id)s"


def test_a_bulk_operation_outlives_its_worker(town: Town) -> None:
    begun = town.run("-m", "tests.chaos.noting", str(COUNT))
    assert begun.returncode == 0, begun.stderr
    id = begun.stdout.split()[-1]
    for reached in (COUNT // 6, COUNT // 2):
        town.until(lambda reached=reached: town.count(DONE, id=id) >= reached, f"{reached} are noted")  # type: ignore[misc]  # bound now
        town.kill("deliveries")
        assert town.count(DONE, id=id) < COUNT, "it was over before the worker died"
    town.until(lambda: town.sql(STATUS, id=id)[0]["status"] == "finished", "the operation is finished", 120)
    assert town.count(DONE, id=id) == COUNT
    noted = town.sql(NOTED, id=id, text=TEXT)
    assert (len(noted), {row["times"] for row in noted}) == (COUNT, {1})
    audit = town.prove("audit")["audit"]
    assert audit[0] == 0, audit[1]

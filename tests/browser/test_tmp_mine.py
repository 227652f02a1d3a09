import pytest
from tests.browser.test_every_page import *  # noqa
from tests.browser.test_every_page import _operations
from tests.workbench import world as w
from retailops.replays.services import execute_plan
from retailops.replays.models import BulkItem

del test_every_page_is_accessible_and_fits, test_the_sign_in_page_is_accessible_and_fits, test_open_dialogs_are_accessible  # noqa

WANT = ("again", "again-all", "operations", "operation", "plan-word", "plan-start", "plan-rules", "deliveries", "delivery", "running", "approvals")

def test_mine(open_as, admin, tmp_path):
    from pathlib import Path
    out = Path("/tmp/plans_shots"); out.mkdir(exist_ok=True)
    story = w.Story.told()
    some = [w.stopped(w.received(), story.connection, amount=4599 + n, lane_key=f"l{n}") for n in range(6)]
    story.plan
    ran = w.planned(*some)
    for n, item in enumerate(ran.items.order_by("position")):
        r = ["delivered", "failed", "left_out", "changed", "already_done", ""][n]
        if r:
            item.stage, item.result, item.detail, item.done_at = "done", r, "The charge is disputed." if r == "failed" else "", ran.planned_at
            item.save()
    from retailops.replays.models import BulkOperation
    BulkOperation.objects.filter(pk=ran.pk).update(status="stopped", executed_by=ran.requested_by, executed_at=ran.planned_at, executed_hash=ran.hash, ended_at=ran.planned_at, ended_reason="1 of the last 1 tries failed in wave 1 of the canary; it stops at 20 %.")
    page = open_as(admin, "/", viewport=DESK, reduced_motion="reduce")
    faults = {}
    all_ = {**_operations(story), "running": f"/operations/{ran.id}/"}
    for name in WANT:
        page.set_viewport_size(LOOKS["light"]["viewport"]); page.emulate_media(color_scheme="light")
        answer = page.goto(all_[name])
        found = [] if answer.status == 200 else [str(answer.status)]
        for look, check in CHECKS.items():
            page.set_viewport_size(LOOKS[look]["viewport"]); page.emulate_media(color_scheme=LOOKS[look]["color_scheme"])
            found += [f"{look}: {f}" for f in check(page)]
            page.wait_for_load_state("networkidle")
            picture(page, out / f"{name}-{look}.png")
        if found: faults[name] = found
    assert faults == {}

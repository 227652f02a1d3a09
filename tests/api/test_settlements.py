"""Settlement files and matches on the wire."""

from django.core.files.uploadedfile import SimpleUploadedFile

from reconciliation.models import ImportFile
from reconciliation.services.reconciling import reconcile
from tests.api.answers import Reply
from tests.api.conftest import Api
from tests.factories import SYSTEM
from tests.reconciliation.expected import sent
from tests.reconciliation.files import STRIPE, csv_of, stripe_row
from tests.workbench.counting import counts


def upload(api: Api, content: bytes, **told: str) -> Reply:
    """Send a file of Stripe."""
    file = SimpleUploadedFile("payouts.csv", content, content_type="text/csv")
    return api._send("post", "/settlements", data={"source": "stripe", "file": file, **told})


def test_a_file_is_taken_in_once_and_what_it_matches_is_listed(api: Api, stranger: Api, powerless: Api) -> None:
    refund = sent()
    content = csv_of(STRIPE, [stripe_row("t1", "-10.00", refund.effect_key)])
    told = upload(api, content, account="acct_1").ok(201)
    assert (told["source"], told["account"], told["lines"], told["fates"]) == ("stripe", "acct_1", 1, {"item": 1})
    assert upload(api, content, account="acct_1").ok(200)["id"] == told["id"]
    assert api.get(f"/settlements/{told['id']}").ok()["computed"]["net GBP"] == -1000
    assert [row["id"] for row in api.get("/settlements", source="stripe").ok()["results"]] == [told["id"]]
    reconcile(actor=SYSTEM)
    [match] = api.get("/matches", refund_id=str(refund.id)).ok()["results"]
    assert (match["stage"], match["key_type"], match["reverses"]) == ("exact", "refund", None)
    assert [(row["side"], row["amount"], row["currency"]) for row in match["items"]] == [
        ("E", -1000, "GBP"), ("A", -1000, "GBP"),
    ]  # fmt: skip
    assert stranger.get("/settlements").ok()["results"] == []
    assert stranger.get("/matches").ok()["results"] == []
    for path in ("/settlements", "/matches"):
        powerless.get(path).problem(403, "denied")


def test_refusals_keep_nothing(api: Api, stranger: Api, powerless: Api) -> None:
    good = csv_of(STRIPE, [stripe_row("t1", "-10.00")])
    wrong = csv_of(STRIPE, [stripe_row("t1", "-10.00", net="-9.00")])
    before = counts()
    told = upload(api, wrong).problem(422, "control-total-failed")
    assert (told["line"], told["declared"], told["computed"]) == (2, -900, -1000)
    upload(api, b"a,b\n").problem(400, "file-not-readable")
    upload(api, good, source="nobody").problem(400, "invalid")
    upload(api, good, time_zone="Nowhere/At_all").problem(400, "invalid")
    upload(api, good, mapping="{").problem(400, "invalid")
    upload(api, good, color="red").problem(400, "invalid")
    assert api.post("/settlements", {"source": "stripe"}).status == 415
    upload(stranger, good).problem(403, "denied")
    upload(powerless, good).problem(403, "denied")
    after = counts()
    assert {**after, "events_idempotencyrecord": 0} == {**before, "events_idempotencyrecord": 0}
    assert not ImportFile.objects.exists()

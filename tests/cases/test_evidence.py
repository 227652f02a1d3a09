"""Files of evidence: taken for what their bytes are, kept once, seen within scope, never changed."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from retailops.accounts.permissions import Permission
from retailops.cases import evidence
from retailops.cases.evidence import Upload, access_evidence, add_evidence, content_of, digest_of, evidence_of, sniff
from retailops.cases.models import EVIDENCE_LIMIT, EvidenceContent, EvidenceFile
from retailops.events.models import Event
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound, Unprocessable
from tests.factories import SYSTEM, actor_with, everyone_with, make_return
from tests.returns.proofs import breaches

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 16


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + b"0" * 9, "image/jpeg"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7\n", "application/pdf"),
        ("Größe stimmt nicht\n".encode(), "text/plain"),
        (b"<html><script>alert(1)</script>", ""),
        (b"\xef\xbb\xbf <svg xmlns='x'/>", ""),
        (b"MZ\x90\x00\x03", ""),
        (b"PK\x03\x04", ""),
        (b"\x00\x01", ""),
        (b"RIFF\x10\x00\x00\x00WAVE", ""),
    ],
    ids=["png", "jpeg", "gif", "webp", "pdf", "text", "html", "svg", "exe", "zip", "nul", "wave"],
)
def test_a_file_is_what_its_bytes_are(data: bytes, found: str) -> None:
    assert sniff(data) == found


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("photo.png", "photo.png"),
        ("invoice.exe", "invoice.png"),
        ("../../etc/passwd", "passwd.png"),
        ('C:\\Users\\x\\a"b\r\n.html', "a_b__.png"),
        ("", "file.png"),
        ("ü" * 300, "ü" * 100 + ".png"),
    ],
    ids=["plain", "other ending", "path", "header", "empty", "long"],
)
def test_names_are_made_harmless(name: str, kept: str) -> None:
    file = add_evidence(actor=SYSTEM, subject_type="return", subject_id=make_return().id, upload=Upload(name, PNG))
    assert file.name == kept


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "evidence-size"), (PNG + b"0" * EVIDENCE_LIMIT, "evidence-size"), (b"MZ\x90\x00", "evidence-type")],
    ids=["empty", "large", "program"],
)
def test_what_is_not_kept_leaves_nothing(data: bytes, code: str) -> None:
    rma = make_return()
    before = Event.objects.count()
    with pytest.raises(Invalid) as refused:
        add_evidence(actor=SYSTEM, subject_type="return", subject_id=rma.id, upload=Upload("a.png", data))
    assert refused.value.code == code
    assert (EvidenceFile.objects.count(), Event.objects.count()) == (0, before)


def test_the_same_content_is_one_file_of_its_subject() -> None:
    rma, other = make_return(), make_return()
    first = add_evidence(actor=SYSTEM, subject_type="return", subject_id=rma.id, upload=Upload("a.png", PNG))
    again = add_evidence(actor=SYSTEM, subject_type="return", subject_id=rma.id, upload=Upload("b.png", PNG))
    elsewhere = add_evidence(actor=SYSTEM, subject_type="return", subject_id=other.id, upload=Upload("a.png", PNG))
    assert (first, EvidenceFile.objects.count(), elsewhere.sha256) == (again, 2, first.sha256)
    assert Event.objects.filter(type="evidence.added").count() == 2
    assert (content_of(first), evidence_of(SYSTEM, "return", rma.id)) == (PNG, [first])
    assert digest_of([first])["hash"] == digest_of([elsewhere])["hash"] != digest_of([])["hash"]


def test_a_thing_takes_so_many_files_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST_FILES", 1)
    rma = make_return()
    add_evidence(actor=SYSTEM, subject_type="return", subject_id=rma.id, upload=Upload("a.txt", b"one"))
    with pytest.raises(Unprocessable):
        add_evidence(actor=SYSTEM, subject_type="return", subject_id=rma.id, upload=Upload("a.txt", b"two"))


def test_three_persons() -> None:
    rma = make_return()
    allowed, elsewhere, nobody = everyone_with(Permission.REFUNDS_PROPOSE, Permission.RETURNS_VIEW)
    looker = actor_with(Permission.RETURNS_VIEW)
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound), (looker, Denied)):
        with pytest.raises(error):
            add_evidence(actor=actor, subject_type="return", subject_id=rma.id, upload=Upload("a.png", PNG))
    file = add_evidence(actor=allowed, subject_type="return", subject_id=rma.id, upload=Upload("a.png", PNG))
    assert access_evidence(looker, file.id) == file
    for actor in (elsewhere, nobody):
        with pytest.raises(NotFound):
            access_evidence(actor, file.id)
    for kind, subject_id in (("return", uuid4()), ("spaceship", rma.id)):
        with pytest.raises(NotFound):
            evidence_of(SYSTEM, kind, subject_id)


def test_nothing_of_it_is_changed_or_deleted() -> None:
    file = add_evidence(actor=SYSTEM, subject_type="return", subject_id=make_return().id, upload=Upload("a.png", PNG))
    for rows in (EvidenceFile.objects.filter(pk=file.pk), EvidenceContent.objects.filter(pk=file.pk)):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {rows.model._meta.db_table}")  # noqa: S608  # a table of ours
    with pytest.raises(IntegrityError), transaction.atomic():
        EvidenceFile.objects.filter(pk=file.pk).update(name="other.png")
    with pytest.raises(IntegrityError), transaction.atomic():
        EvidenceContent.objects.filter(pk=file.pk).update(data=b"other")


def test_content_that_was_forged_is_not_given_out_and_the_audit_finds_it() -> None:
    file = add_evidence(actor=SYSTEM, subject_type="return", subject_id=make_return().id, upload=Upload("a.png", PNG))
    assert breaches("evidence is what was kept") == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers
        cursor.execute("UPDATE cases_evidencecontent SET data = %s", [PNG + b"1"])
    with pytest.raises(Conflict):
        content_of(file)
    assert len(breaches("evidence is what was kept")) == 1

"""An export proves itself: whatever is altered, removed or added in it is found, and the row is named."""

import io
import json
import zipfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from retailops.accounts.actor import Actor
from retailops.accounts.api_keys import issue_api_key
from retailops.accounts.audit import keep_denial
from retailops.accounts.models import ApiClient
from retailops.audit_log import export as exporting
from retailops.audit_log.chain import digest, links
from retailops.audit_log.export import export_log
from retailops.audit_log.query import AuditQuery
from retailops.events.models import Event
from retailops.lib.errors import Denied, Unprocessable
from tests.api.conftest import Api
from tests.workbench import world

pytestmark = pytest.mark.django_db
Files = dict[str, bytes]


@pytest.fixture
def auditor() -> Actor:
    return world.person("auditor", name="Audrey Lund").actor()


@pytest.fixture
def bundle(auditor: Actor, tmp_path: Path) -> Path:
    """Return the export of two returns and three denied attempts."""
    world.requested("GB")
    world.requested("FR")
    for path in ("/a", "/a", "/b"):
        keep_denial("user:x", "POST", path, "not permitted")
    return saved(export_log(auditor, AuditQuery()).file, tmp_path)


def saved(file: Any, folder: Path) -> Path:
    path = folder / "audit.zip"
    with file:
        path.write_bytes(file.read())
    return path


def files(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path: Path, change: Callable[[Files], None]) -> Path:
    content = files(path)
    change(content)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def verdict(path: Path, *more: str) -> str:
    """Return what the command says: its faults, or that all holds."""
    out = StringIO()
    try:
        call_command("verify_export", str(path), *more, stdout=out)
    except CommandError as refused:
        return str(refused)
    return out.getvalue().strip()


def rows(content: Files, name: str = "events.jsonl") -> list[bytes]:
    return content[name].split(b"\n")[:-1]


def put(content: Files, lines: list[bytes], name: str = "events.jsonl") -> None:
    content[name] = b"".join(line + b"\n" for line in lines)


def test_a_bundle_holds_every_row_with_its_proofs(bundle: Path, auditor: Actor) -> None:
    content = files(bundle)
    manifest = json.loads(content["manifest.json"])
    told = Event.objects.get(type="audit.exported")
    assert told.actor == auditor.key
    assert told.data["manifest_sha256"] == digest(content["manifest.json"].decode())
    exported = Event.objects.exclude(pk=told.pk).order_by("position")
    assert [json.loads(line)["id"] for line in rows(content)] == [str(event.id) for event in exported]
    assert len(rows(content)) == manifest["files"]["events.jsonl"]["rows"] == told.data["events"] > 2
    assert [json.loads(line)["count"] for line in rows(content, "denied.jsonl")] == [2, 1]
    assert (manifest["made_by"], manifest["made_by_name"], manifest["filter"]) == (
        auditor.key,
        "Audrey Lund",
        {},
    )
    assert verdict(bundle) == "audit.zip: nothing was altered, removed or added"


def altered(content: Files) -> None:
    lines = rows(content)
    lines[1] = lines[1].replace(b'"version":1', b'"version":2')
    put(content, lines)


def removed(content: Files) -> None:
    put(content, [line for n, line in enumerate(rows(content)) if n != 1])


def last_removed(content: Files) -> None:
    put(content, rows(content)[:-1])


def all_removed(content: Files) -> None:
    put(content, [])


def added(content: Files) -> None:
    lines = rows(content)
    put(content, [*lines[:2], b'{"id":"new"}', *lines[2:]])


def added_at_the_end(content: Files) -> None:
    put(content, [*rows(content), b'{"id":"new"}'])


def swapped(content: Files) -> None:
    lines = rows(content)
    put(content, [lines[1], lines[0], *lines[2:]])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (altered, "row 2 was altered"), (removed, "row 2 was removed"), (added, "row 3 was added"),
        (all_removed, "row 1 was removed"), (swapped, "row 1 was altered"),
    ],
)  # fmt: skip
def test_the_first_row_that_was_tampered_with_is_named(bundle: Path, change: Any, said: str) -> None:
    faults = verdict(rewritten(bundle, change))
    assert faults.startswith(f"events.jsonl: {said}")


def test_the_end_is_guarded_too(bundle: Path) -> None:
    count = len(rows(files(bundle)))
    original = bundle.read_bytes()
    assert f"row {count} was removed" in verdict(rewritten(bundle, last_removed))
    bundle.write_bytes(original)
    assert f"row {count + 1} was added" in verdict(rewritten(bundle, added_at_the_end))


def test_whoever_forges_the_links_as_well_is_found(bundle: Path) -> None:
    def forge(content: Files) -> None:
        altered(content)
        forged = "".join(f"{link}\n" for link in links(line.decode() for line in rows(content)))
        content["events.links"] = forged.encode()

    faults = verdict(rewritten(bundle, forge))
    assert "events.links is not the one that was exported" in faults
    assert "the chain does not end as the manifest says" in faults


def test_whoever_forges_the_manifest_as_well_is_found(bundle: Path, auditor: Actor) -> None:
    right = Event.objects.get(type="audit.exported").data["manifest_sha256"]

    def forge(content: Files) -> None:
        import hashlib

        altered(content)
        chain = list(links(line.decode() for line in rows(content)))
        content["events.links"] = "".join(f"{link}\n" for link in chain).encode()
        manifest = json.loads(content["manifest.json"])
        manifest["files"]["events.jsonl"] |= {
            "sha256": hashlib.sha256(content["events.jsonl"]).hexdigest(), "chain": chain[-1].chain,
            "links_sha256": hashlib.sha256(content["events.links"]).hexdigest(),
        }  # fmt: skip
        content["manifest.json"] = json.dumps(manifest).encode()

    forged = rewritten(bundle, forge)
    assert verdict(forged) == "manifest.json is not the one that was exported"
    assert verdict(forged, "--manifest-sha256", right) == "manifest.json is not the one that was exported"


def test_elsewhere_the_hash_of_the_manifest_is_needed(bundle: Path) -> None:
    told = Event.objects.get(type="audit.exported").data["manifest_sha256"]
    content = files(bundle)
    content["manifest.json"] = content["manifest.json"].replace(b'"export_id": "0', b'"export_id": "f')
    elsewhere = rewritten(bundle, lambda kept: kept.update(content))
    assert "the manifest itself is not proved" in verdict(elsewhere)
    assert "not the one that was exported" in verdict(elsewhere, "--manifest-sha256", told)


@pytest.mark.parametrize("broken", [b"", b"PK", b"not a zip"])
def test_what_is_no_bundle_is_told(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(broken)
    assert "cannot be read" in verdict(path)


def test_an_export_stays_within_the_region_and_the_permission(tmp_path: Path) -> None:
    british, french = world.requested("GB"), world.requested("FR")
    keep_denial("user:x", "POST", "/a", "no")
    local = world.person("auditor", regions=["FR"]).actor()
    content = files(saved(export_log(local, AuditQuery()).file, tmp_path))
    text = content["events.jsonl"].decode()
    assert french.number in text
    assert british.number not in text
    assert content["denied.jsonl"] == b""
    before = Event.objects.count()
    for role in ("ops_lead", "manager", ""):
        with pytest.raises(Denied):
            export_log(world.person(role).actor(), AuditQuery())
    assert Event.objects.count() == before


def test_too_many_rows_are_refused_and_not_cut(auditor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    world.requested("GB")
    monkeypatch.setattr(exporting, "MOST_ROWS", 1)
    with pytest.raises(Unprocessable, match="narrow the time"):
        export_log(auditor, AuditQuery())
    assert not Event.objects.filter(type="audit.exported").exists()


def test_the_page_and_the_api_send_the_same_bundle(auditor: Actor, tmp_path: Path) -> None:
    rma = world.requested("GB")
    person = world.person("auditor")
    browser = world.signed_in(person)
    assert "That you took it is recorded." in browser.get("/audit/export/", {"about": rma.number}).content.decode()
    answer = browser.post(f"/audit/export/?about={rma.number}")
    assert answer["Content-Type"] == "application/zip"
    path = tmp_path / "page.zip"
    path.write_bytes(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert "nothing was altered" in verdict(path)
    assert json.loads(files(path)["manifest.json"])["filter"] == {"about": rma.number}
    client, key = issue_api_key("archive", ["audit:export"])
    sent = Api(ApiClient(), key).post("/audit-exports", {"about": rma.number})
    raw = b"".join(sent.response.streaming_content)
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.read("events.jsonl") == files(path)["events.jsonl"]
    told = Event.objects.filter(type="audit.exported").order_by("position")
    assert [event.actor for event in told] == [person.actor_key, client.actor().key]

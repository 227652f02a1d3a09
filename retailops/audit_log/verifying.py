"""Check a bundle: is each file what the manifest says, and if not, which row was altered, removed or added."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from retailops.audit_log.chain import GENESIS, digest, first_tampering
from retailops.audit_log.export import FORMAT, links_name
from retailops.events.models import Event


def faults_of(path: Path, manifest_sha256: str = "") -> list[str]:
    """Return what is wrong with the bundle, in words; nothing where it is what left the log.

    The manifest is proved by `manifest_sha256`, or by the event of the export where this database has it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return list(_faults(archive, manifest_sha256))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, UnicodeDecodeError) as broken:
        return [f"the bundle cannot be read: {broken}"]


def _faults(archive: zipfile.ZipFile, manifest_sha256: str) -> Iterator[str]:
    text = archive.read("manifest.json").decode()
    manifest = json.loads(text)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        yield f"manifest.json is not of the format {FORMAT}"
        return
    told = manifest_sha256 or told_hash(manifest)
    if not told:
        yield "no event of this export is here, and no hash was given: the manifest itself is not proved"
    elif told != digest(text):
        yield "manifest.json is not the one that was exported"
    for name, wanted in manifest["files"].items():
        yield from _faults_of_file(archive, name, wanted)


def told_hash(manifest: dict[str, Any]) -> str:
    """Return the hash of the manifest that the event of the export holds, or nothing."""
    rows = Event.objects.filter(type="audit.exported", data__export_id=manifest.get("export_id", ""))
    return str(rows.values_list("data__manifest_sha256", flat=True).first() or "")


def _faults_of_file(archive: zipfile.ZipFile, name: str, wanted: dict[str, Any]) -> Iterator[str]:
    raw, proofs = archive.read(name), archive.read(links_name(name))
    links = proofs.decode().splitlines()
    if hashlib.sha256(proofs).hexdigest() != wanted["links_sha256"]:
        yield f"{links_name(name)} is not the one that was exported"
    if (links[-1].split(" ")[-1] if links else GENESIS) != wanted["chain"] or len(links) != wanted["rows"]:
        yield f"{name}: the chain does not end as the manifest says"
    lines = raw.decode().split("\n")[:-1]
    tampering = first_tampering(lines, links)
    if tampering:
        yield f"{name}: {tampering} ({len(lines)} rows are there, {wanted['rows']} were exported)"
    elif hashlib.sha256(raw).hexdigest() != wanted["sha256"]:
        yield f"{name} is not the one that was exported"

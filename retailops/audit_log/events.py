"""What is told of the audit log itself."""

from dataclasses import dataclass, field

from retailops.events.catalog import event


@event("audit.exported")
@dataclass(frozen=True)
class AuditExported:
    """A part of the audit log left as a bundle; `manifest_sha256` proves which one."""

    export_id: str
    manifest_sha256: str
    filter: dict[str, str] = field(default_factory=dict)
    events: int = 0
    denials: int = 0

"""Whom the embedded servers run as: PostgreSQL refuses root, so root hands them to an unprivileged account."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

PREFERRED_ACCOUNTS = ("postgres", "nobody", "daemon")


class Identity(TypedDict, total=False):
    """Keyword arguments of subprocess.Popen that switch to the account; empty when no switch is needed."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class ServerUser:
    """The account of the embedded servers; `switch` says whether a child must change to it (only root can)."""

    uid: int
    gid: int
    name: str
    switch: bool

    def identity(self) -> Identity:
        """What to pass to subprocess.Popen so that the child runs as this account and with none of root's groups."""
        return Identity(user=self.uid, group=self.gid, extra_groups=[]) if self.switch else Identity()

    def can_enter(self, folder: Path) -> bool:
        """Whether the account can reach the folder. Asked of the kernel, which also knows ACLs and mount options."""
        probe = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
        result = subprocess.run(probe, cwd="/", check=False, capture_output=True, **self.identity())  # noqa: S603 - every argv is built by this package
        return result.returncode == 0

    def own(self, folder: Path, mode: int = 0o700) -> None:
        """Create the folder if needed and make it this account's alone.

        Raises PermissionError where somebody else put a folder or a link in that place.
        """
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid not in {self.uid, os.geteuid()}:
            raise PermissionError(
                f"{folder} belongs to another account (uid {status.st_uid}); remove it and try again."
            )
        if self.switch:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(mode)


def current() -> ServerUser:
    """Return the account that runs this process."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return ServerUser(uid, os.getegid(), name, switch=False)


def choose(existing_data: Path) -> ServerUser:
    """Return the account for the servers: this one, or, for root, the owner of the data, else a usual one.

    Raises RuntimeError when root finds none of the usual accounts.
    """
    if os.geteuid() != 0:
        return current()
    if existing_data.exists() and (owner := existing_data.stat().st_uid) != 0:
        return _named(pwd.getpwuid(owner))
    for name in PREFERRED_ACCOUNTS:
        try:
            return _named(pwd.getpwnam(name))
        except KeyError:
            continue
    raise RuntimeError(
        "PostgreSQL does not run as root and none of the accounts "
        f"{', '.join(PREFERRED_ACCOUNTS)} exists here: run as a plain user, or set DATABASE_URL."
    )


def _named(entry: pwd.struct_passwd) -> ServerUser:
    return ServerUser(entry.pw_uid, entry.pw_gid, entry.pw_name, switch=True)

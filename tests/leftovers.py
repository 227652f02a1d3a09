"""Clear away what a killed test run left behind: its servers and their folders."""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

from retailops.lib.environment import EmbeddedServers
from retailops.runtime import children


def clear() -> None:
    """Stop the servers and remove the folders of test runs of this account whose process is gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"retailops-test-{os.getuid()}-*"):
        pid = folder.name.rpartition("-")[2]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            _clear(folder)


def _clear(folder: Path) -> None:
    servers = EmbeddedServers(folder)
    marks = {str(folder / "postgres"), str(servers.socket_dir / "redis.sock")}
    for process in psutil.process_iter(["cmdline"]):
        if process.info["cmdline"] and any(mark in part for part in process.info["cmdline"] for mark in marks):
            children.stop(process.pid)
    shutil.rmtree(servers.socket_dir, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)

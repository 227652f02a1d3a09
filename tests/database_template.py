"""One migrated template database for all test processes; each process's database is a copy of it.

The template's fingerprint covers every migration and the pinned dependencies, so that it is made anew only when they
change. It is kept as the comment on schema `public`, which a copy inherits: a test can see where its database is from.
Advisory locks on the maintenance database keep processes apart: one makes the template while the others wait, and two
runs on one server never take each other's database.
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

TEMPLATE_LOCK = 7_304_113_902
VACUUM_WAITS = 60  # half seconds


def fingerprint() -> str:
    """Return 16 hex digits over the migrations of every installed app and over requirements.txt."""
    digest = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes())
    for config in sorted(apps.get_app_configs(), key=lambda config: config.label):
        for path in sorted((Path(config.path) / "migrations").glob("*.py")):
            digest.update(f"{config.label}/{path.name}".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def database_from_template(worker: str = "") -> Iterator[str]:
    """Point Django's connection at a copy of the template for the block; yields its name. The template stays."""
    base = _base_name()
    with _maintenance() as admin:
        name = _claim_name(admin, "_".join(filter(None, ["test", base, worker])))
        _copy_template(admin, _template_name(), name)
        _use(name)
        yield name
    connection.close()
    _use(base)
    with _maintenance() as admin:
        _drop(admin, name)


def restore_database() -> None:
    """Make this process's database anew from the template: what was committed is gone, what migrations laid is back.

    Stands in for Django's flush, which truncates: append-only tables refuse that, and migrated rows would go too.
    """
    name = connection.settings_dict["NAME"]
    connection.close()
    with _maintenance() as admin:
        _drop(admin, name)
        _run(admin, "create database {} template {}", name, _template_name())


def comment_of(database: str) -> str:
    """Return the fingerprint that the database carries; nothing where it carries none or does not exist."""
    try:
        with _connect(database) as there:
            row = there.execute("select obj_description('public'::regnamespace, 'pg_namespace')").fetchone()
    except psycopg.OperationalError:
        return ""
    return str(row[0]) if row and row[0] else ""


def _template_name() -> str:
    return f"test_{_base_name()}_template"


def _base_name() -> str:
    # Not settings.DATABASES: Django's connection shares that dictionary, and its NAME is what we change.
    return str(conninfo_to_dict(settings.DATABASE_URL).get("dbname", "retailops"))


def _connect(database: str) -> "psycopg.Connection[Any]":
    parts = connection.get_connection_params()
    keep = {k: v for k, v in parts.items() if k in {"user", "password", "host", "port"} and v}
    return psycopg.connect(dbname=database, autocommit=True, **keep)


@contextmanager
def _maintenance() -> Iterator["psycopg.Connection[Any]"]:
    admin = _connect("postgres")
    try:
        yield admin
    finally:
        admin.close()


def _drop(admin: "psycopg.Connection[Any]", name: str) -> None:
    """Drop a database. The server's own vacuum may be in it: only a superuser ends that, and it ends by itself."""
    for left in reversed(range(VACUUM_WAITS)):
        try:
            _run(admin, "drop database if exists {} with (force)", name)
        except psycopg.errors.InsufficientPrivilege:
            if not left:
                raise
            time.sleep(0.5)
        else:
            return


def _run(admin: "psycopg.Connection[Any]", statement: LiteralString, *names: str) -> None:
    admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _claim_name(admin: "psycopg.Connection[Any]", wanted: str) -> str:
    """Return the first of wanted, wanted_2, … that no other run holds; it stays ours while `admin` is open."""
    for name in (wanted, *(f"{wanted}_{number}" for number in range(2, 50))):
        row = admin.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchone()
        if row and row[0]:
            return name
    raise RuntimeError(f"49 test runs hold databases named {wanted}")


def _copy_template(admin: "psycopg.Connection[Any]", template: str, name: str) -> None:
    admin.execute("select pg_advisory_lock(%s)", [TEMPLATE_LOCK])
    try:
        if comment_of(template) != fingerprint():
            _make_template(admin, template)
        _drop(admin, name)
        _run(admin, "create database {} template {}", name, template)
    finally:
        admin.execute("select pg_advisory_unlock(%s)", [TEMPLATE_LOCK])


def _make_template(admin: "psycopg.Connection[Any]", template: str) -> None:
    _drop(admin, template)
    _run(admin, "create database {}", template)
    _use(template)
    call_command("migrate", interactive=False, verbosity=0)
    connection.close()
    with _connect(template) as made:
        made.execute(sql.SQL("comment on schema public is {}").format(sql.Literal(fingerprint())))


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name

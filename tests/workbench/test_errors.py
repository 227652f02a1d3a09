"""What a person and a system get when something is not there, not allowed or broken."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, RequestFactory

from retailops.workbench.views import errors
from tests.workbench import world
from tests.workbench.counting import counts

# Of pages alone: mail programs know no style sheets, and no policy of ours.
TEMPLATES = [
    path for path in sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html")) if path.parent.name != "mail"
]


@pytest.mark.django_db
def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_systems() -> None:
    client = world.signed_in(world.person("ops_agent"))
    page = client.get("/no/such/page/")
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "belongs to a region or brand that is not yours" in page.content.decode()
    problem = client.get("/api/no/such/thing")
    assert (problem.status_code, problem["Content-Type"]) == (404, "application/problem+json")


def test_the_page_of_a_fault_needs_no_database() -> None:
    # Without the database mark, a query would fail this test.
    page = errors.server_error(RequestFactory().get("/returns/"))
    assert page.status_code == 500
    assert "no money and no stock is left halfway" in page.content.decode()


def test_a_fault_of_the_api_is_a_problem() -> None:
    problem = errors.server_error(RequestFactory().get("/api/v1/returns"))
    assert (problem.status_code, problem["Content-Type"]) == (500, "application/problem+json")


@pytest.mark.django_db
def test_a_form_without_its_token_changes_nothing() -> None:
    story = world.Story.told()
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.person("ops_agent"))
    before = counts()
    answer = client.post(f"/cases/{story.case.id}/note/", {"text": "x"})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()
    assert counts() == before


@pytest.mark.django_db
def test_pages_allow_no_inline_code_and_no_frames() -> None:
    policy = world.signed_in(world.person()).get("/")["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_inline_code_or_style(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\sstyle=|\son\w+=|javascript:|hx-on|<style", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"https?://", text.replace("http://www.w3.org", ""))


@pytest.mark.django_db
def test_pages_are_not_kept_by_caches() -> None:
    assert world.signed_in(world.person("ops_agent")).get("/returns/")["Cache-Control"] == "no-store"

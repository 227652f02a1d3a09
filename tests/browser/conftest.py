"""A real Chromium against a live server, signed in as whoever the test wants; any complaint of the browser fails it."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from retailops.accounts.models import User
from tests.workbench import world

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def chromium_browser(chromium_path: str) -> Iterator[Browser]:
    """One Chromium for all tests of the process."""
    # Playwright's loop runs in this thread, and the tests prepare their data in it: that is no mistake here.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=15_000)  # a busy machine answers late; what comes in time is not slowed
    with sync_playwright() as playwright:
        # A busy machine takes longer than five seconds for a page; no test measures that.
        expect.set_options(timeout=20_000)
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


Open = Callable[..., Page]


class Complaints(list[str]):
    """What the browser complained of: console errors (CSP among them) and uncaught exceptions."""

    def watch(self, page: Page) -> None:
        """Listen to a page."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        # A refused form answers 4xx by design; the browser reports that as an error of loading.
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            self.append(message.text)


@pytest.fixture
def complaints() -> Complaints:
    """The complaints of all pages of the test."""
    return Complaints()


@pytest.fixture
def open_as(chromium_browser: Browser, live_server: LiveServer, complaints: Complaints) -> Iterator[Open]:
    """`open_as(user, path, **context options)` opens a page as that person; complaints fail the test at its end."""
    contexts: list[BrowserContext] = []

    def open_page(user: User | None, path: str, **options: Any) -> Page:
        context = chromium_browser.new_context(base_url=live_server.url, **({"viewport": DESK} | options))
        context.set_default_timeout(10_000)
        # The first page of a cold server on a busy machine takes longer; no test measures that.
        context.set_default_navigation_timeout(60_000)
        contexts.append(context)
        if user is not None:
            context.add_cookies([session_cookie(user, live_server.url)])
        page = context.new_page()
        complaints.watch(page)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def session_cookie(user: User, url: str) -> Any:
    """Return the cookie of a session in which the person is signed in."""
    client = Client()
    client.force_login(user)
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": url,
    }


@pytest.fixture
def story(live_server: LiveServer) -> world.Story:
    """One return with everything that pages show of it."""
    return world.Story.told()


@pytest.fixture
def admin(live_server: LiveServer) -> User:
    """Somebody who may do everything."""
    return world.person("administrator", name="Ada Novak")

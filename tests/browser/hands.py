"""Two ways to walk the same path: with the mouse, or with the keyboard alone."""

from typing import Protocol

from playwright.sync_api import Locator, Page, expect

# More presses of the tab key than any page has places to stop at.
MOST_TABS = 220
CHOSEN = "field => field.selectedOptions[0].label"
FOCUSED = "element => element === document.activeElement"


def ready(page: Page) -> None:
    """Wait until the page listens: a person sees that it has come, and is slower than that."""
    page.wait_for_load_state()


class Hand(Protocol):
    """What a person does with a page, by the words that stand on it."""

    page: Page

    def go(self, key: str, screen: str) -> None:
        """Go to a screen: its entry of the rail, or g and its key."""

    def follow(self, place: Locator) -> None:
        """Follow a link, press a button, open a fold."""

    def fill(self, place: Locator, text: str) -> None:
        """Write into a field in place of what is there."""

    def choose(self, place: Locator, label: str) -> None:
        """Choose an option of a select by its words."""

    def tick(self, place: Locator) -> None:
        """Tick a box."""

    def row(self, text: str) -> None:
        """Open the row of the list that holds the text."""

    def act(self, command: str, place: Locator) -> None:
        """Do what the page offers, also what stands in a menu: its command in the palette is what keys use."""

    def undo(self) -> None:
        """Take back what the notice offers to."""


class Mouse:
    """Points and clicks; types only text."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def go(self, key: str, screen: str) -> None:
        """Click its entry of the rail; a folded group is opened first."""
        ready(self.page)
        entry = self.page.locator(f'.rail [data-go="{key}"]')
        if not entry.is_visible():
            fold = self.page.locator(".rail-fold").filter(has=self.page.locator(f'[data-go="{key}"]'))
            fold.locator("summary").click()
        entry.click()
        expect(self.page.locator("h1")).to_contain_text(screen)

    def follow(self, place: Locator) -> None:
        """Click it."""
        ready(self.page)
        place.first.click()

    def fill(self, place: Locator, text: str) -> None:
        """Click into it and type."""
        place.first.click()
        place.first.fill(text)

    def choose(self, place: Locator, label: str) -> None:
        """Choose from its list."""
        place.first.select_option(label=label)

    def tick(self, place: Locator) -> None:
        """Click it."""
        place.first.check()

    def row(self, text: str) -> None:
        """Click the row's own link."""
        ready(self.page)
        rows = self.page.locator("[data-rows] tbody tr, ol[data-rows] > li").filter(has_text=text)
        with self.page.expect_navigation():
            rows.first.locator("a").first.click()

    def act(self, command: str, place: Locator) -> None:
        """Click it, where it stands in a menu after opening that."""
        ready(self.page)
        if not place.first.is_visible():
            self.page.locator("main details.menu > summary").first.click()
        place.first.click()

    def undo(self) -> None:
        """Click Undo."""
        self.page.locator("#toasts [data-undo]").click()


class Keys:
    """Presses keys; nothing is clicked or focused for it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def go(self, key: str, screen: str) -> None:
        """Press g and the screen's key."""
        ready(self.page)
        self.page.keyboard.press("g")
        self.page.keyboard.press(key)
        expect(self.page.locator("h1")).to_contain_text(screen)

    def follow(self, place: Locator) -> None:
        """Tab to it and press Enter."""
        self.reach(place)
        self.page.keyboard.press("Enter")

    def fill(self, place: Locator, text: str) -> None:
        """Tab to it, select what is there, and type."""
        self.reach(place)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def choose(self, place: Locator, label: str) -> None:
        """Tab to it and type the option, or go down to it where its words have blanks (a blank opens the list)."""
        self.reach(place)
        if " " not in label:
            self.page.keyboard.type(label)
            return
        field = place.first.element_handle()
        self.page.keyboard.press("Home")
        for _ in range(60):
            if field and field.evaluate(CHOSEN) == label:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrow keys do not lead to {label}")

    def tick(self, place: Locator) -> None:
        """Tab to it and press the space bar."""
        self.reach(place)
        self.page.keyboard.press("Space")
        expect(place.first).to_be_checked()

    def row(self, text: str) -> None:
        """Press j until the row is reached, then Enter; from a search box the arrow leads to the first."""
        ready(self.page)
        for _ in range(30):
            searching = self.page.evaluate("document.activeElement.matches('main input[type=search]')")
            self.page.keyboard.press("ArrowDown" if searching else "j")
            at = self.page.locator("[data-rows] .at")
            if text in at.inner_text():
                with self.page.expect_navigation():
                    self.page.keyboard.press("Enter")
                return
        raise AssertionError(f"j does not lead to {text}")

    def act(self, command: str, place: Locator) -> None:
        """Type the command into the palette."""
        ready(self.page)
        self.page.keyboard.press("ControlOrMeta+k")
        expect(self.page.locator("#palette-input")).to_be_focused()
        self.page.keyboard.type(command)
        expect(self.page.locator("#palette-list [aria-selected=true]")).to_contain_text(command)
        self.page.keyboard.press("Enter")

    def undo(self) -> None:
        """Press z."""
        self.page.keyboard.press("z")

    def reach(self, place: Locator) -> None:
        """Press Tab until it has the focus; a fold on the way is opened."""
        ready(self.page)
        place.first.wait_for()
        for _ in range(MOST_TABS):
            if place.first.evaluate(FOCUSED):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the tab key does not lead to {place}")


HANDS: dict[str, type[Mouse] | type[Keys]] = {"by mouse": Mouse, "by keys": Keys}

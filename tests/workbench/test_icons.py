"""The sprite: it holds what the pages name, and a page refers to it."""

from django.conf import settings

from retailops.workbench.icons import SPRITE, drawn, named, sprite


def test_the_sprite_holds_what_templates_and_code_name() -> None:
    kept = (settings.BASE_DIR / "static" / SPRITE).read_text()
    assert kept == sprite(named()), "run `manage.py icons`"


def test_an_icon_is_a_reference_of_its_size() -> None:
    svg = '<svg class="ic" width="{0}" height="{0}" aria-hidden="true"><use href="/static/img/icons.svg#{1}"/></svg>'
    assert drawn("truck", 16) == svg.format(16, "truck")
    assert drawn("link", 28) == svg.format(28, "link.outline")


def test_an_icon_that_the_sprite_lacks_is_drawn_in_place() -> None:
    unnamed = "-".join(["bug", "ant"])
    assert ("micro", unnamed) not in named()
    assert "<path" in drawn(unnamed, 16)
    assert "<use" not in drawn(unnamed, 16)

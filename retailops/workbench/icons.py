"""Icons: one sprite holds those that the pages name, so that a page refers to a drawing instead of repeating it."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from zipfile import ZipFile

import heroicons
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from heroicons.templatetags.heroicons import heroicon_micro, heroicon_outline

SPRITE = "img/icons.svg"
# Up to this size (px) an icon is drawn filled, above it in lines.
SMALL = 16
NAMED = re.compile(r"""["']([a-z0-9]+(?:-[a-z0-9]+)*)["'](?: size=| )?(\d+)?""")
SYMBOL = re.compile(r'<symbol id="([a-z0-9.-]+)"')
DRAWING = re.compile(r"<svg[^>]*viewBox=\"(?P<box>[^\"]+)\"[^>]*>(?P<paths>.*)</svg>", re.DOTALL)
STYLES = {"micro": 'fill="currentColor"', "outline": 'fill="none" stroke="currentColor" stroke-width="1.5"'}
SOURCES = ("templates", "retailops", "returns", "inventory", "reconciliation", "connectors")


@lru_cache(maxsize=1024)
def drawn(name: str, size: int) -> SafeString:
    """Return an icon of that size (px), hidden from assistive technology; one that the sprite lacks is drawn in place.

    Raises IconDoesNotExist where Heroicons has no icon of that name.
    """
    symbol = _symbol(name, "micro" if size <= SMALL else "outline")
    if symbol not in _held():
        draw = heroicon_micro if size <= SMALL else heroicon_outline
        return mark_safe(draw(name, size=size, aria_hidden="true", **{"class": "ic"}))  # noqa: S308 (package's own SVG)
    return format_html(
        '<svg class="ic" width="{}" height="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        size,
        size,
        static(SPRITE),
        symbol,
    )


def named() -> set[tuple[str, str]]:
    """Return (style, name) of every icon that templates and code name; a word that is no icon's name is none."""
    there = _drawings()
    found = set()
    for text in _sources():
        for name, size in NAMED.findall(text):
            style = "outline" if size and int(size) > SMALL else "micro"
            if (style, name) in there:
                found.add((style, name))
    return found


def sprite(icons: Iterable[tuple[str, str]]) -> str:
    """Return the sprite of these icons, (style, name) each, in one order."""
    there = _drawings()
    symbols = "\n".join(_drawing(style, name, there[style, name]) for style, name in sorted(icons))
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def _drawing(style: str, name: str, svg: str) -> str:
    match = DRAWING.search(svg)
    if match is None:
        raise ValueError(f"{style}/{name} is no drawing that a sprite can take.")
    paths = re.sub(r"\s+", " ", match["paths"]).strip().replace("> <", "><")
    return f'<symbol id="{_symbol(name, style)}" viewBox="{match["box"]}" {STYLES[style]}>{paths}</symbol>'


def _symbol(name: str, style: str) -> str:
    return name if style == "micro" else f"{name}.{style}"


@lru_cache(maxsize=1)
def _held() -> frozenset[str]:
    return frozenset(SYMBOL.findall((settings.BASE_DIR / "static" / SPRITE).read_text()))


def _sources() -> Iterable[str]:
    for folder in SOURCES:
        for path in sorted(Path(settings.BASE_DIR / folder).rglob("*")):
            if path.suffix in {".html", ".py"}:
                yield path.read_text()


def _drawings() -> dict[tuple[str, str], str]:
    """Return every drawing of Heroicons by (style, name)."""
    with ZipFile(Path(heroicons.__file__).with_name("heroicons.zip")) as archive:
        paths = [Path(name) for name in archive.namelist() if name.endswith(".svg")]
        return {
            (path.parent.name, path.stem): archive.read(str(path)).decode()
            for path in paths
            if path.parent.name in STYLES
        }

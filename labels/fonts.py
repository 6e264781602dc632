"""The typeface of everything printed: Be Vietnam Pro in three weights, embedded and subset.

No character is ever left blank on paper: one without a glyph is an error before anything is written.
"""

import re
import threading
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR = "BeVietnamPro-Regular"
SEMIBOLD = "BeVietnamPro-SemiBold"
BOLD = "BeVietnamPro-Bold"

FILES = {
    REGULAR: "BeVietnamPro_400Regular.ttf",
    SEMIBOLD: "BeVietnamPro_600SemiBold.ttf",
    BOLD: "BeVietnamPro_700Bold.ttf",
}
BUILT = Path(__file__).resolve().parent.parent / "app" / "static" / "dist" / "fonts"

# Line ends arrive in addresses typed into a form. The no-break space is kept: it holds numbers together.
SPACES = re.compile(r"[ \t\r\n\f\v\u2028\u2029]+")


class MissingGlyph(ValueError):
    """The typeface cannot print a character: `.character` of `.words`, in the field `.field` where that is known."""

    def __init__(self, character: str, text: str, field: str = "") -> None:
        self.character, self.words, self.field = character, text[:60], field
        name = unicodedata.name(character, "unnamed")
        where = f"{field}: " if field else ""
        super().__init__(f"{where}no glyph for {character!r} (U+{ord(character):04X} {name}) in {self.words!r}")


class Face(NamedTuple):
    """Advance widths in thousandths of the size, by character; a character not in it has no glyph."""

    widths: dict[str, int]
    letters: frozenset[str]


_folder = BUILT
_loading = threading.Lock()


def use(folder: Path | str | None = None) -> None:
    """Take the font files from `folder`, or, without one, from where `make assets` puts them."""
    global _folder
    with _loading:
        _folder = Path(folder) if folder is not None else BUILT
        _faces.cache_clear()
        _advance.cache_clear()


@lru_cache(maxsize=1024)
def clean(text: str) -> str:
    """Composed (NFC) text on one line: runs of white space become one space, invisible format characters
    (zero-width spaces, direction marks, soft hyphens) go, since they have nothing to draw. A hyphen that must not be broken is one like any other."""
    text = SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip(" ")
    if text.isascii():
        return text
    return "".join(c for c in text if unicodedata.category(c) != "Cf").replace("\N{NON-BREAKING HYPHEN}", "-")


def missing(text: str) -> str:
    """The characters of `text` that cannot be printed, each once; empty when all can."""
    cleaned = clean(text)
    absent = set(cleaned) - faces()[REGULAR].letters
    return "".join(dict.fromkeys(letter for letter in cleaned if letter in absent)) if absent else ""


def width(text: str, font: str, size: float) -> float:
    """Width in points of `text` as drawn. Raises MissingGlyph."""
    return _advance(text, font) * size / 1000


@lru_cache(maxsize=1024)
def _advance(text: str, font: str) -> int:
    widths = faces()[font].widths
    try:
        return sum(widths[c] for c in text)
    except KeyError as absent:
        raise MissingGlyph(absent.args[0], text) from None


def file(font: str) -> Path:
    """Where a face lies."""
    return _folder / FILES[font]


def faces() -> dict[str, Face]:
    """The three faces, loaded once and made known to reportlab. Raises FileNotFoundError when not built."""
    return _faces(_folder)


@lru_cache(maxsize=1)
def _faces(folder: Path) -> dict[str, Face]:
    loaded = {}
    for name, file in FILES.items():
        path = folder / file
        if not path.is_file():
            raise FileNotFoundError(f"font {file} is not in {folder}: run make assets")
        font = TTFont(name, str(path))
        pdfmetrics.registerFont(font)
        known = font.face.charToGlyph
        widths = {chr(c): font.face.getCharWidth(c) for c, glyph in known.items() if glyph}
        loaded[name] = Face(widths, frozenset(widths))
    return loaded

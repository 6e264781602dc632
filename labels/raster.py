"""A canvas of dots for thermal printers: the same drawing as on the page, in black and white.

It knows the strokes of `leaf.Leaf` that labels are made of.
"""

from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.colors import Color

from labels import fonts
from labels.leaf import Points
from labels.sheet import MM

DARK = 0.6  # what is lighter than this, from 0 black to 1 white, leaves the paper white


class Raster:
    """A label of `width` × `height` mm at `dots` a mm."""

    def __init__(self, width: float, height: float, dots: int) -> None:
        self.scale_by = dots / MM
        self.image = Image.new("1", (round(width * dots), round(height * dots)), 1)
        self._draw = ImageDraw.Draw(self.image)
        self._tall = self.image.height

    def strokes(
        self, points: Points, weight: float, colour: Color, dash: Sequence[float] = (), close: bool = False
    ) -> None:
        """A line through the points. Dashes come out whole: a thermal head is too coarse for them."""
        placed = [self._at(*point) for point in (*points, *(points[:1] if close else ()))]
        self._draw.line(placed, _ink(colour), self._wide(weight), "curve")

    def box(self, x: float, y: float, width: float, height: float, weight: float, filled: bool) -> None:
        corners = [self._at(x, y + height), self._at(x + width, y)]
        self._draw.rectangle(corners, 0 if filled else None, 0, self._wide(weight))

    def words(self, x: float, y: float, line: Sequence[tuple[str, str, float, Color]]) -> None:
        """Texts letter by letter, as wide as on the page."""
        for text, font, size, colour in line:
            face = _face(str(fonts.file(font)), round(size * self.scale_by))
            for letter in text:
                self._draw.text(self._at(x, y), letter, _ink(colour), face, anchor="ls")
                x += fonts.width(letter, font, size)

    def _at(self, x: float, y: float) -> tuple[int, int]:
        return round(x * self.scale_by), self._tall - round(y * self.scale_by)

    def _wide(self, weight: float) -> int:
        return max(1, round(weight * self.scale_by))


def _ink(colour: Color) -> int:
    return int(0.299 * colour.red + 0.587 * colour.green + 0.114 * colour.blue >= DARK)


@lru_cache(maxsize=64)
def _face(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)

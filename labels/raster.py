"""A canvas of dots for thermal printers: the same drawing as on the page, in black and white.

It knows the few strokes that labels are made of, in points from the lower left corner, as reportlab's canvas does.
"""

from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from labels import fonts
from labels.sheet import MM

DARK = 0.6  # what is lighter than this, from 0 black to 1 white, leaves the paper white


class Raster:
    """A label of `width` × `height` mm at `dots` a mm."""

    def __init__(self, width: float, height: float, dots: int) -> None:
        self.scale_by = dots / MM
        self.image = Image.new("1", (round(width * dots), round(height * dots)), 1)
        self._draw = ImageDraw.Draw(self.image)
        self._tall = self.image.height
        self._line, self._stroke, self._fill = 1.0, 0, 0
        self._origin, self._stretch = (0.0, 0.0), (1.0, 1.0)
        self._kept: list[Any] = []

    def saveState(self) -> None:
        self._kept.append((self._line, self._stroke, self._fill, self._origin, self._stretch))

    def restoreState(self) -> None:
        self._line, self._stroke, self._fill, self._origin, self._stretch = self._kept.pop()

    def setLineWidth(self, width: float) -> None:
        self._line = width

    def setStrokeColor(self, colour: Any) -> None:
        self._stroke = _ink(colour)

    def setFillColor(self, colour: Any) -> None:
        self._fill = _ink(colour)

    def setDash(self, *_: Any) -> None:
        """Dotted lines come out whole: a thermal head is too coarse for them."""

    def setLineJoin(self, _: int) -> None:
        """Corners are as the dots make them."""

    def translate(self, x: float, y: float) -> None:
        self._origin = (self._origin[0] + x * self._stretch[0], self._origin[1] + y * self._stretch[1])

    def scale(self, x: float, y: float) -> None:
        self._stretch = (self._stretch[0] * x, self._stretch[1] * y)

    def line(self, x: float, y: float, x2: float, y2: float) -> None:
        self._draw.line([self._at(x, y), self._at(x2, y2)], self._stroke, self._wide())

    def rect(self, x: float, y: float, width: float, height: float, stroke: int = 1, fill: int = 0) -> None:
        box = [self._at(x, y + height), self._at(x + width, y)]
        self._draw.rectangle(box, self._fill if fill else None, self._stroke if stroke else None, self._wide())

    def circle(self, x: float, y: float, radius: float) -> None:
        box = [self._at(x - radius, y + radius), self._at(x + radius, y - radius)]
        self._draw.ellipse(box, None, self._stroke, self._wide())

    def beginPath(self) -> "Path":
        return Path()

    def drawPath(self, path: "Path") -> None:
        for points in path.strokes:
            self._draw.line([self._at(*point) for point in points], self._stroke, self._wide(), "curve")

    def beginText(self, x: float, y: float) -> "Words":
        return Words(self, x, y)

    def drawText(self, _: "Words") -> None:
        """Words are drawn as they are said."""

    def write(self, x: float, y: float, text: str, font: str, size: float, ink: int) -> float:
        """Draw text letter by letter, as wide as on the page; returns where it ends."""
        face = _face(str(fonts.file(font)), round(size * self.scale_by))
        for letter in text:
            self._draw.text(self._at(x, y), letter, ink, face, anchor="ls")
            x += fonts.width(letter, font, size)
        return x

    def _at(self, x: float, y: float) -> tuple[int, int]:
        x, y = self._origin[0] + x * self._stretch[0], self._origin[1] + y * self._stretch[1]
        return round(x * self.scale_by), self._tall - round(y * self.scale_by)

    def _wide(self) -> int:
        return max(1, round(self._line * abs(self._stretch[0]) * self.scale_by))


class Words:
    """Text being said: what reportlab calls a text object."""

    def __init__(self, raster: Raster, x: float, y: float) -> None:
        self._raster, self._x, self._y = raster, x, y
        self._font, self._size, self._ink = fonts.REGULAR, 7.0, 0

    def setFont(self, font: str, size: float) -> None:
        self._font, self._size = font, size

    def setFillColor(self, colour: Any) -> None:
        self._ink = _ink(colour)

    def textOut(self, text: str) -> None:
        self._x = self._raster.write(self._x, self._y, text, self._font, self._size, self._ink)


class Path:
    """Straight strokes and rectangles."""

    def __init__(self) -> None:
        self.strokes: list[list[tuple[float, float]]] = []

    def moveTo(self, x: float, y: float) -> None:
        self.strokes.append([(x, y)])

    def lineTo(self, x: float, y: float) -> None:
        self.strokes[-1].append((x, y))

    def rect(self, x: float, y: float, width: float, height: float) -> None:
        self.strokes.append([(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)])

    def close(self) -> None:
        self.strokes[-1].append(self.strokes[-1][0])


def _ink(colour: Any) -> int:
    return int(0.299 * colour.red + 0.587 * colour.green + 0.114 * colour.blue >= DARK)


@lru_cache(maxsize=64)
def _face(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)

"""The packet's number as Code 128, for the desk's hand scanner."""

from functools import lru_cache

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm

from labels.leaf import Leaf
from labels.sheet import Uncodable

BAR = 0.29  # mm, the narrowest bar on paper: at least two dots of a 203 dpi printer
DOTTED = 0.25  # mm, on labels: two whole dots


class _Runs(Code128):  # type: ignore[misc]
    """The library's bar code, told instead of drawn: where each bar begins and how wide it is."""

    def told(self) -> tuple[tuple[float, float], ...]:
        self.runs: list[tuple[float, float]] = []
        self.draw()
        return tuple(self.runs)

    def rect(self, x: float, _y: float, width: float, _height: float) -> None:
        self.runs.append((x, width))


def draw(canvas: Leaf, text: str, x: float, y: float, width: float, height: float, bar: float = BAR) -> None:
    """Draw `text` with its lower left corner at x, y mm, `height` mm tall and at most `width` mm wide, its narrowest
    bar `bar` mm or less. Ten bars of white on both sides are the caller's. Raises Uncodable for what Code 128 cannot
    carry: the library would drop it silently.
    """
    long, runs = _bars(text)
    narrow = min(bar, width / long) * mm
    canvas.bars(x * mm, y * mm, height * mm, [(left * narrow, wide * narrow) for left, wide in runs])


def draw_centred(canvas: Leaf, text: str, x: float, y: float, width: float, height: float) -> None:
    """Draw `text` in the middle of `width` mm in whole dots of a thermal printer. Raises as `draw`, and when it is
    too long for that."""
    long = modules(text) * DOTTED
    if long > width:
        raise Uncodable(text, f"makes a bar code {long:.0f} mm long, the label has room for {width:.0f}")
    draw(canvas, text, x + (width - long) / 2, y, long + 0.001, height, DOTTED)


def modules(text: str) -> int:
    """How many narrow bars wide `text` is, without the white on both sides. Raises as `draw`."""
    return round(_bars(text)[0])


@lru_cache(maxsize=8)  # the copies of a slip carry one number
def _bars(text: str) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Length and bars of `text`, in narrow bars."""
    if not text or not text.isascii() or not text.isprintable():
        raise Uncodable(text, "is not for a bar code")
    bars = _Runs(text, barWidth=1, barHeight=1, quiet=False, humanReadable=False)
    return float(bars.width), bars.told()

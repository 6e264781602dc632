"""Labels in ZPL, the language of thermal printers.

The printer draws the two codes itself, in whole dots. All text goes as one graphic, drawn with our own typeface: a
printer's own fonts lack Vietnamese letters, and one that somebody forgot to load prints blanks without a word.
"""

import re
from collections.abc import Iterable
from typing import cast

from labels import barcode, qr, wrapper
from labels.check import check, fitting
from labels.leaf import Leaf
from labels.raster import Raster
from labels.sheet import Sheet
from labels.wrapper import LEVEL, Label, Shape

PAINTED = {"label": (wrapper.LARGE, wrapper.large), "label_small": (wrapper.SMALL, wrapper.small)}
SINK = 10  # dots by which firmware lowers a QR code: the height of ^BY, which is therefore always said


def zpl(format: str, labels: Iterable[Label], dots: int = qr.DOTS) -> str:
    """The labels for a printer of `dots` a mm (8: 203 dpi, 12: 300 dpi).

    Raises ValueError for another format or density, for no labels, and as `labels.render`.
    """
    if format not in PAINTED:
        raise ValueError(f"no ZPL for format {format!r}; there is for {', '.join(PAINTED)}")
    if dots not in (8, 12):
        raise ValueError(f"thermal printers have 8 or 12 dots a mm, not {dots}")
    shape, paint = PAINTED[format]
    said = []
    for label in labels:
        check(label, Label)
        raster = Raster(shape.width, shape.height, dots)
        with fitting(label):
            paint(Sheet(cast(Leaf, raster), shape.width, shape.height), label)
        said.append(_label(shape, label, raster, dots))
    if not said:
        raise ValueError("nothing to print")
    return "".join(said)


def _label(shape: Shape, label: Label, raster: Raster, dots: int) -> str:
    box, bars = shape.qr, shape.bars
    modules = len(qr.matrix(label.token_url, LEVEL))
    module = round(qr.whole_dots(label.token_url, box.width, LEVEL) / (modules + 2 * qr.QUIET) * qr.DOTS)
    module = module * dots // qr.DOTS
    inset = (box.width * dots - modules * module) / 2
    x, y = round(box.x * dots + inset), round(box.y * dots + inset)
    narrow = dots // 4  # 0.25 mm
    long = barcode.modules(label.number) * narrow
    left = round(bars.x * dots + (bars.width * dots - long) / 2)
    return "\n".join((
        "^XA",
        f"^PW{raster.image.width}^LL{raster.image.height}^LH0,0",
        f"^FO0,0{graphic(raster)}^FS",
        f"^BY2,3,{SINK}^FO{x},{y - SINK}^BQN,2,{module}^FD{LEVEL}M,A{field(label.token_url)}^FS",
        f"^BY{narrow}^FO{left},{round(bars.y * dots)}^BCN,{round(bars.height * dots)},N,N,N,A^FD{field(label.number)}^FS",
        "^XZ",
        "",
    ))  # fmt: skip


def field(text: str) -> str:
    """Text inside a field. Raises ValueError for what would end it and begin a command."""
    if not re.fullmatch(r"[!-~]+", text) or set("^~") & set(text):
        raise ValueError(f"not for a field of ZPL: {text[:40]!r}")
    return text


def graphic(raster: Raster) -> str:
    """The dots as ^GFA, hexadecimal, repeats counted as every Zebra-compatible printer reads them."""
    image = raster.image
    width = (image.width + 7) // 8
    data = bytes(255 - byte for byte in image.tobytes())  # ours: 1 is paper; theirs: 1 is ink
    spare = (1 << (width * 8 - image.width)) - 1
    rows, before = [], None
    for at in range(0, len(data), width):
        row = data[at : at + width - 1] + bytes([data[at + width - 1] & ~spare & 255])
        rows.append(":" if row == before else _counted(row.hex().upper()))
        before = row
    return f"^GFA,{len(data)},{len(data)},{width},{''.join(rows)}"


def _counted(digits: str) -> str:
    trimmed = digits.rstrip("0")
    end = "," if len(trimmed) < len(digits) else ""
    return re.sub(r"(.)\1{2,}", lambda run: _times(len(run[0])) + run[1], trimmed) + end


def _times(count: int) -> str:
    """G to Y mean 1 to 19, g to z mean 20 to 400 by twenties; both may follow one another."""
    said = "z" * (count // 400)
    count %= 400
    if count >= 20:
        said += chr(ord("g") + count // 20 - 1)
    if count % 20:
        said += chr(ord("G") + count % 20 - 1)
    return said

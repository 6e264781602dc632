"""How the printed codes read after a week in a courier's bag: `python tools/codes.py [--trials N]` writes docs/codes.md.

Every code is printed to PDF, rasterised as a scanner or a camera would (150 and 200 dpi), damaged, and given to
zxing-cpp, the decoder of the couriers' phones; only the exact payload counts. Beside ours, in the same places and
sizes, stands the picture the same library makes by itself. The damage is drawn by chance, the same for all.
"""

import argparse
import io
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the path comes first
import pypdfium2  # noqa: E402
import zxingcpp  # noqa: E402
from PIL import Image, ImageDraw, ImageFilter  # noqa: E402
from reportlab.lib.units import mm  # noqa: E402

import labels  # noqa: E402
from bench.slips import LETTERS, drawn_by, picture  # noqa: E402
from labels import barcode, qr, stickers  # noqa: E402
from labels.leaf import Leaf  # noqa: E402

Damage = Callable[[Image.Image, random.Random], Image.Image]
AGAIN = {"noisy": 9}  # frames more of every code of a format: what goes wrong once in thousands shows in no sixty
FRAMES = {"noisy, three frames": 3}  # how often the reader may look: grain is the camera's, and new in every frame
BARRED = ("slip", "label", "label_small", "bag", "stickers", "invitation", "receipt_papers", "receipt_money", "rewrap")
SIZES = (20, 25, 30)  # mm of the code itself, without its quiet zone
AROUND = 6.0  # mm of white kept around a code


def turned(degrees: float) -> Damage:
    def damage(image: Image.Image, chance: random.Random) -> Image.Image:
        angle = degrees if abs(degrees) > 20 else chance.choice((-1, 1)) * degrees
        return image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)

    return damage


def tilted(image: Image.Image, chance: random.Random) -> Image.Image:
    """Seen from the side: the far edge a fifth shorter."""
    width, height = image.size
    lean = 0.1 * width
    far = [(lean, 0), (width - lean, 0), (width, height), (0, height)]
    turn = chance.randrange(4)
    seen = [(0, 0), (width, 0), (width, height), (0, height)]
    return image.transform(
        image.size, Image.Transform.PERSPECTIVE, _seen_as(far, seen), Image.Resampling.BICUBIC, fillcolor=255
    ).rotate(90 * turn)


def _seen_as(there: list[tuple[float, float]], here: list[tuple[float, float]]) -> list[float]:
    """The eight numbers of the perspective that brings the corners `there` from `here`."""
    rows, values = [], []
    for (x, y), (u, v) in zip(there, here, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(number) for number in np.linalg.solve(np.array(rows, float), np.array(values, float))]


def blurred(image: Image.Image, chance: random.Random) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(chance.uniform(1.0, 1.8)))


def dark(image: Image.Image, chance: random.Random) -> Image.Image:
    return image.point(lambda value: int(12 + value * 0.22))


def noisy(image: Image.Image, chance: random.Random) -> Image.Image:
    grain = np.random.default_rng(chance.randrange(2**32)).normal(0, 25, (image.height, image.width))
    return Image.fromarray(np.clip(np.asarray(image, np.int16) + grain, 0, 255).astype(np.uint8))


def shadowed(image: Image.Image, chance: random.Random) -> Image.Image:
    """A hand over half of it, with a soft edge."""
    edge = chance.uniform(0.3, 0.7) * image.width
    light = 0.35 + 0.65 / (1 + np.exp(-(np.arange(image.width) - edge) / (image.width * 0.05)))
    return Image.fromarray((np.asarray(image) * light[None, :]).astype(np.uint8))


def stained(share: float) -> Damage:
    """Coffee: one round stain anywhere, over finder patterns too, as large as `share` of the code; what is under it
    shows dimly."""
    radius = (share / 3.14159) ** 0.5
    return _spotted(share, (radius, radius), (0.25, 0.5))


def dropped(share: float) -> Damage:
    """Rain on ink, tea: a few drops anywhere instead of one stain, over `share` of the code in all."""
    return _spotted(share, (0.06, 0.13), (0.25, 0.5))


def blotted(share: float) -> Damage:
    """Mud: small opaque drops anywhere, over `share` of the code."""
    return _spotted(share, (0.015, 0.05), (0.0, 0.0))


def _spotted(share: float, sizes: tuple[float, float], clear: tuple[float, float]) -> Damage:
    def damage(image: Image.Image, chance: random.Random) -> Image.Image:
        side = _code(image)
        inset, left = (image.width - side) / 2, share * side**2
        through = Image.new("L", image.size, 255)
        pen = ImageDraw.Draw(through)
        while left > 1:  # dot of the picture
            radius = min(chance.uniform(*sizes) * side, (left / 3.14) ** 0.5 + 1)
            x, y = (inset + chance.random() * side for _ in range(2))
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=int(255 * chance.uniform(*clear)))
            left -= 3.14 * radius**2
        soft = np.asarray(through.filter(ImageFilter.GaussianBlur(0.8)), np.float64) / 255
        return Image.fromarray((np.asarray(image) * soft + 20 * (1 - soft)).astype(np.uint8))

    return damage


def torn(image: Image.Image, chance: random.Random) -> Image.Image:
    """The lower right corner gone, with 5 % of the code."""
    image = image.copy()
    edge = image.width - (image.width - _code(image)) / 2
    leg = (0.1**0.5) * _code(image)
    across = leg * chance.uniform(0.8, 1.25)
    ImageDraw.Draw(image).polygon(
        ((edge - across, image.height), (image.width, edge - leg * leg / across), (image.width, image.height)), fill=235
    )
    return image


def copied(image: Image.Image, chance: random.Random) -> Image.Image:
    """Photocopied twice: a little askew, a little larger, harder, dirtier."""
    for _ in range(2):
        image = image.rotate(chance.uniform(-1.5, 1.5), Image.Resampling.BICUBIC, fillcolor=255)
        share = chance.uniform(0.97, 1.03)
        image = image.resize((round(image.width * share), round(image.height * share)), Image.Resampling.BICUBIC)
        image = image.filter(ImageFilter.GaussianBlur(0.7))
        image = noisy(image, chance).point(lambda value: max(0, min(255, int((value - 128) * 1.8 + 128))))
    return image


DAMAGES: dict[str, Damage] = {
    "clean": lambda image, chance: image,
    "turned 15°": turned(15),
    "turned 45°": turned(45),
    "tilted": tilted,
    "blurred": blurred,
    "dark": dark,
    "noisy": noisy,
    "noisy, three frames": noisy,
    "shadow": shadowed,
    "stain 5 %": stained(0.05),
    "drops 5 %": dropped(0.05),
    "mud 5 %": blotted(0.05),
    "torn corner 5 %": torn,
    "two photocopies": copied,
}


def _code(image: Image.Image) -> float:
    """Side of the code in dots, of a picture cut with AROUND mm of white."""
    dots: float = image.info["dots"]
    return image.width - 2 * AROUND * dots


def payloads(count: int) -> list[str]:
    chance = random.Random(count)  # noqa: S311 - the same codes in every run
    return ["HTTPS://HOSO.VN/S/" + "".join(chance.choices(LETTERS, k=133)) for _ in range(count)]


def rasterised(text: str, size: float, level: str, dpi: int) -> Image.Image:
    """A page with nothing but the code, `size` mm wide without its quiet zone."""
    side = size + 2 * AROUND
    leaf, file = Leaf(None, pageCompression=1), io.BytesIO()
    leaf.setPageSize((side * mm, side * mm))
    modules = len(qr.matrix(text, level))
    whole = size * (modules + 2 * qr.QUIET) / modules
    inset = (side - whole) / 2
    qr.draw(leaf, text, inset, inset, whole, level)
    leaf.showPage()
    leaf.write_to(file)
    leaf.close()
    return _first_page(file.getvalue(), dpi)


def _first_page(data: bytes, dpi: int) -> Image.Image:
    document = pypdfium2.PdfDocument(data)
    image = document[0].render(scale=dpi / 72).to_pil().convert("L")
    document.close()
    image.info["dots"] = dpi / 25.4
    return image


def reads(image: Image.Image, text: str) -> bool:
    return any(code.text == text for code in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode))


def tried(image: Image.Image, text: str, name: str, trial: int | str) -> bool:
    chance = random.Random(f"{name} {trial}")  # noqa: S311 - the same damage for every way of drawing
    dots = image.info["dots"]
    image = image.copy()
    image.info["dots"] = dots
    return any(reads(DAMAGES[name](image, chance), text) for _ in range(FRAMES.get(name, 1)))


WAYS = ("ours", "library's PNG")


def by_size(trials: int) -> dict[tuple[str, str, int, str], list[bool]]:
    """Every damage, level and size: ours, and the library's PNG."""
    found: dict[tuple[str, str, int, str], list[bool]] = defaultdict(list)
    texts = payloads(trials)
    for level in "MQ":
        for size in SIZES:
            for trial, text in enumerate(texts):
                dpi = (150, 200)[trial % 2]
                images = {}
                for way in WAYS:
                    with drawn_by(picture if way == WAYS[1] else qr.draw):
                        images[way] = rasterised(text, size, level, dpi)
                for way, image in images.items():
                    for name in DAMAGES:
                        found[name, level, size, way].append(tried(image, text, name, trial))
            print(f"level {level}, {size} mm", file=sys.stderr, flush=True)
    return found


def apart(sizes: dict[Any, list[bool]], one: str, other: str) -> str:
    """How much more of all cells `one` reads than `other`, in percent, and where 95 in 100 such samples would put it: tokens
    are drawn by chance, all cells of one token belong together."""
    cells = [key[:3] for key in sizes if key[3] == one]
    more = np.array([np.array(sizes[*cell, one], float) - np.array(sizes[*cell, other], float) for cell in cells])
    each = 100 * more.mean(axis=0)
    return f"{each.mean():+.2f} ± {1.96 * each.std(ddof=1) / len(each) ** 0.5:.2f}"


def missed(seen: list[bool]) -> str:
    """How many frames were missed, and the share of 95 % confidence (Wilson)."""
    count, bad, z = len(seen), len(seen) - sum(seen), 1.96
    middle, wide = bad + z**2 / 2, z * (bad * (count - bad) / count + z**2 / 4) ** 0.5
    low, high = (100 * max(0.0, (middle + sign * wide) / (count + z**2)) for sign in (-1, 1))
    return f"{bad} of {count:,} ({low:.3f} to {high:.3f} %)"


def crops(name: str, dpi: int, text: str) -> Iterator[Image.Image]:
    """The code of a printed format, cut out as a phone's frame would."""
    item = labels.FORMATS[name].samples[0]
    if isinstance(item, labels.StickerSheet):
        item = replace(item, stickers=(replace(item.stickers[0], token_url=text),))
    elif isinstance(item, labels.RoundSheet):
        item = replace(item, stops=(replace(item.stops[0], token_url=text),))
    else:
        item = replace(item, **{"check_url" if hasattr(item, "check_url") else "token_url": text})
    image = _first_page(labels.render(name, [item]), dpi)
    (code,) = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
    corners = [(corner.x, corner.y) for corner in (code.position.top_left, code.position.bottom_right)]
    margin = 2.4 * dpi / 25.4
    box = (corners[0][0] - margin, corners[0][1] - margin, corners[1][0] + margin, corners[1][1] + margin)
    cut = Image.new("L", (round(box[2] - box[0]), round(box[3] - box[1])), 255)
    cut.paste(image.crop(tuple(round(edge) for edge in box)), (0, 0))
    framed = Image.new("L", tuple(side + 2 * round((AROUND - 2.4) * dpi / 25.4) for side in cut.size), 255)
    framed.paste(cut, (round((AROUND - 2.4) * dpi / 25.4),) * 2)
    framed.info["dots"] = dpi / 25.4
    yield framed


def width(image: Image.Image) -> float:
    """mm of the code in a picture of `crops`, without its quiet zone."""
    return _code(image) / float(image.info["dots"])


def by_format(trials: int) -> tuple[dict[tuple[str, str], list[bool]], dict[str, float]]:
    """Every format that carries a code, as it is printed; and how wide its code is, in mm."""
    found: dict[tuple[str, str], list[bool]] = defaultdict(list)
    wide: dict[str, float] = {}
    for name, row in labels.FORMATS.items():
        if not row.level:
            continue
        for trial, text in enumerate(payloads(trials)):
            for image in crops(name, (150, 200)[trial % 2], text):
                wide[name] = width(image)
                for damage in DAMAGES:
                    found[name, damage] += [tried(image, text, damage, each) for each in frames(trial, damage)]
        print(name, file=sys.stderr, flush=True)
    return found, wide


def frames(trial: int, damage: str) -> list[int | str]:
    """What the chance of each frame of a token begins with."""
    return [trial, *(f"{trial} again {nth}" for nth in range(AGAIN.get(damage, 0)))]


def bars() -> list[str]:
    """Of every paper with a number as bars: its narrow bar, and whether it is read off the page."""
    rows = []
    for name in BARRED:
        item = labels.FORMATS[name].samples[0]
        if isinstance(item, labels.StickerSheet):
            item = replace(item, stickers=item.stickers[:1])
            number = stickers.bare(item.stickers[0].number)
        else:
            number = getattr(item, "packet", "") or item.number
        narrow = [_narrow(name, text) for text in (number, "RR473124829VN")]
        read = []
        for dpi in (200, 300, 600):
            image = _first_page(labels.render(name, [item]), dpi)
            seen = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.Code128)
            read.append("yes" if [code.text for code in seen] == [number] else "no")
        rows.append(f"| {name} | {narrow[0]:.2f} | {narrow[1]:.2f} | " + " | ".join(read) + " |")
    return rows


def _narrow(name: str, number: str) -> float:
    """mm of the narrow bar."""
    if name == "stickers":
        return min(barcode.BAR, stickers.LONG / barcode.modules(number))
    return barcode.DOTTED if min(labels.FORMATS[name].page) <= 100 else barcode.BAR


def percent(each: list[bool]) -> str:
    """Whole where so few were tried; else a tenth, and never rounded up to all."""
    share = 100 * sum(each) / len(each)
    return f"{share:.0f}" if len(each) < 500 else f"{int(share * 10) / 10:g}"


def told(sizes: dict[Any, list[bool]], formats: dict[Any, list[bool]], wide: dict[str, float], trials: int) -> str:
    lines = [
        "# How the printed codes read", "",
        "Written by `python tools/codes.py`: do not edit. Share of codes, in percent, that zxing-cpp reads exactly, out of",
        f"{trials} different tokens a cell (half rasterised at 150 dpi, half at 200 dpi), after damage drawn by chance, the",
        "same for all. *ours* is one path of rectangles, module for module the library's own code with the best of eight masks;",
        "*PNG* the picture the library makes by itself, embedded in the same place and size. Grain is the camera's and new in every",
        "frame, and a phone looks nine times a second: beside a single frame stands what three give. By format ten single frames of",
        "every token are counted: where grain shifts the lattice it lays over the code, the reader misses one in some thousands; two",
        "hundredths larger or smaller, as the next frame is, it reads them. The corner torn off is the one without a large square: of a code that lost one of its three squares nothing is read by anybody, and its number is typed.",
        "", "## By damage, size of the code and error correction level", "",
        "| damage | " + " | ".join(f"{level} {size} mm ours / PNG" for level in "MQ" for size in SIZES) + " |",
        "|---|" + "---|" * (2 * len(SIZES)),
    ]  # fmt: skip
    for name in DAMAGES:
        cells = [" / ".join(percent(sizes[name, level, size, way]) for way in WAYS) for level in "MQ" for size in SIZES]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    whole = {way: [one for key, each in sizes.items() if key[3] == way for one in each] for way in WAYS}
    lines += [
        "",
        "All cells together: "
        + ", ".join(f"{way} {percent(each)} %" for way, each in whole.items())
        + ". Token by token, in percent,",
        f"95 % confidence: ours less PNG {apart(sizes, *WAYS)}.",
        "",
    ]
    lines += [
        "## By format, as printed",
        "",
        "| format | " + " | ".join(DAMAGES) + " |",
        "|---|" + "---|" * len(DAMAGES),
    ]
    for name, row in labels.FORMATS.items():
        if row.level:
            lines.append(
                f"| {name} ({row.level}, {wide[name]:.0f} mm) | "
                + " | ".join(percent(formats[name, one]) for one in DAMAGES)
                + " |"
            )
    single = [one for (_, damage), each in formats.items() if damage == "noisy" for one in each]
    lines += [
        "",
        f"Single noisy frames missed, of all formats: {missed(single)}.",
        "",
        "## The number as bars",
        "",
        "Code 128; mm of the narrow bar for our own number and for an S10 number, and whether zxing-cpp reads it off the page. A hand",
        "scanner wants 0.19 mm (7.5 mil) or more. A sticker of 70 × 37 mm with 30 mm of code has 27 mm beside it and 2 mm under it: too",
        "little for the 145 to 156 bars across, so they stand up its side on 30 mm, without the dashes, and the number beside them. The round",
        "sheet bears the number under each code and no bars; the certificate and the desk's receipt are read by everybody's telephone.",
        "",
        "| format | own number | S10 | 200 dpi | 300 dpi | 600 dpi |",
        "|---|---|---|---|---|---|",
        *bars(),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20, help="tokens a cell")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "codes.md")
    said = parser.parse_args()
    text = told(by_size(said.trials), *by_format(said.trials), said.trials)
    said.out.parent.mkdir(exist_ok=True)
    said.out.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

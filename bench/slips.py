"""A day's slips in one PDF, against the same pages with the same library's code embedded as a picture.

The picture is what the library makes when asked for one: its own search for the mask, its own PNG.
"""

import io
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from tempfile import TemporaryFile
from typing import Any

from qrcode.main import QRCode
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader

import labels
from bench.report import Report
from labels import qr
from labels.samples import CITIZEN, INBOUND, NAMES

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ROADS = ("đường số 7", "đường Nguyễn Thị Minh Khai", "đường Lý Thường Kiệt", "hẻm 14", "quốc lộ 1K")


def slips(count: int) -> Iterator[labels.Slip]:
    """So many slips of different people, each with a number and a token of its own."""
    chance = random.Random(count)  # noqa: S311 - the same pages in every run
    for serial in range(count):
        token = "".join(chance.choices(LETTERS, k=133))
        address = (f"{chance.randrange(1, 900)}/{chance.randrange(1, 60)} {chance.choice(ROADS)}", *CITIZEN.address[1:])
        yield replace(
            INBOUND,
            number=f"HS-260828-{serial:06}-{serial % 10}",
            token_url=f"HTTPS://HOSO.VN/S/{token}",
            sender=replace(
                CITIZEN, name=chance.choice(NAMES), address=address, phone=f"0900 {chance.randrange(10**6):06}"
            ),
            seal=f"NP {chance.randrange(10**7):07}",
        )


def picture(canvas: Any, text: str, x: float, y: float, size: float, level: str = "M") -> None:
    """The library's own picture of the code, in the same place."""
    code = QRCode(error_correction=qr.LEVELS[level])
    code.add_data(text)
    file = io.BytesIO()
    code.make_image().save(file)
    file.seek(0)
    canvas.drawImage(ImageReader(file), x * mm, y * mm, size * mm, size * mm)


def nothing(*_: Any, **__: Any) -> None:
    """No code at all."""


@contextmanager
def drawn_by(draw: Callable[..., None]) -> Iterator[None]:
    """The code drawn another way, for the comparison only."""
    ours, qr.draw = qr.draw, draw
    try:
        yield
    finally:
        qr.draw = ours


def timed(draw: Callable[..., None], count: int) -> tuple[float, int]:
    """Seconds and bytes of a document of `count` slips."""
    items = list(slips(count))
    qr.outline.cache_clear()
    with drawn_by(draw):
        began = time.perf_counter()
        size = len(labels.render("slip", items))
        return time.perf_counter() - began, size


def memory(count: int) -> float:
    """The most memory a document of `count` slips takes, in bytes, when it goes to a file."""
    with TemporaryFile() as file:
        tracemalloc.start()
        try:
            labels.render_to(file, "slip", slips(count))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def measure(report: Report, rounds: int, count: int = 500) -> None:
    """Interleaved rounds of ours, the picture and none; then memory, once."""
    timed(qr.draw, 2)
    for _ in range(rounds):
        ours, size = timed(qr.draw, count)
        theirs, larger = timed(picture, count)
        report.ratio("slips rate", theirs / ours)
        report.ratio("slips bytes", size / larger)
        report.figure(f"slips a second, {count} in one PDF", count / ours)
        alone = min(timed(qr.draw, 1)[0] for _ in range(5))
        bare = min(timed(nothing, 1)[0] for _ in range(5))
        report.ratio("slip alone", max(0.0, alone - 0.005) / bare)
        report.figure("one slip, ms", alone * 1000)
    few = count // 5
    memory(2)
    report.ratio("slips memory", (memory(count) - memory(few)) / (count - few) / 1000)

"""What can be printed. A new format is one drawing function and one row of FORMATS."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

from reportlab import rl_config

from labels import (
    authorisation,
    bag,
    certificate,
    contract,
    desk,
    deskfields,
    deskforms,
    fields,
    fonts,
    invitation,
    lists,
    manifest,
    receipts,
    rewrap,
    roundsheet,
    samples,
    stickers,
    texts,
    wrapper,
)
from labels.check import Field, check, fitting
from labels.leaf import Leaf
from labels.slip import Slip

rl_config.useA85 = 0  # binary streams: a fifth smaller, and no time spent on spelling them in letters

# Embedding a font moves a read position inside the loaded font, which all documents share.
_embedding = threading.Lock()

A4, A4_ACROSS, A5, A5_ACROSS = (210, 297), (297, 210), (148, 210), (210, 148)
THERMAL, LITTLE = (100, 150), (76, 51)


class Format(NamedTuple):
    """One row: the document's title (no personal data), what it prints, page size in mm, whether it is printed on
    both sides, the error correction level of its code ("" without one), the function that draws one item on pages of
    its own, what must stand on paper, and specimens."""

    title: str
    item: type
    page: tuple[int, int]
    duplex: bool
    level: str
    draw: Callable[[Leaf, Any], None]
    fields: tuple[Field, ...]
    samples: tuple[Any, ...]


# fmt: off
FORMATS: dict[str, Format] = {
    "slip":            Format(texts.DOCUMENT,                            Slip,                        A5,        True,  "M", contract.draw,             fields.REQUIRED,                 (samples.INBOUND, samples.OUTBOUND)),
    "label":           Format(texts.LABEL,                               wrapper.Label,               THERMAL,   False, "Q", wrapper.draw_large,        wrapper.LARGE_FIELDS,            (samples.LABEL, samples.LABEL_HOME)),
    "label_small":     Format(texts.LABEL_SMALL,                         wrapper.Label,               LITTLE,    False, "Q", wrapper.draw_small,        wrapper.FIELDS,                  (samples.LABEL, samples.LABEL_HOME)),
    "bag":             Format(texts.BAG,                                 bag.BagTag,                  THERMAL,   False, "Q", bag.draw,                  bag.FIELDS,                      (samples.BAG,)),
    "stickers":        Format(texts.STICKERS,                            stickers.StickerSheet,       A4,        False, "Q", stickers.draw,             stickers.FIELDS,                 (samples.STICKERS,)),
    "invitation":      Format(invitation.DOCUMENT,                       invitation.Invitation,       A5_ACROSS, False, "M", invitation.draw,           invitation.FIELDS,               (samples.INVITATION, samples.INVITATION_TWO, samples.INVITATION_OF_OFFICE)),
    "manifest":        Format(manifest.DOCUMENT,                         manifest.Manifest,           A4_ACROSS, False, "M", manifest.draw,             manifest.FIELDS,                 (samples.MANIFEST, samples.MANIFEST_HOME)),
    "list_courier":    Format(lists.COURIER.capitalize(),                lists.CourierList,           A4_ACROSS, False, "",  lists.draw_courier,        lists.COURIER_FIELDS,            (samples.COURIER_LIST,)),
    "list_office":     Format(lists.OFFICE.capitalize(),                 lists.OfficeList,            A4_ACROSS, False, "",  lists.draw_office,         lists.OFFICE_FIELDS,             (samples.OFFICE_LIST,)),
    "round":           Format(roundsheet.DOCUMENT,                            roundsheet.RoundSheet,            A4_ACROSS, False, "M", roundsheet.draw,                roundsheet.FIELDS,                    (samples.ROUND,)),
    "receipt_papers":  Format(receipts.PAPERS.capitalize(),              receipts.PapersReceipt,      A5,        False, "M", receipts.draw_papers,      receipts.PAPERS_FIELDS,          (samples.PAPERS_RECEIPT,)),
    "receipt_money":   Format(receipts.MONEY.capitalize(),               receipts.MoneyReceipt,       A5,        False, "M", receipts.draw_money,       receipts.MONEY_FIELDS,           (samples.MONEY_RECEIPT,)),
    "rewrap":          Format(rewrap.DOCUMENT,                           rewrap.Rewrap,               A5,        False, "M", rewrap.draw,               rewrap.FIELDS,                   (samples.REWRAP,)),
    "authorisation":   Format(authorisation.DOCUMENT,                    authorisation.Authorisation, A5,        True,  "",  authorisation.draw,        authorisation.FIELDS,            (samples.AUTHORISATION,)),
    "desk_receipt":    Format(desk.TITLES["receipt"][0].capitalize(),    desk.Receipt,                A5,        False, "M", deskforms.draw_receipt,    deskfields.FIELDS["receipt"],    (samples.RECEIPT,)),
    "desk_supplement": Format(desk.TITLES["supplement"][0].capitalize(), desk.Supplement,             A5,        False, "",  deskforms.draw_supplement, deskfields.FIELDS["supplement"], (samples.SUPPLEMENT,)),
    "desk_refusal":    Format(desk.TITLES["refusal"][0].capitalize(),    desk.Refusal,                A5,        False, "",  deskforms.draw_refusal,    deskfields.FIELDS["refusal"],    (samples.REFUSAL,)),
    "desk_apology":    Format(desk.TITLES["apology"][0].capitalize(),    desk.Apology,                A5,        False, "",  deskforms.draw_apology,    deskfields.FIELDS["apology"],    (samples.APOLOGY,)),
    "desk_stop":       Format(desk.TITLES["stop"][0].capitalize(),       desk.Stop,                   A5,        False, "",  deskforms.draw_stop,       deskfields.FIELDS["stop"],       (samples.STOP,)),
    "desk_control":    Format(desk.TITLES["control"][0].capitalize(),    desk.Control,                A5,        False, "",  deskforms.draw_control,    deskfields.FIELDS["control"],    (samples.CONTROL,)),
    "desk_register":   Format(desk.TITLES["register"][0].capitalize(),   desk.Register,               A4_ACROSS, False, "",  deskforms.draw_register,   deskfields.FIELDS["register"],   (samples.REGISTER,)),
    "certificate":     Format(certificate.DOCUMENT,                      certificate.Certificate,     A5,        False, "M", certificate.draw,          certificate.FIELDS,              (samples.TAKEN, samples.FILED)),
}
# fmt: on


def render(format: str, items: Iterable[Any]) -> bytes:
    """The items as one PDF. Raises as `render_to`."""
    file = BytesIO()
    render_to(file, format, items)
    return file.getvalue()


def render_to(file: BinaryIO, format: str, items: Iterable[Any], drawn: Callable[[int], None] | None = None) -> None:
    """Draw the items one after the other and write the PDF to `file`; the same items give the same bytes. `drawn` is
    told after each item how many there are. Raises as `drawing`, before anything is written."""
    for count in drawing(file, format, items):
        if drawn:
            drawn(count)


def drawing(file: BinaryIO, format: str, items: Iterable[Any]) -> Iterator[int]:
    """As `render_to`, at the pace of whoever asks: gives after each item how many there are; the file is written when
    it has come to its end.

    Items are taken one by one, so a generator never holds more than one; the pages, compressed, are held
    until the end. On any error nothing has been written. Raises ValueError for an unknown format, for no
    items and for what an item cannot say on paper; BadField and MissingGlyph, which name the field, are such;
    FileNotFoundError without built fonts.
    """
    if format not in FORMATS:
        raise ValueError(f"no format {format!r}; there are {', '.join(sorted(FORMATS))}")
    fonts.faces()
    row = FORMATS[format]
    with closing(Leaf(None, invariant=1, pageCompression=1, lang="vi-VN", initialFontName=fonts.REGULAR)) as canvas:
        canvas.setTitle(row.title)
        canvas.setAuthor(texts.SERVICE_NAME)
        canvas.setSubject(texts.SUBTITLE if row.item is Slip else row.title)
        canvas.setCreator(texts.SERVICE_NAME)
        canvas.setViewerPreference("DisplayDocTitle", "true")
        canvas.setViewerPreference("PrintScaling", "None")
        if row.duplex:
            canvas.setViewerPreference("Duplex", "DuplexFlipLongEdge")
        count = 0
        for count, item in enumerate(items, 1):
            check(item, row.item)
            with fitting(item):
                row.draw(canvas, item)
            yield count
        if not count:
            raise ValueError("nothing to print")
        with _embedding:
            canvas.write_to(file)


def sample(format: str) -> tuple[Any, ...]:
    """Specimens of a format, marked as such. Raises ValueError for an unknown one."""
    if format not in FORMATS:
        raise ValueError(f"no format {format!r}; there are {', '.join(sorted(FORMATS))}")
    return tuple(_marked(item) for item in FORMATS[format].samples)


def _marked(item: Any) -> Any:
    if isinstance(item, stickers.StickerSheet):
        return replace(item, stickers=tuple(replace(one, mark=texts.SPECIMEN) for one in item.stickers))
    return replace(item, mark=texts.SPECIMEN)

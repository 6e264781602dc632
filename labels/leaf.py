"""The page of a PDF and the few strokes everything is made of, written straight as PDF operators.

Points from the lower left corner. reportlab's own text objects and shapes do the same at ten times the cost, and a
day's slips are a hundred thousand of them.
"""

import zlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO

from reportlab.lib.colors import Color, black
from reportlab.pdfbase import pdfdoc, pdfmetrics
from reportlab.pdfgen.canvas import Canvas

KNOWN = 1024  # texts a document remembers the codes of: captions and words come again on every page
FORMS = 64
SMALL = 1_000_000  # bytes of a document that never touches the disk before it is whole
PACKED = pdfdoc.PDFDictionary({"Filter": pdfdoc.PDFArray([pdfdoc.PDFName("FlateDecode")])})
Points = Sequence[tuple[float, float]]


class _Page(pdfdoc.PDFPage):  # type: ignore[misc]
    """A page that keeps only what is said of it: thirty names without a value, a thousand times, are a megabyte."""


for _name in (*pdfdoc.PDFPage.__NoDefault__, "ExtGState"):
    setattr(_Page, _name, None)


class Leaf(Canvas):  # type: ignore[misc]
    """A reportlab canvas with strokes of ours."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._pages = SpooledTemporaryFile(max_size=SMALL)  # noqa: SIM115 - closed by `close`
        self._add_page, self._doc.addPage = self._doc.addPage, self._keep
        self._forms: dict[Hashable, str] = {}
        self._told: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}

    def _keep(self, page: Any) -> None:
        """Put a finished page away, compressed: a day's slips are held until the last one is drawn."""
        packed = zlib.compress(page.stream.encode("latin-1"))
        page.stream, page.Contents = "", _Packed(self._pages, self._pages.tell(), len(packed))
        self._pages.write(packed)
        page.__class__ = _Page
        page.__dict__ = {name: value for name, value in vars(page).items() if value is not getattr(_Page, name, "")}
        self._add_page(page)

    def close(self) -> None:
        """Forget the pages."""
        self._pages.close()

    def write_to(self, file: BinaryIO) -> None:
        """Write the document, object by object, forgetting each: reportlab itself would hold it three times over."""
        doc = self._doc
        for font in doc.delayedFonts:
            font.addObjects(doc)
        doc.info.invariant = doc.invariant
        doc.info.digest(doc.signature)
        doc.Outlines.prepare(doc, self)
        if doc.Outlines.ready < 0:
            doc.Catalog.Outlines = None
        doc.encrypt.prepare(doc)
        root, info = doc.Reference(doc.Catalog), doc.Reference(doc.info)
        out = _Out(file)
        doc.__accum__ = out
        names: list[str] = []
        while (number := len(names) + 1) in doc.numberToId:  # formatting one object may make another
            name = doc.numberToId[number]
            names.append(name)
            doc.idToOffset[name] = out.add(pdfdoc.PDFIndirectObject(name, doc.idToObject[name]).format(doc))
            doc.idToObject[name] = None
        del doc.__accum__
        table = pdfdoc.PDFCrossReferenceTable()
        table.addsection(0, names)
        start = out.add(table.format(doc))
        end = pdfdoc.PDFTrailer(startxref=start, Size=len(names) + 1, Root=root, Info=info, Encrypt=None, ID=doc.ID())
        out.add(end.format(doc))

    def again(self, key: Hashable, paint: Callable[[], None]) -> None:
        """What `paint` draws: kept once in the document and shown again on every page with an equal key."""
        name = self._forms.get(key)
        if name is None:
            if len(self._forms) >= FORMS:
                paint()
                return
            name = self._forms[key] = f"kept{len(self._forms)}"
            self.beginForm(name)
            paint()
            self.endForm()
        self.doForm(name)

    def words(self, x: float, y: float, line: Sequence[tuple[str, str, float, Color]]) -> None:
        """One line of texts, each with its font, size and colour, one behind the other from x on the base line y."""
        said, inked = [f"BT 1 0 0 1 {x:.1f} {y:.1f} Tm"], black
        for text, font, size, colour in line:
            if colour is not inked:
                said.append(f"{ink(colour)} rg")
                inked = colour
            said += [f"{name} {size:.4g} Tf ({shown}) Tj" for name, shown in self._codes(text, font)]
        said.append("ET" if inked is black else "0 0 0 rg ET")
        self.addLiteral(" ".join(said))

    def strokes(
        self, points: Points, weight: float, colour: Color, dash: Sequence[float] = (), close: bool = False
    ) -> None:
        """A line through the points, `weight` points thick."""
        path = " ".join(f"{x:.1f} {y:.1f} {'l' if at else 'm'}" for at, (x, y) in enumerate(points))
        dashes = f"[{' '.join(f'{length:.2f}' for length in dash)}] 0 d " if dash else ""
        self.addLiteral(f"q {weight:.2f} w 1 j {ink(colour)} RG {dashes}{path} {'s' if close else 'S'} Q")

    def box(self, x: float, y: float, width: float, height: float, weight: float, filled: bool) -> None:
        """A black rectangle from its lower left corner, empty or filled."""
        self.addLiteral(f"q {weight:.2f} w {x:.2f} {y:.2f} {width:.2f} {height:.2f} re {'B' if filled else 'S'} Q")

    def bars(self, x: float, y: float, height: float, runs: Sequence[tuple[float, float]]) -> None:
        """Upright bars on the line y: where each begins, from x, and how wide it is."""
        self.addLiteral(" ".join(f"{x + left:.2f} {y:.2f} {width:.2f} {height:.2f} re" for left, width in runs) + " f")

    @contextmanager
    def turned(self, x: float, y: float) -> Iterator[None]:
        """Draw from x, y up the page what else goes to the right: read with the head on the left shoulder."""
        self.addLiteral(f"q 0 1 -1 0 {x:.2f} {y:.2f} cm")
        yield
        self.addLiteral("Q")

    def _codes(self, text: str, font: str) -> tuple[tuple[str, str], ...]:
        """What stands for `text` in this document's subsets of `font`: the subset's name and its codes, escaped."""
        known = self._told.get((text, font))
        if known is None:
            face = pdfmetrics.getFont(font)
            parts = face.splitString(text, self._doc)
            known = tuple((face.getSubsetInternalName(part, self._doc), self._escape(codes)) for part, codes in parts)
            if len(self._told) < KNOWN:
                self._told[text, font] = known
        return known


class _Packed(pdfdoc.PDFObject):  # type: ignore[misc]
    """The compressed strokes of a page, where they were put."""

    __RefOnly__ = 1

    def __init__(self, file: IO[bytes], at: int, size: int) -> None:
        self._file, self._at, self._size = file, at, size

    def format(self, document: Any) -> bytes:
        self._file.seek(self._at)
        told: bytes = pdfdoc.PDFStream(PACKED, self._file.read(self._size)).format(document)
        return told


class _Out(pdfdoc.PDFFile):  # type: ignore[misc]
    """A file that knows how far it has come, and keeps nothing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        super().__init__()
        file.write(b"".join(self.strings))
        self.write = file.write


@lru_cache(maxsize=16)
def ink(colour: Color) -> str:
    """The numbers of a colour."""
    return f"{colour.red:.3g} {colour.green:.3g} {colour.blue:.3g}"

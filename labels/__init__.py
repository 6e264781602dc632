"""Printed slips, labels and forms: an item goes in, PDF bytes come out. No Flask, no database, no clock."""

from labels.bag import BagTag
from labels.check import BadField
from labels.fonts import MissingGlyph, missing
from labels.formats import FORMATS, Format, render, render_to, sample
from labels.slip import Charge, Form, Identity, Kind, Paper, Party, Recovered, Slip, Stream, Way
from labels.stickers import Sticker, StickerSheet
from labels.wrapper import Label
from labels.zpl import zpl

__all__ = [
    "FORMATS",
    "BadField",
    "BagTag",
    "Charge",
    "Form",
    "Format",
    "Identity",
    "Kind",
    "Label",
    "MissingGlyph",
    "Paper",
    "Party",
    "Recovered",
    "Slip",
    "Sticker",
    "StickerSheet",
    "Stream",
    "Way",
    "missing",
    "render",
    "render_to",
    "sample",
    "zpl",
]

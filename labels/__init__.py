"""Printed slips, labels and forms: an item goes in, PDF bytes come out. No Flask, no database, no clock."""

from labels.authorisation import Authorisation
from labels.bag import BagTag
from labels.certificate import Certificate
from labels.check import BadField
from labels.fonts import MissingGlyph, missing
from labels.formats import FORMATS, Format, drawing, render, render_to, sample
from labels.invitation import Invitation
from labels.lists import Carried, CourierList, OfficeList, Sent
from labels.manifest import Line, Manifest, Odd
from labels.receipts import MoneyReceipt, PapersReceipt
from labels.rewrap import Rewrap
from labels.roundsheet import RoundSheet, Stop
from labels.slip import Charge, Form, Identity, Kind, Paper, Party, Recovered, Slip, Stream, Way
from labels.stickers import CELLS, Sticker, StickerSheet
from labels.wrapper import Label, fits_small
from labels.zpl import PAINTED as ZPL
from labels.zpl import zpl

__all__ = [
    "CELLS",
    "FORMATS",
    "ZPL",
    "Authorisation",
    "BadField",
    "BagTag",
    "Carried",
    "Certificate",
    "Charge",
    "CourierList",
    "Form",
    "Format",
    "Identity",
    "Invitation",
    "Kind",
    "Label",
    "Line",
    "Manifest",
    "MissingGlyph",
    "MoneyReceipt",
    "Odd",
    "OfficeList",
    "Paper",
    "PapersReceipt",
    "Party",
    "Recovered",
    "Rewrap",
    "RoundSheet",
    "Sent",
    "Slip",
    "Sticker",
    "StickerSheet",
    "Stop",
    "Stream",
    "Way",
    "drawing",
    "fits_small",
    "missing",
    "render",
    "render_to",
    "sample",
    "zpl",
]

"""Printed slips: a Slip goes in, PDF bytes come out. No Flask, no database, no clock."""

from labels.fonts import MissingGlyph, missing
from labels.formats import FORMATS, Format, render, render_to
from labels.slip import Charge, Form, Identity, Kind, Paper, Party, Recovered, Slip, Stream, Way

__all__ = [
    "FORMATS",
    "Charge",
    "Form",
    "Format",
    "Identity",
    "Kind",
    "MissingGlyph",
    "Paper",
    "Party",
    "Recovered",
    "Slip",
    "Stream",
    "Way",
    "missing",
    "render",
    "render_to",
]

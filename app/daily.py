"""The daily checkpoint as a sheet: printed, stamped and sent to a second body, it binds the ledger outside this house."""

from datetime import datetime
from pathlib import Path

from flask_babel import force_locale
from flask_babel import gettext as _

from app import language, signer
from app.domain import notes

GROUP, ROW = 4, 32  # digits of the root, as they are read aloud


def sheet(folder: Path, at: datetime) -> str | None:
    """Plain text, in Vietnamese, or None before the signer has signed anything."""
    key, newest = notes.published(folder), signer.newest(folder)
    if key is None or newest is None:
        return None
    head = notes.read(newest.note, key)
    root = head.root.hex()
    rows = [root[start : start + ROW] for start in range(0, len(root), ROW)]
    with force_locale("vi"):
        return "\n".join(
            [
                _("LEDGER OF HANDOFFS: CHECKPOINT OF %(day)s", day=language.long_date(at)),
                "",
                _("Log: %(name)s", name=key.name),
                _("Lines: %(count)s", count=head.size),
                _("Root (SHA-256):"),
                *("  " + " ".join(row[at_ : at_ + GROUP] for at_ in range(0, ROW, GROUP)) for row in rows),
                "",
                _("The signed checkpoint:"),
                "",
                newest.note.rstrip("\n"),
                "",
                _("The key that checks it:"),
                str(key),
                "",
                _("Printed %(when)s. Name, signature, stamp:", when=f"{language.long_date(at)}, {language.clock(at)}"),
                "",
                "",
                _("Keep this sheet outside the post: a later ledger that does not extend it has been changed."),
            ]
        )

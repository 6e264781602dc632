"""Proofs: what the ledger says of one packet, as a file that anybody can check without us (tools/verify_packet.py).

Only lines under the newest checkpoint are in it, each with its path to the signed root. It proves what it holds, not that
nothing came after. Numbers and kinds of parties are labels: they help to read, and nothing vouches for them.
"""

import base64
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import checkpoints, ledger, tree
from app.domain.checkpoints import Leaf
from app.domain.devices import Device
from app.domain.packets import Packet
from app.domain.parties import Party
from app.domain.places import Office
from app.domain.scans import ScanRow
from app.errors import Missing


def of(packet: Packet) -> dict[str, Any]:
    """The proof file's content. Raises Missing("not_signed_yet") while no line of the packet is under a checkpoint."""
    newest = checkpoints.newest()
    lines = ledger.lines(packet)
    leaves = sa.select(Leaf.line_id, Leaf.n).where(Leaf.line_id.in_([line.id for line in lines]))
    numbers = {row.line_id: row.n for row in db.session.execute(leaves)}
    proved = [line for line in lines if newest and numbers.get(line.id, newest.size) < newest.size]
    if newest is None or not proved:
        raise Missing("not_signed_yet", number=packet.number)
    told = {row.digest: row for row in db.session.scalars(
        sa.select(ScanRow).where(ScanRow.digest.in_([line.digest for line in proved]))
    )}  # fmt: skip
    devices = db.session.scalars(sa.select(Device).where(Device.id.in_({row.device_id for row in told.values()})))
    parties = {packet.origin_id, *(party for line in proved for party in (line.giver_id, line.taker_id))}
    return {
        "v": 1,
        "checkpoint": newest.note,
        "devices": {device.id: _b64(device.public_key) for device in devices},
        "lines": [
            {
                "line": ledger.line_bytes(line, packet.code).decode(),
                "n": numbers[line.id],
                "path": [each.hex() for each in tree.inclusion(numbers[line.id], newest.size, checkpoints.span)],
                "body": _b64(told[line.digest].body),
                "sig": _b64(told[line.digest].sig),
            }
            for line in proved
        ],
        "labels": {"number": packet.number, "later": len(lines) - len(proved), "parties": _named(parties)},
    }


def _named(parties: set[str]) -> dict[str, str]:
    """What kind of holder each is; offices by their name, people not at all."""
    query = sa.select(Party.id, Party.kind, Office.name).outerjoin(Office, Office.party_id == Party.id)
    rows = db.session.execute(query.where(Party.id.in_(parties)))
    return {party: name or str(kind) for party, kind, name in rows}


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()

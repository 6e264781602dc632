"""Certificates: the day and the place at which a packet's papers were taken, for anybody to check.

A certificate is no paper of its own but what the ledger says now. Its number is the packet's code and a keyed hash of
it: it cannot be guessed, and nothing is kept. It names a ward; no person, no street, no procedure.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.db import db
from app.domain import bodies, checkpoints, ledger, notes, packets, tokens, tree
from app.domain.checkpoints import Leaf
from app.domain.dossiers import Dossier
from app.domain.ledger import Handoff
from app.domain.notes import LogKey
from app.domain.packets import Kind, Packet, State, Way
from app.domain.places import Office, Ward
from app.domain.scans import ScanRow
from app.domain.tokens import Keys
from app.errors import Invalid, Missing

MARK = 10  # bytes of the keyed hash: 80 bits nobody can guess
UNDECIDED = frozenset({State.WAITING, State.DISPUTED})  # taken back, or contested: there is nothing to certify


@dataclass(frozen=True)
class InLog:
    """The line is number `n` of a signed log of `size` lines."""

    n: int
    size: int


@dataclass(frozen=True)
class Certificate:
    packet: Packet
    number: str  # of the certificate
    taken_at: datetime  # by the courier's clock, if nothing speaks against it
    recorded_at: datetime
    ward: Ward
    office: str | None  # the post office it was brought to; None: it was fetched at home
    seal: str | None
    submitted_at: datetime | None
    line_hash: bytes
    holds: bool  # line, evidence and log agree
    in_log: InLog | None  # None: no signed checkpoint has come that far yet


def number_of(packet: Packet, keys: Keys) -> str:
    return tokens.b32(packet.code + keys.digest("certificate", packet.code)[:MARK])


def for_dossier(dossier: Dossier, keys: Keys, log: LogKey | None) -> list[Certificate]:
    """One for each packet of papers that was taken from the citizen, oldest first."""
    found = (of(packet, keys, log) for packet in packets.of_dossier(dossier.id))
    return [certificate for certificate in found if certificate]


def are_there(dossier: Dossier) -> bool:
    return any(_line(packet) for packet in packets.of_dossier(dossier.id))


def find(number: str, keys: Keys, log: LogKey | None) -> Certificate:
    """The certificate with this number. Raises Missing("certificate_unknown") for every other text alike."""
    try:
        data = tokens.unb32(number, 10 + MARK)
        if not hmac.compare_digest(data[10:], keys.digest("certificate", data[:10])[:MARK]):
            raise Missing("certificate_unknown")
        certificate = of(packets.by_code(data[:10]), keys, log)
    except (Invalid, Missing) as error:
        raise Missing("certificate_unknown") from error
    if certificate is None:
        raise Missing("certificate_unknown")
    return certificate


def of(packet: Packet, keys: Keys, log: LogKey | None) -> Certificate | None:
    """What the ledger says of the day the papers were taken; None while they were not, or while that is contested."""
    line, dossier = _line(packet), packet.dossier
    if line is None:
        return None
    row = db.session.get(ScanRow, line.digest)
    office = db.session.scalar(sa.select(Office).filter_by(party_id=line.taker_id))
    in_log, agrees = _in_log(line, packet.code, log)
    return Certificate(
        packet=packet,
        number=number_of(packet, keys),
        taken_at=_taken_at(line, row),
        recorded_at=line.recorded_at,
        ward=office.ward if office else dossier.citizen.ward,
        office=office.name if office else None,
        seal=bodies.read(row.body, row.sig).seal if row else None,
        submitted_at=dossier.submitted_at if packet.kind is Kind.SUBMISSION else None,
        line_hash=line.hash,
        holds=agrees and _is_unchanged(line, packet.code, row),
        in_log=in_log,
    )


def _line(packet: Packet) -> Handoff | None:
    """The line by which the papers left the citizen's hands, if it stands."""
    if packet.way is not Way.IN or packet.state in UNDECIDED:
        return None
    return next((line for line in reversed(ledger.lines(packet)) if line.event == "collect"), None)


def _taken_at(line: Handoff, row: ScanRow | None) -> datetime:
    scan = bodies.read(row.body, row.sig) if row else None
    if row is None or scan is None or scan.wall is None or scan.wall > line.recorded_at:
        return line.recorded_at
    return line.recorded_at if scan.clock_is_off(row.recorded_at) else scan.wall


def _is_unchanged(line: Handoff, code: bytes, row: ScanRow | None) -> bool:
    said = hashlib.sha256(ledger.line_bytes(line, code)).digest()
    return said == line.hash and row is not None and bodies.digest_of(row.body) == line.digest


def _in_log(line: Handoff, code: bytes, key: LogKey | None) -> tuple[InLog | None, bool]:
    """Where the line stands in the signed log, and whether that agrees with what was signed."""
    newest = checkpoints.newest()
    n = db.session.scalar(sa.select(Leaf.n).filter_by(line_id=line.id))
    if newest is None or key is None or n is None or n >= newest.size:
        return None, True
    try:
        head = notes.read(newest.note, key)
        checkpoints.size()
        path = tree.inclusion(n, head.size, checkpoints.span)
    except (ValueError, *checkpoints.BROKEN):
        return None, False
    leaf = tree.leaf(ledger.line_bytes(line, code))
    return InLog(n, head.size), tree.includes(leaf, n, head.size, path, head.root)

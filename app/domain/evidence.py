"""Evidence: all that is on record about an incident in one file: the proof of the ledger, every list the packet stood on,
how the dossier passed through hands, its money, and what was said.

Whoever has the file can recompute each hash in it without us; `about` tells them how.
"""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import bodies, happenings, ledger, manifests, packets, photos, proofs, protocols, registers, tokens
from app.domain.incidents import Incident
from app.domain.manifests import Manifest
from app.domain.money import MoneyLine
from app.domain.packets import Packet
from app.domain.people import Act, User
from app.domain.photos import Photo
from app.domain.scans import ScanExtra, ScanRow
from app.domain.steps import Proof
from app.errors import Missing


def pack(incident: Incident, act: Act, base_url: str, about: str) -> bytes:
    """A ZIP: `incident.json`, `ledger.json` (for tools/verify_packet.py, once the log is signed), `hands.pdf`, the biên bản of
    every list with the desk, `photos/`, and `read-me.txt` with the words `about`.

    In `incident.json`: `files`, the SHA-256 of each of the others; `lists`, all of them word for word, the post's own too;
    `photos`, each with the hash its scans name, of what the phone sent, from which the picture here was drawn anew, and with
    that of the picture here; `parties` and `people`, whom the ids elsewhere stand for, the citizen not by name.
    """
    packet, made = incident.packet, io.BytesIO()
    lists, pictures, desk = manifests.all_of(packet.id), photos.of_packet(packet), packet.dossier.desk.party_id
    files = {"hands.pdf": registers.control_pdf(packet.dossier, act.at), "read-me.txt": about.encode()}
    for manifest in lists:
        if desk in (manifest.giver_id, manifest.taker_id):
            files[f"{manifest.receipt_no}.pdf"] = protocols.pdf(manifest, base_url, act.keys)
    files |= {_named(photo): photo.picture for photo in pictures}
    with suppress(Missing):  # not under a signed checkpoint yet: the lines stand in incident.json all the same
        files["ledger.json"] = _json(proofs.of(packet))
    told = _told(incident) | {"lists": [_list(one) for one in lists], "money": _money(packet)}
    told["photos"] = [_photo(photo, packet) for photo in pictures]
    told |= _whom(told)
    told["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in {"incident.json": _json(told), **files}.items():
            file.writestr(name, content)
    return made.getvalue()


def _told(incident: Incident) -> dict[str, Any]:
    packet = incident.packet
    return {
        "number": incident.number,
        "packet": packet.number,
        "sort": incident.sort,
        "opened": _when(incident.opened_at),
        "opened_by": incident.opened_by_id,
        "search_by": _when(incident.search_by),
        "answer_by": _when(incident.answer_by),
        "statements": [
            {"side": one.side, "at": _when(one.at), "by": one.user_id, "words": one.words}
            for one in incident.statements
        ],
        "outcome": incident.outcome,
        "fault": incident.fault,
        "closed": _when(incident.closed_at),
        "closed_by": incident.closed_by_id,
        "compensation": incident.compensation,
        "pay_by": _when(incident.pay_by),
        "paid": _when(incident.paid_at),
        "lines": [
            {
                "seq": line.seq, "event": line.event, "at": _when(line.recorded_at), "giver": line.giver_id,
                "taker": line.taker_id, "line": ledger.line_bytes(line, packet.code).decode(), "hash": line.hash.hex(),
            }
            for line in ledger.lines(packet)
        ],
    }  # fmt: skip


def _list(manifest: Manifest) -> dict[str, Any]:
    """One list as both sides saw it; what a phone signed is the `statement`."""
    return {
        "number": manifest.receipt_no,
        "at": _when(manifest.at),
        "giver": manifest.giver_id,
        "taker": manifest.taker_id,
        "hash": manifest.list_hash.hex(),
        "lines": [
            {
                "packet": packet.number, "code": tokens.b32(packet.code), "result": line.result,
                "scan": line.digest and line.digest.hex(), "seal": line.seal, "intact": line.is_intact,
                "complete": line.is_complete, "remark": line.remark,
            }
            for line, packet in manifests.lines_of(manifest)
        ],
        "confirmed": [
            {
                "side": one.side, "word": one.word, "at": _when(one.at), "by": one.user_id,
                "statement": manifests.statement(manifest, one.side).decode(),
                "sig": base64.b64encode(one.sig).decode() if one.sig else None,
            }
            for one in sorted(manifest.confirmations, key=lambda one: one.at)
        ],
    }  # fmt: skip


def _money(packet: Packet) -> list[dict[str, Any]]:
    """Every line about the dossier, in đồng: of all its packets, and what its citizen paid to the ward itself."""
    numbers = {one.id: one.number for one in packets.of_dossier(packet.dossier.id)}
    citizen = packet.dossier.citizen.party_id
    theirs = sa.or_(MoneyLine.packet_id.in_(numbers), MoneyLine.giver_id == citizen, MoneyLine.taker_id == citizen)
    return [
        {
            "stream": line.stream, "event": line.event, "amount": line.amount, "day": _when(line.day), "at": _when(line.at),
            "giver": line.giver_id, "taker": line.taker_id, "by": line.by_id, "receipt": line.receipt,
            "packet": line.packet_id and numbers[line.packet_id], "scan": line.digest and line.digest.hex(),
        }
        for line in db.session.scalars(sa.select(MoneyLine).where(theirs).order_by(MoneyLine.id))
    ]  # fmt: skip


def _photo(photo: Photo, packet: Packet) -> dict[str, Any]:
    """`signed_in`: scans whose signed words hold the hash; `named_beside`: those that it only came with."""
    named = sa.select(ScanRow).join(ScanExtra, ScanExtra.digest == ScanRow.digest)
    rows = db.session.scalars(
        named.where(ScanExtra.photo_sha256 == photo.sha256, ScanRow.packet_code == packet.code).order_by(ScanRow.digest)
    )
    holds = {
        row.digest.hex(): (Proof.PHOTO, photo.sha256.hex()) in bodies.parse(row.body, row.sig).proof for row in rows
    }
    return {
        "file": _named(photo),
        "file_sha256": hashlib.sha256(photo.picture).hexdigest(),
        "sent_sha256": photo.sha256.hex(),
        "signed_in": [digest for digest, is_signed in holds.items() if is_signed],
        "named_beside": [digest for digest, is_signed in holds.items() if not is_signed],
        "at": _when(photo.at),
    }


def _whom(told: dict[str, Any]) -> dict[str, Any]:
    """Whom the ids in `told` stand for."""
    parties = {one[side] for kind in ("lines", "lists", "money") for one in told[kind] for side in ("giver", "taker")}
    said = (*told["statements"], *told["money"], *(word for one in told["lists"] for word in one["confirmed"]))
    people = {told["opened_by"], told["closed_by"], *(one["by"] for one in said)} - {None}
    return {
        "parties": {
            party: {"kind": holder.kind, "name": holder.name, "badge": holder.badge}
            for party, holder in sorted(happenings.holders(parties).items())
        },
        "people": {
            user.id: {"name": user.name, "role": user.role, "office": user.office.name if user.office else None}
            for user in _users(people)
        },
    }


def _users(ids: Iterable[str]) -> Iterable[User]:
    return db.session.scalars(sa.select(User).where(User.id.in_(ids)).order_by(User.id))


def _named(photo: Photo) -> str:
    return f"photos/{photo.sha256.hex()}.jpg"


def _when(at: datetime | date | None) -> str | None:
    return at.isoformat() if at else None


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()

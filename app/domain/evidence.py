"""Evidence: all that is on record about an incident in one file: the proof of the ledger, the lists the desk signed, how the
dossier passed through hands, and what was said."""

import io
import json
import zipfile
from typing import Any

from app.domain import ledger, manifests, photos, proofs, protocols, registers
from app.domain.incidents import Incident
from app.domain.people import Act
from app.errors import Missing


def pack(incident: Incident, act: Act, base_url: str) -> bytes:
    """A ZIP: `incident.json`, `ledger.json` (for tools/verify_packet.py, once the log is signed), `hands.pdf`, and the
    biên bản of every list with the desk; `photos/`, each under the hash that the scan names: of what the phone sent, from
    which the picture was drawn anew."""
    packet, made = incident.packet, io.BytesIO()
    lists, desk = manifests.all_of(packet.id), packet.dossier.desk.party_id
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        told = _told(incident) | {"lists": [one.receipt_no for one in lists]}
        try:
            file.writestr("ledger.json", _json(proofs.of(packet)))
        except Missing:
            told["ledger"] = "not under a signed checkpoint yet"
        pictures = photos.of_packet(packet)
        for photo in pictures:
            file.writestr(f"photos/{photo.sha256.hex()}.jpg", photo.picture)
        told["photos"] = [{"sha256": one.sha256.hex(), "at": one.at.isoformat()} for one in pictures]
        file.writestr("incident.json", _json(told))
        file.writestr("hands.pdf", registers.control_pdf(packet.dossier, act.at))
        for manifest in lists:
            if desk in (manifest.giver_id, manifest.taker_id):
                file.writestr(f"{manifest.receipt_no}.pdf", protocols.pdf(manifest, base_url, act.keys))
    return made.getvalue()


def _told(incident: Incident) -> dict[str, Any]:
    return {
        "number": incident.number,
        "packet": incident.packet.number,
        "sort": incident.sort,
        "opened": incident.opened_at.isoformat(),
        "answer_by": incident.answer_by.isoformat(),
        "statements": [{"side": one.side, "at": one.at.isoformat(), "words": one.words} for one in incident.statements],
        "outcome": incident.outcome,
        "fault": incident.fault,
        "compensation": incident.compensation,
        "pay_by": incident.pay_by and incident.pay_by.isoformat(),
        "lines": [
            {"seq": line.seq, "event": line.event, "at": line.recorded_at.isoformat(), "hash": line.hash.hex()}
            for line in ledger.lines(incident.packet)
        ],
    }  # fmt: skip


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)

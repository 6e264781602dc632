"""Happenings: everything that happened to a dossier and its packets, in order and by name, for those who work on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.db import db
from app.domain import bodies, ledger, packets
from app.domain.dossiers import Dossier
from app.domain.ledger import Handoff
from app.domain.packets import Packet, State, Way
from app.domain.parties import Party, PartyKind
from app.domain.people import User
from app.domain.places import Office
from app.domain.scans import ScanRow

LATE = timedelta(hours=1)  # from a scan to its arrival


@dataclass(frozen=True)
class Holder:
    """A party by name; a citizen's stands with the dossier, not here."""

    kind: PartyKind
    name: str = ""
    badge: str | None = None


def holders(party_ids: Iterable[str]) -> dict[str, Holder]:
    wanted = set(party_ids)
    found = {party.id: Holder(party.kind) for party in db.session.scalars(sa.select(Party).where(Party.id.in_(wanted)))}
    for office in db.session.scalars(sa.select(Office).where(Office.party_id.in_(wanted))):
        found[office.party_id] = Holder(found[office.party_id].kind, office.name)
    for user in db.session.scalars(sa.select(User).where(User.party_id.in_(wanted))):
        assert user.party_id
        found[user.party_id] = Holder(PartyKind.COURIER, user.name, user.badge)
    return found


@dataclass(frozen=True)
class Happening:
    """One line of a dossier's story: a step of the case, or a packet's handoff from `giver` to `taker`."""

    at: datetime
    key: str
    packet: Packet | None = None
    giver: Holder | None = None
    taker: Holder | None = None
    seal: str | None = None
    sheets: int | None = None
    said_at: datetime | None = None  # when it happened by the clock that recorded it, where it arrived much later


def of(dossier: Dossier) -> list[Happening]:
    """Everything that happened to the dossier and its packets, oldest first."""
    known = packets.of_dossier(dossier.id)
    lines = [(packet, line) for packet in known for line in ledger.lines(packet)]
    names = holders(party for _, line in lines for party in (line.giver_id, line.taker_id))
    late = _late(line.digest for _, line in lines)
    right = _amended(line.digest for _, line in lines if line.event == "amend")
    moved = [
        Happening(
            x.recorded_at, _told(x), one, names[x.giver_id], names[x.taker_id], said_at=late.get(x.digest),
            **right.get(x.digest, {}),
        )
        for one, x in lines
    ]  # fmt: skip
    decided = [Happening(line.at, f"case_{line.event}") for line in dossier.history]
    sealed = [
        Happening(one.created_at, "sealed", one, seal=one.seals[0])
        for one in known
        if one.way is not Way.IN and one.seals
    ]
    return sorted(decided + sealed + moved, key=lambda one: (one.at, one.packet is None))


def _amended(digests: Iterable[bytes]) -> dict[bytes, dict[str, Any]]:
    """Of lines that put a detail right, what is right: a seal or a number of sheets."""
    found = db.session.scalars(sa.select(ScanRow).where(ScanRow.digest.in_(list(digests))))
    said = {row.digest: bodies.read(row.body, row.sig).amendment for row in found}
    return {
        digest: {field: int(value) if field == "sheets" else value}
        for digest, (_, field, value) in ((digest, told) for digest, told in said.items() if told)
    }


def _late(digests: Iterable[bytes]) -> dict[bytes, datetime]:
    """Of scans that came long after they were made, the time they claim."""
    told = sa.select(ScanRow.digest, ScanRow.recorded_at, ScanRow.clock_offset).where(
        ScanRow.digest.in_(list(digests)), ScanRow.clock_offset < -LATE.total_seconds()
    )
    return {digest: at + timedelta(seconds=offset or 0) for digest, at, offset in db.session.execute(told)}


def _told(line: Handoff) -> str:
    return "deliver_claimed" if line.state is State.DELIVERED_UNVERIFIED and line.event == "deliver" else line.event

"""Stickers: packets before their booking. They come in rolls; the scan that takes one into use names the visit.

What a sticker is for follows from its scans like everything else: while two homes claim it, it is nobody's.
"""

import sqlalchemy as sa

from app.db import db
from app.domain import audit, packets, scans
from app.domain.packets import Packet, Roll, State
from app.domain.people import Act
from app.domain.places import Office
from app.domain.scans import Ruling
from app.domain.trails import Trail
from app.domain.visits import Visit
from app.errors import Invalid, Missing

MOST = 480  # of one roll: twenty sheets
SHOWN = 20  # rolls of one list


def print_roll(office: Office, count: int, act: Act) -> Roll:
    """So many blank packets of this post office. Raises Invalid("roll_count")."""
    if not 1 <= count <= MOST:
        raise Invalid("roll_count", most=MOST)
    roll = Roll(office=office, count=count, made_at=act.at, made_by_id=act.by.id)
    db.session.add(roll)
    db.session.flush()
    for _ in range(count):
        packets.blank(roll, int(office.ward.code), act)
    audit.note("roll_printed", str(roll.id), act, count=count)
    return roll


def of_office(office: Office) -> list[tuple[Roll, int]]:
    """The newest rolls, and how many of each have been used."""
    used = sa.select(sa.func.count()).where(Packet.roll_id == Roll.id, Packet.seq > 0).scalar_subquery()
    newest = sa.select(Roll, used).where(Roll.office_id == office.id).order_by(Roll.id.desc()).limit(SHOWN)
    return [(roll, count) for roll, count in db.session.execute(newest)]


def of_roll(office: Office, roll_id: int) -> list[Packet]:
    """Its stickers in order. Raises Missing("roll_unknown"), also for another office's."""
    roll = db.session.get(Roll, roll_id)
    if roll is None or roll.office_id != office.id:
        raise Missing("roll_unknown")
    return list(db.session.scalars(sa.select(Packet).filter_by(roll_id=roll.id).order_by(Packet.id)))


def used_at(trail: Trail) -> int | None:
    """The visit at which the sticker was taken into use, by what stands of its scans."""
    used = [act[0].scan.visit for act in trail.acts() if act[0].scan.event == "collect"]
    return used[-1] if used else None


def bind(packet: Packet, trail: Trail) -> None:
    """Let a sticker's row say what its scans say: whose dossier it carries, or none."""
    visit_id = used_at(trail)
    visit = db.session.get(Visit, visit_id) if visit_id else None
    booked = visit.packet if visit else None
    packet.for_id = booked.id if booked else None
    packet.dossier_id = booked.dossier_id if booked else None
    packet.kind = booked.kind if booked else packet.kind
    db.session.flush()
    db.session.expire(packet, ["dossier"])


def booked(packet: Packet) -> Packet:
    """The packet whose visit this one ends: itself, or the one a sticker stands in for."""
    return db.session.get_one(Packet, packet.for_id) if packet.for_id else packet


def shared() -> dict[int, Packet]:
    """The stickers that two homes claim just now, by each booked packet whose papers a courier says are under one."""
    found = db.session.scalars(sa.select(Packet).where(Packet.state == State.DISPUTED, Packet.dossier_id.is_(None)))
    by_code = {sticker.code: sticker for sticker in found}
    if not by_code:
        return {}
    claims = [known.scan for known in scans.of_packets(by_code) if known.verdict.verdict is Ruling.DISPUTED]
    homes = {scan.visit: by_code[scan.code] for scan in claims if scan.visit and scan.code}
    calls = db.session.execute(sa.select(Visit.id, Visit.packet_id).where(Visit.id.in_(homes)))
    return {packet_id: homes[visit_id] for visit_id, packet_id in calls}

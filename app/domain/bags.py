"""Bags: a courier comes back, and a clerk takes in what they carry. Every packet is one handoff; then one list of all.

Nothing of the counting is kept apart from custody: what has been taken in and stands on no list yet is the open list, so
a page that breaks off loses nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.db import db
from app.domain import audit, counter, custody, manifests, numbers, people, scans, scope, tokens
from app.domain.custody import Seen
from app.domain.devices import Device
from app.domain.ledger import Handoff, LineKind
from app.domain.manifests import Listed, Manifest, ManifestLine, Side, Word
from app.domain.packets import Packet, State
from app.domain.people import Act, User
from app.domain.scans import ScanRow
from app.errors import Refused

SHIFT = timedelta(hours=16)  # what was handed in longer ago belongs to an earlier bag


@dataclass(frozen=True)
class Item:
    """One packet of a bag. `counted_at`: when the courier's own phone saw it there; None: it has not, or not told yet."""

    packet: Packet
    counted_at: datetime | None
    is_surplus: bool = False  # it lay in the bag, while the record had it with somebody else


@dataclass(frozen=True)
class Bag:
    """What has been taken in from a courier and is on no list yet, what they still carry, what else their phone saw."""

    courier: User
    taken: list[Item]
    carried: list[Item]
    foreign: list[Item]


def of(clerk: User, courier: User, at: datetime, also: Collection[str] = ()) -> Bag:
    """`courier`: one whom the clerk has a say in. `also`: numbers of what lay in the bag and was not the courier's."""
    counted, mine = _counted(courier, at), (courier.party_id, clerk.holds_as)
    held = scope.packets(clerk).where(Packet.holder_id == courier.party_id, Packet.state == State.CARRIED)
    elsewhere = scope.packets(clerk).where(Packet.id.in_(counted), Packet.holder_id.not_in(mine))
    return Bag(
        courier,
        [Item(one, counted.get(one.id), giver != courier.party_id) for one, giver, _ in _taken(clerk, courier, at, also)],
        [Item(one, counted.get(one.id)) for one in db.session.scalars(held.order_by(Packet.number))],
        [Item(one, counted[one.id], True) for one in db.session.scalars(elsewhere.order_by(Packet.number)) if not one.ended],
    )  # fmt: skip


def couriers(clerk: User) -> list[User]:
    """Who may come back to this counter, by badge."""
    return list(db.session.scalars(scope.couriers(clerk).order_by(User.badge, User.name)))


def waiting(clerk: User, at: datetime) -> list[Bag]:
    """The bags of the office's couriers that hold something, or were begun and stand on no list yet."""
    return [bag for courier in couriers(clerk) if (bag := of(clerk, courier, at)).taken or bag.carried]


def take_in(packet: Packet, courier: User, act: Act) -> bool:
    """The clerk has scanned it out of the courier's bag, and its seal is the one on record. Whether it is surplus: the
    record had it with somebody else. Raises Refused: `bag_not_carried`, `bag_no_seal`, custody_…"""
    packet = custody.hold(packet, act)
    if packet.state is not State.CARRIED:
        raise Refused("bag_not_carried", number=packet.number)
    if not packet.seal:
        raise Refused("bag_no_seal", number=packet.number)
    is_surplus = packet.holder_id != courier.party_id
    counter.hand_in(packet, act, packet.head, numbers.spoken_seal(packet.seal))
    return is_surplus


def close(courier: User, act: Act, *, rest_is_missing: bool, pin: str = "", also: Collection[str] = ()) -> Manifest:
    """One list of the bag. `rest_is_missing`: what the courier still answers for should have been there; else it stays
    on their round. The clerk's word is given with it; the courier's by their PIN, or later by their phone.

    Raises Refused: `bag_empty`, `pin_wrong`.
    """
    taken = _taken(act.by, courier, act.at, also)
    own = [packet for packet, giver, _ in taken if giver == courier.party_id]
    if rest_is_missing:
        own += [item.packet for item in of(act.by, courier, act.at).carried]
    if not own:
        raise Refused("bag_empty")
    if pin and not people.secret_fits(courier.pin_hash, pin.strip()):
        raise Refused("pin_wrong")
    assert courier.party_id and act.by.holds_as
    rows = [row for _, _, row in taken]
    key = tokens.sha256("\n".join(sorted(row.digest.hex() for row in rows)) + act.at.isoformat()).hex()
    manifest, _ = manifests.receive(
        Listed(key, courier.party_id, act.by.holds_as, tuple(packet.code for packet in own)),
        [scans.read(row.body, row.sig) for row in rows],
        Seen(act.at, act.keys),
    )
    manifests.confirm(manifest, Side.TAKER, Word.PRESENCE, act.at, act.by)
    if pin:
        manifests.confirm(manifest, Side.GIVER, Word.PIN, act.at, courier)
    audit.note("bag_taken_in", manifest.receipt_no, act, courier=courier.id, missing=manifest.missing)
    return manifest


def _taken(clerk: User, courier: User, at: datetime, also: Collection[str]) -> list[tuple[Packet, str, ScanRow]]:
    """What was handed in here by the courier, or lay in the bag, and is still here: the packet, who had it, the scan."""
    listed = sa.select(ManifestLine.digest).where(ManifestLine.digest.is_not(None))
    from_bag = sa.or_(Handoff.giver_id == courier.party_id, Packet.number.in_(also))
    lines = (
        sa.select(Packet, Handoff.giver_id, ScanRow)
        .join(Handoff, Handoff.packet_id == Packet.id)
        .join(ScanRow, ScanRow.digest == Handoff.digest)
        .where(Handoff.kind == LineKind.MOVE, Handoff.event == "hand_in", Handoff.taker_id == clerk.holds_as, from_bag)
        .where(Handoff.recorded_at > at - SHIFT, Handoff.digest.not_in(listed), Handoff.digest == Packet.head)
    )
    return [(row[0], row[1], row[2]) for row in db.session.execute(lines.order_by(Packet.number))]


def _counted(courier: User, at: datetime) -> dict[int, datetime]:
    """When the courier's phones saw each packet in the bag, of this shift."""
    seen = (
        sa.select(Handoff.packet_id, sa.func.max(Handoff.recorded_at))
        .join(ScanRow, ScanRow.digest == Handoff.digest)
        .join(Device, Device.id == ScanRow.device_id)
        .where(Handoff.kind == LineKind.NOTE, Handoff.event == "sighting", Device.user_id == courier.id)
        .where(Handoff.recorded_at > at - SHIFT)
    )
    return {row[0]: row[1] for row in db.session.execute(seen.group_by(Handoff.packet_id))}


# ---- the courier's word -----------------------------------------------------------------------------------------


def unsigned(courier: User, at: datetime) -> list[Manifest]:
    """Lists of what this courier gave that still want their word."""
    given = sa.select(Manifest).where(Manifest.giver_id == courier.party_id, Manifest.at > at - 3 * SHIFT)
    found = db.session.scalars(given.order_by(Manifest.id.desc()).limit(20))
    return [one for one in found if one.confirmed(Side.GIVER) is None]

"""Bags: a courier comes to a counter, post office or ward desk, and what they carry is counted with them. Every packet is
one handoff; then one list of all. At the desk that list is the biên bản giao nhận (QĐ 45/2016 Đ7).

Nothing of the counting is kept apart from custody: what has been taken in and stands on no list yet is the open list, so
a page that breaks off loses nothing, and two officers at one bag fill one list. Only what differs is written beside it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, aliased, mapped_column

from app.db import Instant, Model, db
from app.domain import audit, bodies, counter, custody, desk, manifests, numbers, reception, scope
from app.domain.cases import CaseState
from app.domain.devices import Device
from app.domain.dossiers import Dossier, Paper
from app.domain.ledger import Handoff, LineKind
from app.domain.manifests import Found, Listed, Manifest, ManifestLine, Side, Word
from app.domain.packets import Packet, State, Way
from app.domain.people import Act, User
from app.domain.procedures import PaperForm
from app.domain.scans import ScanRow
from app.domain.sittings import Seen
from app.errors import Invalid, Missing, Refused

SHIFT = timedelta(hours=16)  # what was handed in longer ago belongs to an earlier bag
PAUSE = timedelta(minutes=10)  # a count that rests longer is begun anew; a screen nobody touches ends soon after
TAKEN = {"hand_in": State.AT_POST, "receive": State.AT_DESK}  # how a counter takes in, and where the packet is then


class Difference(Model):
    """What both saw of a packet taken in that is not as the record says; gone with the scan that took it in."""

    __tablename__ = "bag_differences"

    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32), sa.ForeignKey(ScanRow.digest), primary_key=True)
    courier_id: Mapped[str] = mapped_column(sa.ForeignKey(User.id), index=True, doc="in whose bag it lay")
    seal: Mapped[str | None] = mapped_column(sa.String(24), doc="as read, where it is another one")
    is_intact: Mapped[bool] = mapped_column(default=True)
    sheets: Mapped[dict[str, int]] = mapped_column(sa.JSON, default=dict, doc="by the paper's position, where counted")
    remark: Mapped[str] = mapped_column(sa.String(300), default="")
    at: Mapped[Instant]


@dataclass(frozen=True)
class Item:
    """One packet of a bag. `counted_at`: when the courier's own phone saw it there; None: it has not, or not told yet."""

    packet: Packet
    counted_at: datetime | None
    is_surplus: bool = False  # it lay in the bag, while the record had it with somebody else
    differs: Difference | None = None

    @cached_property
    def is_whole(self) -> bool:
        """Its bag is closed with the seal on record: it may be opened with the list. Else it is counted by itself."""
        return not self.is_surplus and (self.differs is None or (self.differs.is_intact and not self.differs.seal))

    @cached_property
    def sheets(self) -> dict[int, int]:
        """What is counted in it, by the paper's position: what the slip promises, but for what was typed."""
        told = self.differs.sheets if self.differs else {}
        return {paper.position: told.get(str(paper.position), self.packet.promised(paper)) for paper in self.papers}

    @cached_property
    def papers(self) -> list[Paper]:
        return self.packet.papers

    @property
    def has_original(self) -> bool:
        """It holds an original that goes back."""
        return any(paper.returned and paper.form is PaperForm.ORIGINAL for paper in self.papers)

    @cached_property
    def short(self) -> int:
        """Papers that are not as the slip says."""
        if self.differs is None:
            return 0
        return sum(self.sheets[paper.position] != self.packet.promised(paper) for paper in self.papers)


@dataclass(frozen=True)
class Tally:
    """How a count stands."""

    taken: int
    unseen: int  # with the courier still
    surplus: int
    damaged: int
    short: int  # whole, and some of their papers differ

    @property
    def own(self) -> int:
        return self.taken - self.surplus

    @property
    def whole(self) -> int:
        return self.own - self.damaged


@dataclass(frozen=True)
class Bag:
    """What has been taken in from a courier and is on no list yet, what they still carry, what else their phone saw."""

    courier: User
    taken: list[Item]
    carried: list[Item]
    foreign: list[Item]

    @property
    def own(self) -> list[Item]:
        return [item for item in self.taken if not item.is_surplus]

    @property
    def tally(self) -> Tally:
        return _tally(self.taken, len(self.taken), len(self.carried))


@dataclass(frozen=True)
class Glance:
    """What a scan changes on the page of a count: what was taken in last, and how the count stands."""

    courier: User
    last: Item
    tally: Tally


def of(user: User, courier: User, at: datetime, *, papers: bool = True) -> Bag:
    """`courier`: one who may come to the counter of `user`. At a desk what leaves for homes is not expected back.
    What was taken in last comes first, of what is still carried what is for a procedure of the same day. Without `papers` their counts are looked up one by one, if at all."""
    counted, mine = _counted(courier, at), (courier.party_id, user.holds_as)
    listed = _carried(user, courier).order_by(Packet.number).options(*(WITH if papers else ()))
    elsewhere = scope.packets(user).where(Packet.id.in_(counted), Packet.holder_id.not_in(mine)).order_by(Packet.number)
    foreign = db.session.scalars(elsewhere) if counted else ()
    carried = list(db.session.scalars(listed))
    if papers:
        carried.sort(key=lambda packet: not packet.is_same_day)
    return Bag(
        courier,
        [Item(one, counted.get(one.id), giver != mine[0], differs) for one, giver, differs in _taken(user, courier, at, papers)],
        [Item(one, counted.get(one.id)) for one in carried],
        [Item(one, counted[one.id], True) for one in foreign if not one.ended],
    )  # fmt: skip


def glance(user: User, courier: User, at: datetime) -> Glance:
    """The count after a scan, by as many questions for a hundred packets as for one. Raises Missing("packet_unknown")
    where nothing lies on the open list."""
    asked = _open_list(user, courier, at).with_only_columns(Packet.id, Handoff.giver_id, Difference)
    rows = [(row[0], row[1], row[2]) for row in db.session.execute(asked.order_by(Handoff.id.desc()))]
    if not rows:
        raise Missing("packet_unknown")
    odd = [each for each in rows[1:] if each[2]]  # all others are as listed
    found = sa.select(Packet).where(Packet.id.in_([id_ for id_, *_ in odd])).options(*WITH)
    known = {packet.id: packet for packet in db.session.scalars(found)} if odd else {}
    known[rows[0][0]] = db.session.get_one(Packet, rows[0][0])
    items = [Item(known[id_], None, giver != courier.party_id, differs) for id_, giver, differs in (rows[0], *odd)]
    unseen = sa.select(sa.func.count()).select_from(_carried(user, courier).with_only_columns(Packet.id).subquery())
    return Glance(courier, items[0], _tally(items, len(rows), db.session.scalar(unseen) or 0))


def _carried(user: User, courier: User) -> sa.Select[Packet]:
    """What the courier still answers for that belongs here. At a desk neither what leaves it for homes does, nor what its
    citizen has called off: that goes home by the post office."""
    held = scope.packets(user).where(Packet.holder_id == courier.party_id, Packet.state == State.CARRIED)
    if _event(user) == "receive":
        held = held.where(Packet.way != Way.OUT, Dossier.state != CaseState.CANCELLED)
    return held


def _tally(items: list[Item], taken: int, unseen: int) -> Tally:
    """`items`: of those taken in, at least all that are not as listed."""
    own = [item for item in items if not item.is_surplus]
    return Tally(
        taken, unseen, len(items) - len(own), sum(not item.is_whole for item in own),
        sum(bool(item.short) for item in own if item.is_whole),
    )  # fmt: skip


WITH = manifests.WITH


def purse_bearers(clerk: User) -> list[User]:
    """Who comes back to this post office with money, by badge; who has left it among them."""
    return list(db.session.scalars(scope.purse_bearers(clerk).order_by(User.badge, User.name)))


def waiting(user: User, at: datetime) -> list[Bag]:
    """The bags of couriers who may come here that hold something for it, or were begun and stand on no list yet."""
    return [bag for one in bringers(user, at) if (bag := of(user, one, at, papers=False)).taken or bag.carried]


def bringers(user: User, at: datetime) -> list[User]:
    """Who may come to this counter with a bag, by badge."""
    return list(db.session.scalars(scope.bringers(user, at - SHIFT).order_by(User.badge, User.name)))


def bringer(user: User, courier_id: str, at: datetime) -> User:
    """A courier who may come to this counter with a bag. Raises Missing("courier_unknown")."""
    return scope.bringer(user, courier_id, at - SHIFT)


def is_under_way(user: User, courier: User, since: datetime, at: datetime) -> bool:
    """Whether `user` has scanned something into the open list since then, and no longer than PAUSE ago."""
    asked = _open_list(user, courier, at).join(ScanRow, ScanRow.digest == Packet.head)
    lately = asked.where(Handoff.recorded_at > max(since, at - PAUSE)).order_by(Handoff.id.desc())
    found = db.session.execute(lately.with_only_columns(ScanRow.body, ScanRow.sig))
    return any(bodies.read(body, sig).actor == user.id for body, sig in found)


def take_in(packet: Packet, courier: User, act: Act) -> bool:
    """It has been scanned out of the courier's bag, and its seal is the one on record. Scanned twice is taken in once:
    False where it lay on the open list already.

    Where the record had it with somebody else it is surplus. Raises Refused: `bag_not_carried`, `bag_no_seal`,
    `dossier_cancelled`, custody_…
    """
    packet, event = custody.hold(packet, act), _event(act.by)
    if packet.state is TAKEN[event] and db.session.scalar(
        _open_list(act.by, courier, act.at).where(Packet.id == packet.id)
    ):
        return False
    if packet.state is not State.CARRIED and (packet.state, event) != (State.AT_POST, "receive"):
        raise Refused("bag_not_carried", number=packet.number)
    if not packet.seal:
        raise Refused("bag_no_seal", number=packet.number)
    giver = packet.holder_id
    if event == "receive":
        reception.take_in(packet, act)
    else:
        counter.hand_in(packet, act, packet.head, numbers.spoken_seal(packet.seal))
    if giver != courier.party_id:
        db.session.add(Difference(digest=packet.head, courier_id=courier.id, at=act.at, sheets={}))
        db.session.flush()
    return True


def differ(
    packet: Packet, courier: User, act: Act, *, seal: str, intact: bool, counts: dict[int, int] | None, remark: str = ""
) -> None:
    """What both see of a packet on the open list; said again, the newest word stands. All as on record takes it back.

    `counts`: sheets by the paper's position; None where nothing is opened. Raises Refused("bag_not_open"); Invalid: `counts_missing`, `seal_form`,
    `remark_needed`.
    """
    packet = custody.hold(packet, act)
    open_ = {one.id: (giver, known) for one, giver, known in _taken(act.by, courier, act.at)}
    if packet.id not in open_:
        raise Refused("bag_not_open", number=packet.number)
    giver, known = open_[packet.id]
    read, remark = numbers.read_seal(seal), " ".join(remark.split())[:300]
    other = read if read not in packet.seals else None
    if (not intact or other) and not remark:
        raise Invalid("remark_needed")
    papers = {paper.position: packet.promised(paper) for paper in packet.papers}
    counts = papers if counts is None else counts
    if set(counts) != set(papers) or not all(0 <= n <= desk.MOST for n in counts.values()):
        raise Invalid("counts_missing")
    said = known or Difference(digest=packet.head, courier_id=courier.id)
    said.seal, said.is_intact, said.remark, said.at = other, intact, remark, act.at
    said.sheets = {str(position): n for position, n in counts.items() if n != papers[position]}
    if giver == courier.party_id and not (other or remark or said.sheets) and intact:
        if known:
            db.session.delete(known)
    else:
        db.session.add(said)
    db.session.flush()


def close(
    courier: User, act: Act, key: str, *, rest_is_missing: bool, giver_by: Word | None = None, pin: str = ""
) -> Manifest:
    """One list of the bag. `rest_is_missing`: what the courier still answers for should have been there; else it stays
    on their round. Our word is given with it; the courier's too where `giver_by` says how, else later by their phone.

    A desk opens what came whole and counts it with the list: with the second word that is submitted. What is damaged
    or surplus is held here unopened, and counted by itself; a seal that reads differently is put on record. `key`: the page's own random name for the list, so that a
    form sent twice is one list. Raises Refused: `bag_empty`, `pin_wrong`.
    """
    custody.hold_all({packet.code for packet, *_ in _taken(act.by, courier, act.at)})
    if known := manifests.by_key(key, act.by.holds_as):
        return known
    bag = of(act.by, courier, act.at)
    taken = sorted(bag.taken, key=lambda item: item.packet.number)
    own = [item for item in taken if not item.is_surplus]
    listed = own + (bag.carried if rest_is_missing else [])
    if not listed:
        raise Refused("bag_empty")
    if giver_by is Word.PIN:
        reception.check_pin(courier, pin)
    assert courier.party_id and act.by.holds_as
    opens = _event(act.by) == "receive"
    manifest, _ = manifests.receive(
        Listed(key, courier.party_id, act.by.holds_as, tuple(item.packet.code for item in listed)),
        _scans([item.packet for item in taken]),
        Seen(act.at, act.keys),
        {item.packet.code: _found(item, opens) for item in taken},
    )  # fmt: skip
    manifests.confirm(manifest, Side.TAKER, Word.PRESENCE, act.at, act.by)
    for item in taken:
        if item.differs and item.differs.seal:
            reception.saw_seal(item.packet, act, item.differs.seal)
    if opens:
        for item in own:
            reception.put_away(item.packet, act, item.sheets if item.is_whole else None)
    if giver_by:
        reception.confirm(manifest, Side.GIVER, giver_by, act, courier if giver_by is Word.PIN else None)
    audit.note("bag_taken_in", manifest.receipt_no, act, courier=courier.id, missing=manifest.missing)
    return manifest


def _found(item: Item, opens: bool) -> Found:
    differs = item.differs
    counts = item.sheets if opens and item.is_whole else None
    if differs is None:
        return Found(item.packet.seal, counts=counts)
    return Found(differs.seal or item.packet.seal, differs.is_intact, not item.short, differs.remark, counts)


def _event(user: User) -> str:
    return "receive" if user.role in scope.DESKS else "hand_in"


def _taken(
    user: User, courier: User, at: datetime, papers: bool = False
) -> list[tuple[Packet, str, Difference | None]]:
    """What was taken in here from the courier, or lay in the bag, and is still here: the packet, and who had it."""
    asked = _open_list(user, courier, at).order_by(Handoff.id.desc()).options(*(WITH if papers else ()))
    found = db.session.execute(asked)
    return [(row[0], row[1], row[2]) for row in found]


def _scans(taken: list[Packet]) -> list[bodies.Scan]:
    """The scans that took them in, in their order."""
    asked = sa.select(ScanRow).where(ScanRow.digest.in_([packet.head for packet in taken]))
    rows = {row.digest: row for row in db.session.scalars(asked)}
    return [bodies.read(rows[packet.head].body, rows[packet.head].sig) for packet in taken]


def _open_list(user: User, courier: User, at: datetime) -> sa.Select[Packet, str, Difference]:
    line, event = aliased(ManifestLine), _event(user)
    in_bag = sa.or_(
        Difference.courier_id == courier.id,
        sa.and_(Difference.courier_id.is_(None), Handoff.giver_id == courier.party_id),
    )
    return (
        sa.select(Packet, Handoff.giver_id, Difference)
        .join(Handoff, sa.and_(Handoff.digest == Packet.head, Handoff.kind == LineKind.MOVE))
        .outerjoin(Difference, Difference.digest == Packet.head)
        .where(Packet.holder_id == user.holds_as, Packet.state == TAKEN[event], Handoff.event == event, in_bag)
        .where(Handoff.recorded_at > at - SHIFT)
        .where(~sa.exists().where(line.packet_id == Packet.id, line.digest == Packet.head))
    )


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


def unsigned_here(user: User) -> list[Manifest]:
    """Lists this counter has written that still want the other side's word: until then nothing on them is submitted."""
    return manifests.without_word(Side.GIVER, taker_id=user.holds_as)

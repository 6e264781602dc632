"""Paper: what a courier wrote on the round sheet while the phone was broken, entered afterwards by a clerk.

The courier is at the counter and proves it with the PIN, so the act is theirs, signed by the server like every page's. It
keeps two times: the one on the sheet, which is a claim, and the one of the record. Who gave or took at the door is proven
by the signed slip that the clerk has in hand.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from app.db import db
from app.domain import audit, calendar, custody, desk, numbers, people, scope, visits
from app.domain.bodies import Extra
from app.domain.packets import Packet, State
from app.domain.people import Act, User
from app.domain.steps import NEXT, REASONS
from app.domain.tokens import Keys
from app.domain.visits import OPEN, Round, Visit, VisitKind
from app.errors import Invalid, Missing, Refused

BACK = timedelta(days=7)  # an older sheet is a matter for a supervisor, not for a form
PAPER = ("PAPER", "")


@dataclass(frozen=True)
class Line:
    """One line of the sheet. `at`: the time written there. `event`: done, or one of REASONS' words for a failed visit."""

    at: datetime
    event: str  # done, miss, decline
    seal: str = ""
    sheets: int = 0
    wet_seen: bool = False
    paid_by: str | None = None
    proof: str | None = None  # looked at, of whoever is carried for nothing: of exemptions.Proof
    receipt: str | None = None
    reason: str | None = None
    next_: str | None = None


def rounds(clerk: User, at: datetime) -> list[Round]:
    """The rounds of the last days that still have a visit nobody has told of."""
    since = calendar.today(at - BACK)
    open_ = sa.select(Visit.round_id).where(Visit.state.in_(OPEN))
    mine = sa.select(Round).where(Round.office_id == clerk.office_id, Round.day >= since, Round.id.in_(open_))
    found = db.session.scalars(mine.where(Round.day <= calendar.today(at)).order_by(Round.day.desc(), Round.id))
    return list(found)


def visit(clerk: User, visit_id: int) -> Visit:
    """Raises Missing("round_unknown") unless it is open and on a round of the clerk's office."""
    found = db.session.scalar(scope.visits(clerk).where(Visit.id == visit_id, Visit.state.in_(OPEN)))
    if found is None or found.round is None or found.courier is None:
        raise Missing("round_unknown")
    return found


def scanned(clerk: User, text: str, keys: Keys) -> Visit:
    """The visit still to be told of, by its packet's slip or number. Raises as `scope.scanned`, `visit` and
    Missing("paper_told")."""
    packet, _ = scope.scanned(clerk, text, keys)
    open_ = visits.open_visit(packet.id)
    if open_ is None or open_.round is None:
        raise Missing("paper_told", number=packet.number)
    return visit(clerk, open_.id)


def enter(found: Visit, line: Line, act: Act, pin: str) -> None:
    """Raises Refused: `pin_wrong`, `paper_carried` (the result was not in the courier's bag), custody_…; Invalid:
    `paper_time`, `paper_reason`, `seal_form`, `counts_missing`."""
    courier, packet = found.courier, custody.hold(found.packet, act)
    assert courier is not None
    if not people.secret_fits(courier.pin_hash, pin.strip()):
        raise Refused("pin_wrong")
    if not act.at - BACK < line.at <= act.at:
        raise Invalid("paper_time")
    theirs = Act(courier, act.at, act.keys)
    if line.event != "done":
        _failed(packet, line, theirs)
    elif found.kind is VisitKind.COLLECT:
        _collected(packet, line, theirs, act)
    else:
        _delivered(packet, line, theirs, act)
    audit.note("from_paper", packet.number, act, courier=courier.id, event=line.event, at=line.at.isoformat())


def _collected(packet: Packet, line: Line, theirs: Act, act: Act) -> None:
    if not 0 < line.sheets <= desk.MOST:
        raise Invalid("counts_missing")
    custody.enter(
        packet, "collect", theirs, giver=packet.holder_id, taker=theirs.by.party_id, parent=packet.head,
        proof=[("WET_CLAIMED", ""), PAPER], seal=numbers.read_seal(line.seal), sheets=line.sheets, wall=line.at,
        extra=_money(line),
    )  # fmt: skip
    if line.wet_seen:
        custody.enter(
            packet, "attest", act, giver=packet.holder_id, taker=packet.holder_id, parent=None, proof=[("WET_SEEN", "")]
        )


def _delivered(packet: Packet, line: Line, theirs: Act, act: Act) -> None:
    if packet.state is not State.CARRIED or packet.holder_id != theirs.by.party_id:
        raise Refused("paper_carried", number=packet.number)
    party, citizen = theirs.by.party_id, packet.dossier.citizen.party_id
    custody.enter(
        packet, "deliver", theirs, giver=party, taker=party, parent=packet.head,
        proof=[("WET_CLAIMED", ""), PAPER], seal=numbers.read_seal(line.seal), wall=line.at, extra=_money(line),
    )  # fmt: skip
    if line.wet_seen:
        custody.enter(packet, "confirm", act, giver=party, taker=citizen, parent=None, proof=[("WET_SEEN", "")])


def _money(line: Line) -> Extra | None:
    """What the sheet says was paid: all that was due."""
    if not line.paid_by and not line.proof:
        return None
    return Extra.read({"money": {"paid_by": line.paid_by, "receipt": line.receipt, "proof": line.proof}})


def _failed(packet: Packet, line: Line, theirs: Act) -> None:
    event = next((each for each in ("miss", "decline") if line.reason in REASONS[each]), None)
    if event is None or line.next_ not in NEXT[event]:
        raise Invalid("paper_reason")
    custody.enter(
        packet, event, theirs, giver=packet.holder_id, taker=packet.holder_id, parent=None, proof=[PAPER],
        reason=line.reason, next_=line.next_, wall=line.at,
    )  # fmt: skip


def on(day: date, clock: str) -> datetime:
    """The instant a sheet of that day means by "8:05". Raises Invalid("paper_time")."""
    try:
        hour, minute = (int(part) for part in clock.strip().replace(".", ":").replace("h", ":").split(":"))
        return visits.starts_at(day, datetime.min.time().replace(hour=hour, minute=minute))
    except ValueError as error:
        raise Invalid("paper_time") from error

"""Retention: what is let go of a dossier once its case is over. The ledger stays, names nobody, and still verifies.

Ninety days after the end, unless a complaint or another matter is open: whereabouts, second contacts, notes, codes and what
couriers wrote or photographed beside their scans are deleted, and only those who answer complaints and audits still open it
(Law 91/2025; `scope`). The data of the slip, a contract, stay five years (TT 17/2017 Đ14); then name, address, telephone and
link go too. A booking whose papers never left home was no contract: it goes whole after the ninety days.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.db import db
from app.domain import audit, codes, dossiers, packets, photos, slips
from app.domain.audit import ViewLine
from app.domain.cases import OVER
from app.domain.dossiers import CaseLine, Dossier
from app.domain.forms import Form
from app.domain.incidents import Incident, Statement
from app.domain.outbox import NOBODY
from app.domain.packets import Packet, State
from app.domain.people import Act, Citizen
from app.domain.photos import Photo
from app.domain.places import Neighbourhood
from app.domain.scans import ScanExtra, ScanRow
from app.domain.tasks import Task
from app.domain.votes import Vote
from app.errors import Refused

AFTER = timedelta(days=90)  # from the end of the case, or of the last matter about it
CONTRACT = timedelta(days=366 * slips.YEARS)
GONE = "–"  # stands where a name or a street stood
MOST = 200  # dossiers at a time: writers wait for no more
STILL = packets.ENDED | {State.WAITING}  # of a case that is over: nothing of it is on its way

Ids = Collection[int]


def restrict_due(at: datetime) -> int:
    """Let go of what nobody needs any more, of at most MOST dossiers; how many."""
    rested = sa.select(Dossier.id).where(Dossier.erased_at.is_(None), _is_settled(), ~_stirred(at - AFTER))
    due = list(db.session.scalars(rested.order_by(Dossier.id).limit(MOST)))
    if due:
        _restrict(due, at)
        _erase(_never_left(due), at)
    return len(due)


def erase_due(at: datetime) -> int:
    """Let go of what the law wants kept for five years, of at most MOST dossiers; how many."""
    old = sa.select(Dossier.id).where(Dossier.erased_at.is_(None), Dossier.restricted_at <= at - CONTRACT)
    due = list(db.session.scalars(old.order_by(Dossier.id).limit(MOST)))
    _erase(due, at)
    return len(due)


def sweep(at: datetime) -> int:
    """What phones have sent again beside a scan since it was let go of; how many rows."""
    late = sa.select(ScanRow.digest).join(Packet, Packet.code == ScanRow.packet_code).join(Dossier)
    late = late.where(Dossier.restricted_at.is_not(None))
    return _gone(sa.delete(ScanExtra).where(ScanExtra.digest.in_(late)))


def let_photos_go(at: datetime) -> int:
    """Photos that were kept long enough, also of what has no dossier; not while a file about their packet is open. How many."""
    open_ = (
        sa.select(ScanExtra.photo_sha256)
        .join(ScanRow, ScanRow.digest == ScanExtra.digest)
        .join(Packet, Packet.code == ScanRow.packet_code)
        .join(Incident, Incident.packet_id == Packet.id)
        .where(Incident.closed_at.is_(None), ScanExtra.photo_sha256.is_not(None))
    )
    return _gone(sa.delete(Photo).where(Photo.at < at - photos.KEPT, Photo.sha256.not_in(open_)))


def restrict(dossier: Dossier, act: Act) -> None:
    """The same for one dossier now, because its citizen asks for it. Raises Refused("not_over") while the case goes on or
    a matter about it is open, and Refused("restricted_before")."""
    if dossier.restricted_at:
        raise Refused("restricted_before")
    if _settled(dossier) is None:
        raise Refused("not_over", number=dossier.number)
    _restrict([dossier.id], act.at)
    _erase(_never_left([dossier.id]), act.at)
    audit.note("restricted", dossier.number, act)


def why_kept(dossier: Dossier, at: datetime) -> str | None:
    """Why it must go on naming its citizen: "not_over", or "contract_kept" (TT 17/2017 Đ14); None: nothing wants it any more."""
    if dossier.erased_at or (dossier.restricted_at and dossier.restricted_at <= at - CONTRACT):
        return None
    if not dossier.restricted_at and _settled(dossier) is None:
        return "not_over"
    return None if _never_left([dossier.id]) else "contract_kept"


def erase(dossier: Dossier, act: Act) -> None:
    """Nothing names its citizen from now on, because they ask for it; only where the law wants nothing kept any more. Raises
    Refused as `why_kept` says."""
    if why := why_kept(dossier, act.at):
        raise Refused(why, number=dossier.number, years=slips.YEARS)
    if dossier.restricted_at is None:
        _restrict([dossier.id], act.at)
    if dossier.erased_at is None:
        _erase([dossier.id], act.at)
        audit.note("erased", dossier.number, act)


def _settled(dossier: Dossier) -> int | None:
    return db.session.scalar(sa.select(Dossier.id).where(Dossier.id == dossier.id, _is_settled()))


def _is_settled() -> sa.ColumnElement[bool]:
    """Not restricted yet, its case over, no packet of it on its way, no matter and no incident file open."""
    mine = sa.select(Packet.id).where(Packet.dossier_id == Dossier.id).correlate(Dossier)
    unpaid = sa.and_(Incident.compensation.is_not(None), Incident.paid_at.is_(None))
    return sa.and_(
        Dossier.restricted_at.is_(None),
        Dossier.state.in_(OVER),
        ~mine.where(Packet.state.not_in(STILL)).exists(),
        ~sa.exists().where(Task.packet_id.in_(mine), Task.closed_at.is_(None)),
        ~sa.exists().where(Incident.packet_id.in_(mine), sa.or_(Incident.closed_at.is_(None), unpaid)),
    )


def _stirred(since: datetime) -> sa.ColumnElement[bool]:
    """Whether anything of it has ended since."""
    mine = sa.select(Packet.id).where(Packet.dossier_id == Dossier.id).correlate(Dossier)
    return sa.or_(
        sa.exists().where(CaseLine.dossier_id == Dossier.id, CaseLine.at > since),
        sa.exists().where(Task.packet_id.in_(mine), Task.closed_at > since),
        sa.exists().where(Incident.packet_id.in_(mine), sa.func.coalesce(Incident.paid_at, Incident.closed_at) > since),
    )


def _never_left(ids: Ids) -> list[int]:
    left = sa.exists().where(Packet.dossier_id == Dossier.id, Packet.state != State.WAITING)
    return list(db.session.scalars(sa.select(Dossier.id).where(Dossier.id.in_(ids), ~left)))


def _restrict(ids: Ids, at: datetime) -> None:
    theirs = sa.select(Packet.id).where(Packet.dossier_id.in_(ids))
    told = sa.select(ScanRow.digest).join(Packet, Packet.code == ScanRow.packet_code).where(Packet.dossier_id.in_(ids))
    named = sa.select(ScanExtra.photo_sha256).where(ScanExtra.digest.in_(told), ScanExtra.photo_sha256.is_not(None))
    _gone(sa.delete(Photo).where(Photo.sha256.in_(named)))
    _gone(sa.delete(ScanExtra).where(ScanExtra.digest.in_(told)))
    _gone(sa.delete(codes.DoorCode).where(codes.DoorCode.packet_id.in_(theirs)))
    _gone(sa.delete(codes.ViewCode).where(codes.ViewCode.dossier_id.in_(ids)))
    _gone(sa.delete(Vote).where(Vote.dossier_id.in_(ids)))
    lat, lon = (
        sa.select(each).where(Neighbourhood.id == Citizen.neighbourhood_id).scalar_subquery()
        for each in (Neighbourhood.lat, Neighbourhood.lon)
    )
    less = {"second_name": None, "second_phone": None, "proxy": None, "notes": "", "call_first": False}
    _change(sa.update(Citizen).where(Citizen.id.in_(_citizens(ids))).values(**less, lat=lat, lon=lon))
    _change(sa.update(Dossier).where(Dossier.id.in_(ids)).values(restricted_at=at))


def _erase(ids: Ids, at: datetime) -> None:
    files = sa.select(Incident.id).join(Packet, Incident.packet_id == Packet.id).where(Packet.dossier_id.in_(ids))
    nobody = {"name": GONE, "words": "", "phone": NOBODY, "street": GONE, "exemption": None}
    _change(sa.update(Citizen).where(Citizen.id.in_(_citizens(ids))).values(**nobody))
    _change(sa.update(Form).where(Form.dossier_id.in_(ids)).values(facts={}))
    _change(sa.update(Statement).where(Statement.incident_id.in_(files)).values(words=GONE))
    _gone(sa.delete(ViewLine).where(ViewLine.dossier_id.in_(ids)))
    for dossier in db.session.scalars(sa.select(Dossier).where(Dossier.id.in_(ids))):
        dossier.secret, dossier.official_code, dossier.erased_at = dossiers.new_secret(), None, at


def _citizens(ids: Ids) -> sa.Select[int]:
    return sa.select(Dossier.citizen_id).where(Dossier.id.in_(ids))


def _change(statement: sa.Update) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))


def _gone(statement: sa.Delete) -> int:
    done = db.session.execute(statement.execution_options(synchronize_session=False))
    return done.rowcount  # type: ignore[attr-defined,no-any-return]

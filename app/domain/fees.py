"""Fees: what a citizen has paid for the ward, and how it goes back to them: from the ward, which did not take the dossier or
stopped it, or from the post, whose booking was called off before the ward had it.
"""

from datetime import date, datetime

import sqlalchemy as sa

from app.db import db
from app.domain import calendar, dossiers
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.money import Event, MoneyLine, purse
from app.domain.packets import Packet
from app.domain.people import Act, User
from app.domain.postage import Stream
from app.errors import Refused


def pay_ward(dossier: Dossier, amount: int, receipt: str, act: Act) -> None:
    """A statutory fee the ward asked for was paid to the ward, against this receipt: it never was the post's."""
    if amount:
        db.session.add(
            MoneyLine(
                stream=Stream.FEE, event=Event.PAID, giver_id=dossier.citizen.party_id, taker_id=dossier.desk.party_id,
                amount=amount, day=calendar.today(act.at), receipt=receipt, by_id=act.by.id, at=act.at,
            )
        )  # fmt: skip


def paid(dossier: Dossier) -> int:
    """The statutory fee its citizen has paid and was not given back, in đồng, whoever of post and ward has it now."""
    return max(-purse(dossier.citizen.party_id).fee, 0)


def ward_owes(dossier: Dossier) -> int:
    """Of a dossier the ward did not take or has stopped: what it gives back still."""
    gone = any(line.event in ("refuse", "stop") for line in dossier.history)
    return paid(dossier) if gone else 0


def ward_gives_back(dossier: Dossier, receipt: str, act: Act) -> int:
    """The ward has given the fee back against this paper, in đồng. What the post still has of it, it owes the ward as ever.

    Raises Refused("fee_not_held")."""
    amount = ward_owes(dossier)
    if not amount:
        raise Refused("fee_not_held", number=dossier.number)
    db.session.add(
        MoneyLine(
            stream=Stream.FEE, event=Event.FEE_BACK, giver_id=dossier.desk.party_id, taker_id=dossier.citizen.party_id,
            amount=amount, day=calendar.today(act.at), receipt=receipt, by_id=act.by.id, at=act.at,
        )
    )  # fmt: skip
    return amount


def post_owes(dossier: Dossier) -> int:
    """Of a booking that was called off: the fee its citizen paid, in đồng, which the post owes them until it is given back."""
    return paid(dossier) if dossier.state is CaseState.CANCELLED else 0


def home(dossier: Dossier) -> int:
    """What the post has given back of it, in đồng, less what two people declared never was given back."""
    party, line = dossier.citizen.party_id, MoneyLine
    given = sa.and_(line.event == Event.GIVEN_BACK, line.taker_id == party)
    undone = sa.and_(line.event == Event.TAKEN_BACK, line.stream == Stream.FEE, line.giver_id == party)
    net = sa.select(sa.func.sum(sa.case((given, line.amount), else_=-line.amount))).where(given | undone)
    return db.session.scalar(net) or 0


def post_gives_back(
    packet: Packet, giver_id: str, at: datetime, day: date, amount: int, by: User, digest: bytes | None = None
) -> None:
    """The post has given the fee of a booking that was called off back, at the door or at its own counter."""
    dossier = packet.dossier
    db.session.add(
        MoneyLine(
            stream=Stream.FEE, event=Event.GIVEN_BACK, giver_id=giver_id, taker_id=dossier.citizen.party_id, amount=amount,
            day=day, packet_id=packet.id, digest=digest, by_id=by.id, at=at,
        )
    )  # fmt: skip
    dossiers.tell(dossier, "fee_returned", at, amount=amount)

"""Votes: how a citizen found it, once everything is back in their hands. Three answers and what the matter was: no words of
their own, so that nothing is told about anybody. Reports count them; the vote itself goes with the rest (`retention`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Instant, Model, choice, db
from app.domain import calendar
from app.domain.dossiers import CaseLine, Dossier
from app.domain.people import Act
from app.errors import Refused

OPEN = timedelta(days=30)  # after the last step of the case


class Mark(StrEnum):
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class About(StrEnum):
    """What should be better."""

    TIME = "time"  # it took long, or nobody came when agreed
    COURIER = "courier"
    DESK = "desk"
    PRICE = "price"
    PAGES = "pages"  # these pages, and the messages


class Vote(Model):
    __tablename__ = "votes"

    dossier_id: Mapped[int] = mapped_column(sa.ForeignKey(Dossier.id), primary_key=True)
    mark: Mapped[Mark] = mapped_column(choice(Mark))
    about: Mapped[str] = mapped_column(sa.String(40), doc="of About, in its order, with spaces between")
    at: Mapped[Instant] = mapped_column(index=True)


def given(dossier: Dossier) -> Vote | None:
    return db.session.get(Vote, dossier.id)


def is_open(dossier: Dossier, at: datetime) -> bool:
    """Whether its citizen can vote, or change the vote: until the day it was given is over, for that day is counted then."""
    if known := given(dossier):
        return calendar.today(known.at) == calendar.today(at)
    last = db.session.scalar(sa.select(sa.func.max(CaseLine.at)).where(CaseLine.dossier_id == dossier.id))
    return last is not None and at < last + OPEN


def cast(dossier: Dossier, mark: Mark, about: Iterable[About], act: Act) -> Vote:
    """The citizen's answer, in place of the one they gave before on that day. Raises Refused("vote_over")."""
    db.session.get_one(Dossier, dossier.id, with_for_update=True)
    if not is_open(dossier, act.at):
        raise Refused("vote_over")
    vote = given(dossier) or Vote(dossier_id=dossier.id)
    wished = set(about)
    vote.mark, vote.about, vote.at = mark, " ".join(one for one in About if one in wished), act.at
    db.session.add(vote)
    return vote

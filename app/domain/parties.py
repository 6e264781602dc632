"""Parties: who may hold a packet. A party has no name; people and offices point here."""

from enum import StrEnum

from sqlalchemy.orm import Mapped, mapped_column

from app.db import Id, Model, choice, db, random_id


class PartyKind(StrEnum):
    CITIZEN = "citizen"
    COURIER = "courier"
    POST = "post"
    DESK = "desk"


class Party(Model):
    __tablename__ = "parties"

    id: Mapped[Id] = mapped_column(primary_key=True, default=lambda: random_id("p"))
    kind: Mapped[PartyKind] = mapped_column(choice(PartyKind))


def new(kind: PartyKind) -> Party:
    party = Party(id=random_id("p"), kind=kind)
    db.session.add(party)
    return party

"""Protocols: a manifest with a desk as the paper both sides sign, the biên bản giao nhận (QĐ 45/2016 Đ7.3).

Said as it was written then, its papers as they were counted; what was found out later is `oversight.after`.
"""

from datetime import timedelta

import sqlalchemy as sa

import labels
from app.db import db
from app.domain import calendar, manifests, numbers, printing, tokens
from app.domain.manifests import LineResult, Manifest, ManifestLine, Side
from app.domain.money import Event, MoneyLine
from app.domain.packets import Packet, Way
from app.domain.people import User
from app.domain.places import Office, OfficeKind
from app.domain.postage import Stream
from app.domain.procedures import PaperForm
from app.domain.tokens import Keys, TokenType
from labels import manifest as sheet
from labels import terms

KEPT = timedelta(days=3653)  # as long as the code on it is good
TO_WRITE = "……………………"  # by hand: nobody has confirmed for this side yet


def pdf(manifest: Manifest, base_url: str, keys: Keys) -> bytes:
    return printing.pdf("manifest", [_sheet(manifest, base_url, keys)])


def _sheet(manifest: Manifest, base_url: str, keys: Keys) -> labels.Manifest:
    lines = manifests.lines_of(manifest)
    sides = {Side.GIVER: manifest.giver_id, Side.TAKER: manifest.taker_id}
    units, people = {}, {}
    for side, party in sides.items():
        courier = db.session.scalar(sa.select(User).filter_by(party_id=party))
        office = courier.office if courier else db.session.scalar(sa.select(Office).filter_by(party_id=party))
        signer = manifests.signer(manifest, side)
        units[side] = office
        people[side] = (
            sheet.courier(courier.name, courier.badge or "–")
            if courier
            else sheet.officer(signer.name if signer else TO_WRITE)
        )
    giver, taker = units[Side.GIVER], units[Side.TAKER]
    to_desk = taker is not None and taker.kind is OfficeKind.DESK
    desk = taker if to_desk else giver
    fees = _fees([packet.id for _, packet in lines]) if to_desk else {}
    return labels.Manifest(
        number=manifest.receipt_no,
        way=labels.Way.IN if to_desk else labels.Way.OUT,
        submits=any(packet.way is not Way.OUT for _, packet in lines),
        at=calendar.local(manifest.at),
        place=terms.centre(desk.name) if desk else "–",
        giver_unit=terms.centre(giver.name) if giver else "–",
        giver=people[Side.GIVER],
        receiver_unit=terms.centre(taker.name) if taker else "–",
        receiver=people[Side.TAKER],
        lines=tuple(_line(line, packet, fees.get(packet.id)) for line, packet in lines if line.result is not LineResult.SURPLUS),
        odd=tuple(odd for line, packet in lines for odd in _odd(line, packet)),
        signed_at=calendar.local(manifest.closed_at) if manifest.closed_at else None,
        token_url=tokens.url(base_url, tokens.write(
            keys, TokenType.DESK, manifests.code_of(manifest), 1, int(desk.ward.code) if desk else 0, calendar.today(manifest.at) + KEPT
        )),
        mark=terms.TEST_NUMBER if any(numbers.is_test(packet.number) for _, packet in lines) else "",
    )  # fmt: skip


def _line(line: ManifestLine, packet: Packet, fee: tuple[int, str] | None) -> labels.Line:
    dossier, is_out = packet.dossier, packet.way is Way.OUT
    counted = [(one["promised"] if one["counted"] is None else one["counted"], one) for one in line.papers]
    listed = [(PaperForm(one["form"]), one["copies"], sheets) for sheets, one in counted if sheets or is_out]
    is_whole = line.is_intact and line.is_own_seal
    is_known = line.result is LineResult.MOVED and is_whole
    return labels.Line(
        number=packet.number,
        name=printing.printable(dossier.citizen.name),
        matter=terms.result_of(dossier.procedure.official_name) if is_out else dossier.procedure.official_name,
        originals=_of(listed, PaperForm.ORIGINAL),
        certified=_of(listed, PaperForm.CERTIFIED),
        copies=_of(listed, PaperForm.COPY),
        sheets=sum(sheets for _, _, sheets in listed) if is_known else None,
        complete=line.is_complete if is_known else None if line.result is LineResult.MISSING else False,
        seal=numbers.spoken_seal(line.seal) if line.seal else "",
        intact=line.is_intact if line.result is not LineResult.MISSING else None,
        fee=fee[0] if fee else 0,
        receipt=fee[1] if fee else "",
        remark=printing.printable(line.remark),
    )  # fmt: skip


def _of(listed: list[tuple[PaperForm, int, int]], form: PaperForm) -> int:
    return sum(sets for each, sets, _ in listed if each is form)


def _odd(line: ManifestLine, packet: Packet) -> list[labels.Odd]:
    remark = printing.printable(line.remark)
    kinds = [line.result] if line.result in (LineResult.MISSING, LineResult.SURPLUS, LineResult.HELD) else []
    said = [sheet.odd(str(kind), packet.number) for kind in kinds]
    if not line.is_intact:
        said.append(sheet.odd("damaged", packet.number, remark))
    if not line.is_own_seal:
        said.append(sheet.odd("seal", packet.number, remark))
    if not line.is_complete:
        said.append(sheet.odd("incomplete", packet.number, remark))
    return said


def _fees(packet_ids: list[int]) -> dict[int, tuple[int, str]]:
    """Statutory fees taken at the door, and the numbers of their receipts."""
    taken = sa.select(MoneyLine.packet_id, MoneyLine.amount, MoneyLine.receipt).where(
        MoneyLine.packet_id.in_(packet_ids), MoneyLine.stream == Stream.FEE, MoneyLine.event == Event.COLLECTED
    )
    return {row[0]: (row[1], row[2] or "") for row in db.session.execute(taken) if row[0] is not None}

"""Protocols: a manifest with a desk as the paper both sides sign, the biên bản giao nhận (QĐ 45/2016 Đ7.3).

Said as it was written then; a packet's papers are those of the count, where it has been counted.
"""

import sqlalchemy as sa

import labels
from app.db import db
from app.domain import calendar, manifests, numbers
from app.domain.dossiers import Paper
from app.domain.manifests import LineResult, Manifest, ManifestLine, Side
from app.domain.money import Event, MoneyLine
from app.domain.packets import Packet, State, Way
from app.domain.people import User
from app.domain.places import Office
from app.domain.postage import Stream
from app.domain.procedures import PaperForm
from labels import manifest as sheet
from labels import terms


def pdf(manifest: Manifest) -> bytes:
    return labels.render("manifest", [_sheet(manifest)])


def _sheet(manifest: Manifest) -> labels.Manifest:
    lines = manifests.lines_of(manifest)
    desk = db.session.scalars(sa.select(Office).filter_by(party_id=manifest.taker_id)).one()
    courier = db.session.scalar(sa.select(User).filter_by(party_id=manifest.giver_id))
    giver = db.session.scalar(sa.select(Office).filter_by(party_id=manifest.giver_id))
    receiver = manifests.signer(manifest, Side.TAKER)
    fees = _fees([packet.id for _, packet in lines])
    unit = giver or (courier and courier.office)
    return labels.Manifest(
        number=manifest.receipt_no,
        way=labels.Way.IN,
        at=calendar.local(manifest.at),
        place=desk.name,
        giver_unit=unit.name if unit else "–",
        giver=sheet.courier(courier.name, courier.badge or "–") if courier else "",
        receiver_unit=desk.name,
        receiver=sheet.officer(receiver.name) if receiver else "",
        lines=tuple(_line(line, packet, fees.get(packet.id)) for line, packet in lines if line.result is not LineResult.SURPLUS),
        odd=tuple(odd for line, packet in lines for odd in _odd(line, packet)),
        signed_at=calendar.local(manifest.closed_at) if manifest.closed_at else None,
        mark=terms.TEST_NUMBER if any(numbers.is_test(packet.number) for _, packet in lines) else "",
    )  # fmt: skip


def _line(line: ManifestLine, packet: Packet, fee: tuple[int, str] | None) -> labels.Line:
    counted = [paper for paper in packet.papers if _sheets(paper, packet)] if packet.way is not Way.OUT else []
    is_known = line.result is LineResult.MOVED and line.is_intact
    dossier = packet.dossier
    return labels.Line(
        number=packet.number,
        name=dossier.citizen.name,
        matter=dossier.procedure.official_name if packet.way is not Way.OUT else terms.result_of(dossier.procedure.official_name),
        originals=_of(counted, PaperForm.ORIGINAL),
        certified=_of(counted, PaperForm.CERTIFIED),
        copies=_of(counted, PaperForm.COPY),
        sheets=sum(_sheets(paper, packet) for paper in counted) if is_known and packet.way is not Way.OUT else None,
        complete=line.is_complete if is_known else None if line.result is LineResult.MISSING else False,
        seal=numbers.spoken_seal(line.seal) if line.seal else "",
        intact=line.is_intact if line.result is not LineResult.MISSING else None,
        fee=fee[0] if fee else 0,
        receipt=fee[1] if fee else "",
        remark=line.remark,
    )  # fmt: skip


def _sheets(paper: Paper, packet: Packet) -> int:
    """As counted here; before that, as the slip says."""
    if packet.state is State.OPENED and paper.desk_sheets is not None:
        return paper.desk_sheets
    return 0 if paper.is_missing else paper.sheets


def _of(papers: list[Paper], form: PaperForm) -> int:
    return sum(paper.copies for paper in papers if paper.form is form)


def _odd(line: ManifestLine, packet: Packet) -> list[labels.Odd]:
    kinds = [line.result] if line.result in (LineResult.MISSING, LineResult.SURPLUS, LineResult.HELD) else []
    said = [sheet.odd(str(kind), packet.number) for kind in kinds]
    if not line.is_intact:
        said.append(sheet.odd("damaged", packet.number, line.remark))
    if not line.is_complete:
        said.append(sheet.odd("incomplete", packet.number, line.remark))
    return said


def _fees(packet_ids: list[int]) -> dict[int, tuple[int, str]]:
    """Statutory fees taken at the door, and the numbers of their receipts."""
    taken = sa.select(MoneyLine.packet_id, MoneyLine.amount, MoneyLine.receipt).where(
        MoneyLine.packet_id.in_(packet_ids), MoneyLine.stream == Stream.FEE, MoneyLine.event == Event.COLLECTED
    )
    return {row[0]: (row[1], row[2] or "") for row in db.session.execute(taken) if row[0] is not None}

"""The desk's book of a year, and the sheet of hands, as paper."""

from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
import time_machine

from app.db import atomically, db
from app.domain import desk, deskforms, forms, registers, results
from app.domain.audit import ViewLine
from app.domain.places import Office
from app.errors import Refused
from labels import decided
from labels.terms import centre
from tests.domain.test_desk import CODE, DUE, accepted, at_desk, submitted
from tests.world import MONDAY, World

pytestmark = pytest.mark.dialects("sqlite")  # it only reads


def words(pdf: bytes) -> str:
    paper = pypdfium2.PdfDocument(pdf)
    found = " ".join(page.get_textpage().get_text_range() for page in paper)
    paper.close()
    return squeezed(found)  # narrow columns break lines anywhere


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_the_book_has_a_line_for_every_receipt_with_its_packets_and_days(world: World) -> None:
    result = at_desk(world)
    dossier = result.dossier
    atomically(results.hand_over, result, world.act(world.officer), wet_seen=True)
    office = db.session.get_one(Office, world.desk.id)
    text = words(registers.register_pdf(office, 2026, MONDAY))
    for said in ("SỔ THEO DÕI HỒ SƠ", CODE, dossier.citizen.name, "23/11/2026", result.number):
        assert squeezed(said) in text, said
    for desk_id, year in ((world.desk.id, 2025), (world.other_desk.id, 2026)):
        with pytest.raises(Refused, match="register_empty"):
            registers.register_pdf(db.session.get_one(Office, desk_id), year, MONDAY)


def test_the_sheet_of_hands_names_who_gave_to_whom_when_and_by_which_record(world: World) -> None:
    dossier = accepted(world)
    text = words(registers.control_pdf(dossier, MONDAY))
    packet = dossier.number
    for said in ("PHIẾU KIỂM SOÁT", CODE, dossier.citizen.name, world.courier.name, centre(world.desk.name), packet):
        assert squeezed(said) in text, said
    assert text.count("đúnghạn") + text.count("trướchạn") == 1  # the desk's taking, by the day the post had for it
    assert "BB-" in text  # the record stands beside the change of hands it is of


def test_a_change_of_hands_kept_its_limit_missed_it_or_had_none() -> None:
    days = [MONDAY.date() + timedelta(days=late) for late in (-1, 0, 1)]
    assert [decided.punctual(day, MONDAY.date()) for day in days] == ["trước hạn", "đúng hạn", "quá hạn"]
    assert decided.punctual(days[0], None) == "–"


def test_the_result_is_given_away_by_the_day_it_was_due(world: World) -> None:
    result = at_desk(world)
    dossier = result.dossier
    atomically(results.hand_over, result, world.act(world.officer), wet_seen=True)
    for late, said in ((0, "đúng hạn"), (-1, "quá hạn"), (3, "trước hạn")):
        dossier.due_on = MONDAY.date() + timedelta(days=late)
        db.session.commit()
        *_, last = registers.hands_of(dossier)
        assert (last.giver, last.result) == (centre(world.desk.name), said)
        assert squeezed(said) in words(registers.control_pdf(dossier, MONDAY))


def test_who_opens_the_book_is_logged_for_every_dossier_in_it(world: World) -> None:
    dossier = accepted(world)
    atomically(registers.viewed, world.officer, 2026, MONDAY)
    lines = db.session.query(ViewLine).filter_by(page="desk.register").all()
    assert [(line.dossier_id, line.user_id) for line in lines] == [(dossier.id, world.officer.id)]


def test_a_long_book_is_printed_in_volumes_and_no_line_is_left_out(
    world: World, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "LONGEST", 2)
    for n in range(3):
        dossier = submitted(world).dossier
        atomically(desk.accept, dossier, world.act(world.officer), f"H29.17-261123-000{n + 1}", DUE)
    office = db.session.get_one(Office, world.desk.id)
    books = [words(registers.register_pdf(office, 2026, MONDAY, volume)) for volume in (1, 2)]
    assert [sum(f"261123-000{n}" in book for n in (1, 2, 3)) for book in books] == [2, 1]
    assert squeezed("Năm 2026, quyển 02") in books[1]
    assert forms.volume(2) == 1 and forms.volume(3) == registers.volumes(office, 2026) == 2
    receipt = forms.get(db.session.merge(dossier), "receipt")
    assert squeezed("Sổ, quyển số: 02/2026") in words(deskforms.pdf(receipt, "https://hoso.vi-du.test"))
    with pytest.raises(Refused, match="register_empty"):
        registers.register_pdf(office, 2026, MONDAY, 3)
    with time_machine.travel(MONDAY, tick=False):
        client = sign_in(world.officer)
        page = client.get("/desk/register.pdf").text
        assert all(f"/desk/register.pdf?volume={volume}" in page for volume in (1, 2)) and "từ số 3" in page
        assert client.get("/desk/register.pdf?volume=2").content_type == "application/pdf"
        assert client.get("/desk/register.pdf?volume=3").status_code == 409
    assert db.session.query(ViewLine).filter_by(page="desk.register").count() == 1

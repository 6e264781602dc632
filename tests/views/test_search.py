"""Looking beyond one's own lists: a reason first, where it is and no more, and every dossier shown is written down."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import atomically, db
from app.domain import scope
from app.domain.audit import AuditLine, ViewLine
from app.domain.dossiers import Dossier
from tests.conftest import signing_in
from tests.world import World

ASK = {"reason": "citizen_asks"}


def looked(page: str) -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(ViewLine.dossier_id).filter_by(page=page)))


def test_another_offices_dossier_is_told_by_where_it_is_and_names_nobody(world: World, app: Flask) -> None:
    dossier, client = world.packet().dossier, signing_in(app)(world.strange_officer)
    for text in (dossier.number, "nguyen thi mo", "Nguyễn Thị Mơ", "0900 000 123"):
        page = client.post("/search/", data=ASK | {"text": text})
        assert page.status_code == 200 and dossier.number in page.text and world.desk.name in page.text
        assert "Mơ" not in page.text.replace(f'value="{text}"', "") and "Mẫu Đơn" not in page.text
    assert looked("search") == [dossier.id] * 4
    noted = [line.details["found"] for line in db.session.scalars(sa.select(AuditLine).filter_by(action="searched"))]
    assert noted == [[dossier.number]] * 4
    assert client.get(f"/desk/packets/{dossier.number}").status_code == 404


def test_without_a_reason_and_with_half_a_name_nothing_is_shown_and_nothing_written(world: World, app: Flask) -> None:
    dossier, client = world.packet().dossier, signing_in(app)(world.strange_officer)
    assert client.post("/search/", data={"text": dossier.number}).status_code == 422
    half = client.post("/search/", data=ASK | {"text": "nguyen"})
    assert half.status_code == 200 and dossier.number not in half.text
    assert client.post("/search/", data=ASK | {"text": "mo"}).status_code == 422
    assert looked("search") == []


def test_ones_own_are_found_by_name_and_a_list_of_names_is_a_view_too(world: World, app: Flask) -> None:
    dossiers = [world.packet().dossier for _ in range(2)]
    officer = signing_in(app)(world.officer)
    none = officer.get("/desk/find?code=khong co ai")
    assert none.status_code == 404 and "mang tên này" in none.text and "số của gói" not in none.text
    page = officer.get("/desk/find?code=nguyen thi")
    assert all(one.number in page.text for one in dossiers) and "Tìm thấy 2" in page.text.replace("\xa0", " ")
    assert sorted(looked("desk.find")) == sorted(one.id for one in dossiers)
    for text in ("thị mơ", dossiers[0].number, dossiers[0].number.lower()):
        page = officer.post("/search/", data=ASK | {"text": text})
        assert f"/desk/packets/{dossiers[0].number}" in page.text
    supervisor = signing_in(app)(world.supervisor)
    assert dossiers[1].number in supervisor.post("/search/", data=ASK | {"text": "thi mo"}).text
    assert supervisor.get(f"/corrections/{dossiers[1].number}").status_code == 200


def test_what_is_not_shown_of_many_is_not_denied(world: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "FOUND", 2)
    for _ in range(3):
        world.packet()
    officer = signing_in(app)(world.officer)
    for page in (officer.get("/desk/find?code=nguyen"), officer.post("/search/", data=ASK | {"text": "nguyen thi"})):
        assert "2 hồ sơ mới nhất" in page.text.replace("\xa0", " ") and "Tìm thấy" not in page.text


def test_no_courier_and_nobody_of_another_province_looks_beyond(world: World, app: Flask) -> None:
    dossier = world.packet().dossier
    assert signing_in(app)(world.courier).get("/search/").status_code == 403

    def move_away() -> None:
        held = db.session.get_one(Dossier, dossier.id)
        held.desk.ward.province = "Đồng Nai"

    atomically(move_away)
    db.session.rollback()
    assert scope.beyond(db.session.merge(world.strange_officer), dossier.number) == []

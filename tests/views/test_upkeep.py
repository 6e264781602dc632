"""The administrator's pages of days, offices and wards: what is typed badly is told at its field and stays."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.db import db
from app.domain import places, postage, upkeep
from app.domain.audit import AuditLine
from app.domain.places import Neighbourhood, Office
from tests.views.test_editions import filled
from tests.world import MONDAY, World


@pytest.fixture
def admin(world: World, sign_in: Any) -> FlaskClient:
    client: FlaskClient = sign_in(world.admin)
    return client


def test_a_day_is_declared_seen_by_citizens_and_taken_back(world: World, admin: FlaskClient, app: Flask) -> None:
    sent = {"day": "2027-03-03", "works": "no", "note": "Bầu cử"}
    assert admin.post("/admin/days/", data=sent).status_code == 303
    assert "Bầu cử" in admin.get("/admin/days/").text
    counted = app.test_client().get("/due?day=2027-03-02&days=2&rule=legal").text
    assert "Bầu cử" in counted
    for _ in range(2):  # a second click is told that it is done
        assert admin.post("/admin/days/2027-03-03/back").status_code == 303
    assert "Bầu cử" not in admin.get("/admin/days/").text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"day": "2020-01-01"}, "đã qua"), ({"day": "mai"}, "2026-08-28"), ({"works": ""}, "ngày nghỉ hay"), ({"note": ""}, "lý do"), ({"note": "x" * 121}, "120")],
)  # fmt: skip
def test_a_bad_day_is_told_and_nothing_is_written(
    world: World, admin: FlaskClient, wrong: dict[str, str], says: str
) -> None:
    answer = admin.post("/admin/days/", data={"day": "2027-03-03", "works": "no", "note": "Bão"} | wrong)
    assert answer.status_code == 422 and says in answer.text and not upkeep.declared(world.procedure.valid_from)


def test_the_page_of_an_office_sends_back_what_it_is(world: World, admin: FlaskClient) -> None:
    page = f"/admin/places/{world.desk.code}"
    before = [(one.weekday, one.opens, one.closes) for one in world.desk.hours]
    sent = filled(admin.get(page).text)
    assert admin.post(page, data=sent).status_code == 303
    db.session.rollback()
    after = db.session.get_one(Office, world.desk.id)
    assert [(one.weekday, one.opens, one.closes) for one in after.hours] == before
    assert admin.post(page, data=sent | {"name": "Quầy mới"}).status_code == 303
    assert "Quầy mới" in admin.get("/admin/places/").text
    assert 'value="0900\u00a0000\u00a0000"' in admin.get(page).text, "the number stays as people write it"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"closes_0_0": ""}, "giờ đóng"), ({"opens_0_0": "18:00"}, "Giờ đóng phải sau giờ mở"), ({"opens_0_0": "bảy giờ"}, "15:30"),
        ({"phone": "12"}, "10"), ({"lat": "x"}, "10,9072"), ({"lat": "90"}, "24"), ({"ward": "0"}, ""), ({"name": ""}, "Còn trống: Tên"), ({"name": "Phường 漢 Dĩ An"}, "Không in được: 漢"),
    ],
)  # fmt: skip
def test_a_bad_field_of_an_office_is_told_and_what_was_typed_stays(
    world: World, admin: FlaskClient, wrong: dict[str, str], says: str
) -> None:
    page = f"/admin/places/{world.desk.code}"
    answer = admin.post(page, data=filled(admin.get(page).text) | {"address": "Đang gõ"} | wrong)
    assert answer.status_code == 422 and says in answer.text and 'value="Đang gõ"' in answer.text


def test_a_second_desk_of_a_ward_is_given_its_khu_pho_by_screen(world: World, admin: FlaskClient) -> None:
    office = {"kind": "desk", "code": "WD-1B", "name": "Quầy 2", "ward": str(world.desk.ward_id), "address": "Số 2", "phone": "0900 000 099",
              "lat": "10,9", "lon": "106.8", "slot_places": "0", "opens_0_0": "07:30", "closes_0_0": "11:30"}  # fmt: skip
    assert "neighbourhoods" not in admin.get(f"/admin/places/{world.desk.code}").text, (
        "with one desk there is nothing to choose"
    )
    assert admin.post("/admin/places/new", data=office).status_code == 303
    page, hood = "/admin/places/WD-1B", str(world.neighbourhood.id)
    assert "Phường Dĩ An" in admin.get(page).text and "Nhị Đồng 1" in admin.get(page).text
    assert admin.post(page, data=office | {"neighbourhoods": [hood, "999"]}).status_code == 422
    assert admin.post(page, data=office | {"neighbourhoods": [hood]}).status_code == 303
    db.session.rollback()
    assert places.desk_of(db.session.get_one(Neighbourhood, int(hood))).code == "WD-1B"


def test_an_office_and_a_ward_are_founded_by_screen(world: World, admin: FlaskClient) -> None:
    ward = {"code": "25999", "valid_from": "2026-01-01", "name": "Phường Mẫu", "province": "Đồng Nai", "valid_to": ""}
    assert admin.post("/admin/wards/new", data=ward | {"code": "259"}).status_code == 422
    assert admin.post("/admin/wards/new", data=ward).status_code == 303
    again = admin.post("/admin/wards/new", data=ward)
    assert again.status_code == 422 and "đã có" in again.text
    assert admin.post("/admin/wards/25999/2026-01-01", data=ward | {"valid_to": "2025-01-01"}).status_code == 422
    made = next(one for one in upkeep.wards() if one.code == "25999")
    office = {"kind": "desk", "code": "Q25999", "name": "Quầy Mẫu", "ward": str(made.id), "address": "Số 1", "phone": "0900 000 099",
              "lat": "10,9", "lon": "106.8", "slot_places": "0", "opens_0_0": "07:30", "closes_0_0": "11:30"}  # fmt: skip
    assert admin.post("/admin/places/new", data=office | {"kind": "moon"}).status_code == 422
    assert admin.post("/admin/places/new", data=office).status_code == 303
    assert upkeep.office("Q25999").lat == 10.9 and admin.post("/admin/places/new", data=office).status_code == 422
    for gone in ("/admin/places/Q9", "/admin/wards/99999/2026-01-01"):
        assert admin.get(gone).status_code == 404
    assert admin.get("/admin/wards/25999/x").status_code == 422


def test_which_wards_count_as_one_former_district_is_said_by_screen_and_prices_what_is_booked_next(
    world: World, admin: FlaskClient
) -> None:
    home, far = world.neighbourhood.ward, world.other_desk.ward
    page = f"/admin/wards/{home.code}/{home.valid_from}"
    sent = filled(admin.get(page).text)
    assert far.name in admin.get(page).text and sent.get("near", []) == []
    for near, price, lines in (([far.id], 26_000, 1), ([far.id], 26_000, 1), ([], 30_000, 2)):
        sent = filled(admin.get(page).text)
        assert admin.post(page, data=sent | {"near": near}).status_code == 303
        db.session.expire_all()
        assert postage.one_way(home, far, MONDAY.date()).amount == price
        kept = db.session.scalars(sa.select(AuditLine).where(AuditLine.action == "ward_kept")).all()
        assert len(kept) == lines and kept[-1].details["near"] == near
    assert admin.post(page, data=sent | {"near": [99_999]}).status_code == 422


def test_of_two_open_pages_of_an_office_or_a_ward_the_older_writes_nothing_over(
    world: World, admin: FlaskClient
) -> None:
    for page, name in ((f"/admin/places/{world.post.code}", "address"), ("/admin/wards/25942/2025-07-01", "name")):
        older = filled(admin.get(page).text)
        assert admin.post(page, data=filled(admin.get(page).text) | {name: "Một tên mới"}).status_code == 303
        refused = admin.post(page, data=older)
        assert refused.status_code == 409 and "Có người vừa sửa trang này" in refused.text
        assert 'value="Một tên mới"' in admin.get(page).text
        assert admin.post(page, data=filled(refused.text)).status_code == 303, "sent on purpose"
        assert 'value="Một tên mới"' not in admin.get(page).text

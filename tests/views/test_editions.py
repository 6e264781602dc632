"""The administrator's pages of procedures: written, looked at, published, and found by citizens from the first day on."""

import csv
import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db import atomically, db
from app.domain import editions, people, procedures
from app.domain.people import Role
from app.domain.procedures import Procedure
from tests.conftest import signing_in
from tests.domain.test_booking import book
from tests.domain.test_editions import CODE, DECISION, published, said
from tests.world import MONDAY, World

HOME = "/admin/procedures/"
DRAFT, PUBLISH = f"{HOME}{CODE}/draft", f"{HOME}{CODE}/publish"
NEW_YEAR = {"decision": DECISION, "day": "2027-01-01"}
FIELD = re.compile(
    r'<(?:input|textarea|select)(?=[^>]* name="(?P<name>[^"]+)")(?P<rest>[^>]*)>'
    r"(?:(?P<options>(?:\s*<option.*?</option>)+)|(?P<text>[^<]*)</textarea>)?",
    re.S,
)
OPTION = re.compile(r'<option value="([^"]*)"( selected)?')
TICK = re.compile(r'type="(checkbox|radio)"')


@pytest.fixture
def admin(world: World, sign_in: Any) -> FlaskClient:
    client: FlaskClient = sign_in(world.admin)
    return client


def filled(page: str) -> dict[str, str]:
    """What a browser would send of the page's fields if nobody touched them."""
    sent = {}
    for found in FIELD.finditer(page):
        rest, options = found["rest"], OPTION.findall(found["options"] or "")
        value = re.search(r' value="([^"]*)"', rest)
        if found["name"] == "q" or (TICK.search(rest) and " checked" not in rest):
            continue
        chosen = next((key for key, selected in options if selected), options[0][0] if options else "")
        text = chosen or found["text"] or (value[1] if value else "")
        sent[found["name"]] = html.unescape(text.removeprefix("\n"))
    return sent


def kept(client: FlaskClient, url: str = DRAFT, **over: str) -> TestResponse:
    return client.post(url, data=filled(client.get(url).text) | over)


def publish(client: FlaskClient, **over: str) -> TestResponse:
    return client.post(PUBLISH, data=filled(client.get(PUBLISH).text) | NEW_YEAR | over)


def versions() -> list[Procedure]:
    db.session.rollback()
    return procedures.versions(CODE)


def test_the_page_of_a_draft_sends_back_what_the_version_says(world: World, admin: FlaskClient) -> None:
    assert kept(admin).status_code == 303
    draft = editions.draft_of(CODE)
    assert draft and draft.edition == said(world)
    assert "Không đổi gì" in admin.get(PUBLISH).text


def test_a_fee_is_changed_by_screen_from_draft_to_citizen(world: World, admin: FlaskClient, app: Flask) -> None:
    assert kept(admin, fee="20000").headers["Location"].endswith(PUBLISH)
    page = admin.get(PUBLISH).text
    assert "15.000" in page and "20.000" in page
    done = publish(admin)
    assert done.status_code == 303
    page = admin.get(done.headers["Location"]).text
    assert "Đã ban hành bản 2" in page and DECISION in page and "sắp áp dụng" in page
    anybody = app.test_client()
    assert "15.000" in anybody.get(f"/procedures/{CODE}").text
    with time_machine.travel("2027-01-04T02:00:00Z", tick=False):
        page = anybody.get(f"/procedures/{CODE}").text
    assert "20.000" in page and "15.000" not in page


def test_what_was_booked_before_shows_its_own_version_afterwards(world: World, app: Flask) -> None:
    dossier = book(world)
    published(world, said(world, fee=20_000))
    page = app.test_client().get(f"/t/{dossier.secret}/booked").text
    assert "15.000" in page and "20.000" not in page


def test_a_second_click_finds_the_version_published_once(world: World, admin: FlaskClient) -> None:
    kept(admin, fee="20000")
    sent = filled(admin.get(PUBLISH).text) | NEW_YEAR
    first, second = (admin.post(PUBLISH, data=sent) for _ in range(2))
    assert [first.status_code, second.status_code] == [303, 303] and len(versions()) == 2
    assert "đã được ban hành" in admin.get(second.headers["Location"]).text


def test_two_administrators_at_one_draft_lose_nothing(world: World, admin: FlaskClient, app: Flask) -> None:
    other = atomically(people.hire, "admin9", "Phan Thị Sim", Role.ADMIN, None, World.PASSWORD)
    colleague = signing_in(app)(other)
    mine, theirs = filled(admin.get(DRAFT).text), filled(colleague.get(DRAFT).text)
    assert colleague.post(DRAFT, data=theirs | {"fee": "25000"}).status_code == 303
    refused = admin.post(DRAFT, data=mine | {"fee": "20000", "title": "Đổi tên"})
    assert refused.status_code == 409 and "Đồng nghiệp vừa lưu" in refused.text and 'value="Đổi tên"' in refused.text
    seen = filled(colleague.get(PUBLISH).text) | NEW_YEAR
    assert kept(admin, fee="30000").status_code == 303
    assert colleague.post(PUBLISH, data=seen).status_code == 409  # not what was looked at
    assert len(versions()) == 1
    assert publish(admin).status_code == 303 and versions()[0].fee == 30_000


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"title": ""}, "Còn trống"), ({"title": "x" * 201}, "200"), ({"papers-0-name": "Giấy 漢"}, "Không in được: 漢"), ({"fee": "15 nghìn"}, "ví dụ 748.000"), ({"fee": "-1"}, "Đây không phải số tiền"),
        ({"days": "366"}, "365"), ({"clock": "moon"}, ""), ({"papers-0-form": "stone"}, ""), ({"papers-0-copies": "1000"}, "99"),
        ({"papers-1-name": ""}, "Còn trống"), ({"submit_by_post": "", "why_not": ""}, "vì sao"), ({"any_desk": "y", "any_desk_basis": ""}, "ghi theo căn cứ nào"),
        ({"provinces-0-province": "Sài Gòn", "provinces-0-legal_basis": "x"}, ""),
    ],
)  # fmt: skip
def test_a_bad_field_is_told_and_what_was_typed_stays(
    world: World, admin: FlaskClient, wrong: dict[str, str], says: str
) -> None:
    sent = {
        name: text
        for name, text in (filled(admin.get(DRAFT).text) | wrong).items()
        if text or name not in ("submit_by_post",)
    }
    answer = admin.post(DRAFT, data=sent | {"official_name": "Tên đang gõ"})
    assert answer.status_code == 422 and says in answer.text and 'value="Tên đang gõ"' in answer.text
    assert "chỗ cần xem lại" in answer.text and editions.draft_of(CODE) is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"decision": ""}, "số quyết định"), ({"decision": "1023"}, "1023/QĐ-UBND"), ({"day": "2026-11-22"}, "đã qua"),
     ({"day": "mai"}, "2026-08-28"), ({"day": ""}, "ngày đầu tiên")],
)  # fmt: skip
def test_a_decision_and_a_day_to_come_are_asked_for(
    world: World, admin: FlaskClient, wrong: dict[str, str], says: str
) -> None:
    kept(admin, fee="20000")
    answer = publish(admin, **wrong)
    assert answer.status_code == 422 and says in answer.text and len(versions()) == 1


def test_papers_and_provinces_are_added_moved_and_taken_out_without_any_script(
    world: World, admin: FlaskClient
) -> None:
    sent = filled(admin.get(DRAFT).text)
    names = [line.name for line in said(world).lines]
    page = admin.post(DRAFT, data=sent | {"wish": "add papers"}).text
    sent = filled(page) | {f"papers-{len(names)}-name": "Sổ mới", f"papers-{len(names)}-name_en": "A new book"}
    sent = filled(admin.post(DRAFT, data=sent | {"wish": f"raise papers {len(names)}"}).text)
    sent = filled(admin.post(DRAFT, data=sent | {"wish": "drop papers 0"}).text)
    sent = filled(admin.post(DRAFT, data=sent | {"wish": "add provinces"}).text)
    assert editions.draft_of(CODE) is None  # nothing is kept by asking
    sent |= {"provinces-0-province": "Đồng Nai", "provinces-0-submit_by_post": "y", "provinces-0-legal_basis": "QĐ 12"}
    assert admin.post(DRAFT, data=sent).status_code == 303
    draft = editions.draft_of(CODE)
    assert draft and [one.province for one in draft.edition.provinces] == ["Đồng Nai"]
    assert [line.name for line in draft.edition.lines] == [*names[1:-1], "Sổ mới", names[-1]]
    for odd in ("drop papers 99", "raise papers 0", "drop papers ²", "add stones", "drop"):
        assert admin.post(DRAFT, data=sent | {"wish": odd}).status_code in (200, 409)


def test_a_new_procedure_begins_with_its_code(world: World, admin: FlaskClient) -> None:
    wrong = admin.post(HOME, data={"code": "tthc-1"})
    assert wrong.status_code == 422 and "1.004859" in wrong.text
    page = admin.post(HOME, data={"code": " 1.004194 "})
    assert page.headers["Location"].endswith("/1.004194/draft")
    empty = kept(admin, page.headers["Location"])
    assert empty.status_code == 422
    facts = {"title": "Tạm trú", "title_en": "Stay", "official_name": "Đăng ký tạm trú", "field": "Cư trú", "legal_basis": "Luật",
             "days": "3", "fee": "0", "papers-0-name": "Tờ khai", "papers-0-name_en": "Form", "papers-0-form": "original",
             "papers-0-copies": "1", "papers-0-sheets": "1"}  # fmt: skip
    assert kept(admin, page.headers["Location"], **facts).status_code == 303
    assert "Tạm trú" in admin.get(HOME).text
    gone = admin.post(f"{HOME}1.004194/discard")
    assert gone.headers["Location"].endswith(HOME) and "Tạm trú" not in admin.get(HOME).text
    assert admin.get(f"{HOME}1.004194").status_code == 404 and admin.get(f"{HOME}1.004194/publish").status_code == 404


def test_a_version_to_come_is_withdrawn_and_the_procedure_ended(world: World, admin: FlaskClient) -> None:
    kept(admin, fee="20000")
    publish(admin)
    assert admin.post(f"{HOME}{CODE}/withdraw", data={"withdraw-decision": "abc"}).status_code == 422
    assert admin.post(f"{HOME}{CODE}/end", data={"end-decision": DECISION, "end-day": "2027-01-01"}).status_code == 409
    assert admin.post(f"{HOME}{CODE}/withdraw", data={"withdraw-decision": DECISION}).status_code == 303
    again = admin.post(f"{HOME}{CODE}/withdraw", data={"withdraw-decision": DECISION})
    assert again.status_code == 409 and "Không có bản nào sắp áp dụng" in again.text
    assert admin.post(f"{HOME}{CODE}/end", data={"end-decision": DECISION, "end-day": "2026-12-31"}).status_code == 303
    assert versions()[1].valid_to is not None and "Ngừng theo" in admin.get(f"{HOME}{CODE}").text
    for path in (f"{HOME}{CODE}/9", f"{HOME}9.999999"):
        assert admin.get(path).status_code == 404


# ---- sheets ----------------------------------------------------------------------------------------------------------


def changed(data: bytes, change: Callable[[list[list[str]]], None]) -> bytes:
    rows, out = list(csv.reader(io.StringIO(data.decode("utf-8-sig")))), io.StringIO()
    change(rows)
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def send(client: FlaskClient, data: bytes, name: str = "sheet.csv") -> TestResponse:
    return client.post("/admin/sheet/", data={"file": (io.BytesIO(data), name)})


def test_a_sheet_is_downloaded_changed_seen_and_published(world: World, admin: FlaskClient) -> None:
    sheet = admin.get("/admin/sheet/procedures.csv")
    assert 'filename="procedures-2026-' in sheet.headers["Content-Disposition"]

    def dearer(rows: list[list[str]]) -> None:
        at = rows[0].index("Lệ phí, đồng")
        next(row for row in rows if row[:2] == ["thủ tục", CODE])[at] = "20.000"

    where = send(admin, changed(sheet.data, dearer)).headers["Location"]
    page = admin.get(where).text
    assert "15.000" in page and "20.000" in page and len(versions()) == 1
    sent = filled(page) | NEW_YEAR
    assert admin.post(where, data=sent | {"decision": "x"}).status_code == 422
    first, second = (admin.post(where, data=sent) for _ in range(2))
    assert [first.status_code, second.status_code] == [303, 303] and len(versions()) == 2
    assert "Đã ban hành 1 bản" in admin.get(HOME).text.replace("\xa0", " ")
    assert procedures.get(CODE, MONDAY.date()).fee == 15_000


def test_bad_rows_are_listed_and_nothing_waits(world: World, admin: FlaskClient) -> None:
    def spoil(rows: list[list[str]]) -> None:
        rows[1][rows[0].index("Số ngày làm việc")] = "ba"
        rows[2][rows[0].index("Loại bản giấy")] = "đá"

    answer = send(admin, changed(admin.get("/admin/sheet/procedures.csv").data, spoil))
    assert answer.status_code == 422 and "Có 2 chỗ cần sửa" in answer.text.replace("\xa0", " ")
    assert "Số ngày làm việc" in answer.text and "Loại bản giấy" in answer.text
    assert admin.get("/admin/sheet/1").status_code == 303
    for data in (b"", b"PK\x03\x04 no", b"\xff\xfe\x00", b"a,b\n1,2"):
        assert send(admin, data).status_code == 422
    assert admin.post("/admin/sheet/", data={}).status_code == 422
    assert admin.get("/admin/sheet/procedures.doc").status_code == 404


def test_a_file_beyond_all_measure_is_refused_unread(world: World, admin: FlaskClient) -> None:
    kind = "multipart/form-data; boundary=here"
    answer = admin.post("/admin/sheet/", data=b"--here\r\n" + b"x" * 2_200_000, content_type=kind)
    assert answer.status_code == 413


def test_nobody_else_confirms_a_sheet(world: World, admin: FlaskClient, app: Flask) -> None:
    where = send(admin, admin.get("/admin/sheet/procedures.xlsx").data, "sheet.xlsx").headers["Location"]
    other = atomically(people.hire, "admin9", "Phan Thị Sim", Role.ADMIN, None, World.PASSWORD)
    assert signing_in(app)(other).get(where).headers["Location"].endswith(HOME)
    assert "giống hệt danh mục" in admin.get(where).text

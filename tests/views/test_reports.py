"""The quarter's report as supervisors and administrators read it, on the page and in a spreadsheet."""

import csv
import io
import re
from typing import Any

import pytest

from app.db import atomically, db
from app.domain import incidents
from app.domain.incidents import Outcome, Side, Sort
from app.domain.places import Office
from app.domain.postage import Fault
from tests.domain.test_desk import submitted
from tests.domain.test_money import paid
from tests.world import World


def rows(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")  # without it spreadsheets take Vietnamese for something else
    return list(csv.DictReader(io.StringIO(text[1:])))


def test_a_quarter_is_read_on_a_page_and_taken_along_as_a_file(world: World, sign_in: Any) -> None:
    def rename() -> None:
        db.session.get_one(Office, world.desk.id).name = '=1+1, "một cửa"'

    atomically(rename)
    paid(world, world.phone())
    file = atomically(
        incidents.open_, submitted(world), world.act(world.officer), Sort.COMPLAINT, Side.CITIZEN, "Mất giấy"
    )
    atomically(incidents.say, file, world.act(world.clerk), Side.POST, "Không tìm thấy")
    atomically(incidents.close, file, world.act(world.clerk), Outcome.LOST, Fault.POST, 1_208_000, "Bưu điện trả")
    for user in (world.supervisor, world.admin):
        client = sign_in(user)
        page = client.get("/reports/?period=2026-4&by=ward").text
        assert world.desk.ward.name in page and ">60.000<" in page and "Quý 4/2026" in page
        assert "Khiếu nại, mất mát, bồi thường" in page and ">1.208.000<" in page
        assert "/reports/" in client.get("/start", follow_redirects=True).text
    answer = client.get("/reports/table.csv?period=2026-4&by=desk")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="2026-4-desk.csv"'
    [line] = rows(answer.text)
    assert line["Một cửa phường"] == '\'=1+1, "một cửa"'  # no formula
    assert (line["Cước, đồng"], line["Lệ phí, đồng"], line["Ngày làm việc, trung bình"]) == ("60000", "15000", "")
    assert (line["Khiếu nại"], line["Trả lời đúng hạn"], line["Trả lời quá hạn"]) == ("1", "1", "0")
    assert (line["Bồi thường phải trả, đồng"], line["Bồi thường đã trả, đồng"]) == ("1208000", "0")
    assert client.get("/reports/?period=2020-1").status_code == 200


def test_a_year_and_its_first_half_are_chosen_from_the_same_list(world: World, sign_in: Any) -> None:
    paid(world, world.phone())
    client = sign_in(world.supervisor)
    page = client.get("/reports/?period=2026-y").text
    assert (
        '<h1 class="h1">Năm 2026</h1>' in page and ">60.000<" in page and re.search(r"gửi trước [^<]*10/1/2027", page)
    )
    assert re.search(r'<option value="2026-y" selected>\s*Năm 2026', page)
    page = client.get("/reports/?period=2026-h").text
    assert '<h1 class="h1">6 tháng đầu năm 2026</h1>' in page and re.search(r"gửi trước [^<]*10/7/2026", page)
    assert "chưa ghi việc nào" in page
    assert client.get("/reports/table.csv?period=2026-y").headers["Content-Disposition"].endswith('"2026-y-desk.csv"')


@pytest.mark.parametrize("asked", ["period=2026-5", "period=x", "period=2026", "period=2999-4", "by=nothing"])
def test_a_report_that_cannot_be_is_said_to_be_none(world: World, sign_in: Any, asked: str) -> None:
    client = sign_in(world.supervisor)
    for page in ("/reports/", "/reports/table.csv"):
        answer = client.get(f"{page}?{asked}")
        assert answer.status_code == 422 and "danh sách" in answer.text, page


def test_who_may_not_read_reports_finds_none(world: World, sign_in: Any) -> None:
    for user in (world.clerk, world.officer, world.lead, world.dispatcher, world.courier, world.strange_officer):
        assert sign_in(user).get("/reports/").status_code == 403, user.login

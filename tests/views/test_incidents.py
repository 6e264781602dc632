"""Incident files at the desk and the counter: until when the law lets a citizen complain, and what was paid, to the đồng."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from app.db import atomically, db
from app.domain import incidents
from app.domain.incidents import Incident
from tests.domain.test_desk import submitted
from tests.domain.test_incidents import POSTAGE, close, heard
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("monday")


def said(text: str) -> str:
    """What the page says, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", text.split("<main")[1]).replace("\u00a0", " ").split())


def test_who_opens_a_file_is_told_until_when_the_law_lets_the_citizen_complain(world: World, sign_in: Any) -> None:
    waiting, there = world.packet(), submitted(world)
    clerk = sign_in(world.clerk)
    assert said(clerk.get(f"/incidents/packets/{waiting.number}").text).count("tính từ ngày giao") == 2
    told = said(clerk.get(f"/incidents/packets/{there.number}").text)
    assert re.search(r"về mất, chậm: đến hết Thứ Ba, 25/5/2027 .*việc khác: đến hết Thứ Tư, 23/12(/2026)? ", told)
    with time_machine.travel(MONDAY + timedelta(days=60), tick=False):
        told = said(sign_in(world.clerk).get(f"/incidents/packets/{there.number}").text)
    assert re.search(r"đến hết Thứ Ba, 25/5(/2027)? về", told)
    assert re.search(r"đến hết Thứ Tư, 23/12(/2026)?, nay đã hết; bưu điện vẫn có thể nhận", told)


def test_what_was_paid_is_typed_and_a_wrong_sum_stays_on_the_page(world: World, sign_in: Any) -> None:
    incident = heard(world)
    close(world, incident)
    page, clerk = f"/incidents/{incident.number}", sign_in(world.clerk)
    assert "Nghị định 47/2011, Điều 26" not in clerk.get(page).text
    for typed, words in (
        ("", "Gõ số tiền"),
        ("20.000", f"Phải trả ít nhất {4 * POSTAGE:,} đ".replace(",", ".")),
        ("2.400.000", "Chỉ trả hơn khi có tiền lãi"),
    ):
        answer = clerk.post(f"{page}/paid", data={"paid": typed})
        assert (answer.status_code, f'value="{typed}"' in answer.text or not typed) == (422, True)
        assert words in said(answer.text)
        assert db.session.get_one(Incident, incident.id).paid_at is None
    with time_machine.travel(MONDAY + timedelta(days=31), tick=False):
        clerk = sign_in(world.clerk)
        assert "Nghị định 47/2011, Điều 26" in clerk.get(page).text
        paid = clerk.post(f"{page}/paid", data={"paid": f"{4 * POSTAGE + 1_700}"}, follow_redirects=True)
    assert paid.status_code == 200 and "Tiền lãi đã trả 1.700 đ" in said(paid.text)
    db.session.rollback()
    assert db.session.get_one(Incident, incident.id).interest == 1_700


def test_nobody_is_asked_how_it_ended_before_both_sides_are_heard(world: World, sign_in: Any) -> None:
    """What is typed there would be lost with the other side's words."""
    packet, act = submitted(world), world.act(world.officer)
    file = atomically(incidents.open_, packet, act, incidents.Sort.LATE, incidents.Side.CITIZEN, "Chưa thấy tới")
    page, clerk = f"/incidents/{file.number}", sign_in(world.clerk)
    told = clerk.get(page).text
    assert f"{page}/close" not in told and "Mới nghe một bên" in said(told)
    assert "Trả lời chậm nhất" in said(told), "that day too"
    clerk.post(f"{page}/say", data={"side": "post", "words": "Xe hỏng"})
    told = clerk.get(page).text
    assert f"{page}/close" in told and "Mới nghe một bên" not in said(told)


def test_a_file_says_that_it_was_opened_after_the_time_for_it(world: World, sign_in: Any) -> None:
    packet = submitted(world)
    with time_machine.travel(MONDAY + timedelta(days=31), tick=False):
        act = world.act(world.officer, MONDAY + timedelta(days=31))
        late = atomically(incidents.open_, packet, act, incidents.Sort.DAMAGED, incidents.Side.CITIZEN, "Rách góc")
        told = said(sign_in(world.officer).get(f"/incidents/{late.number}").text)
    assert re.search(r"Khiếu nại được đến Thứ Tư, 23/12(/2026)?: hồ sơ này lập sau ngày đó", told)

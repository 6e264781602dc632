"""A round on paper at the counter: find the visit by its slip, enter what the sheet says under the courier's PIN."""

from typing import Any

import pypdfium2
import zxingcpp

from app.db import atomically, now
from app.domain.calendar import today
from app.domain.packets import State, Way
from app.domain.visits import open_visit
from tests.world import World

TOLD = {"time": "0:01", "done": "done", "seal": "NP 0045 821", "sheets": "3", "paid_by": "cash", "receipt": "000321", "wet": "y", "reason": "", "next": ""}  # fmt: skip


def codes_on(pdf: bytes) -> list[str]:
    """What a counter's scanner reads off the first page."""
    paper = pypdfium2.PdfDocument(pdf)
    image = paper[0].render(scale=200 / 72).to_pil()
    paper.close()
    return [code.text for code in zxingcpp.read_barcodes(image)]


def test_a_line_of_the_printed_round_leads_to_its_form_and_the_couriers_pin_enters_it(
    world: World, sign_in: Any
) -> None:
    packet = world.packet()
    world.on_round(packet)
    visit = open_visit(packet.id)
    assert visit and visit.round
    atomically(setattr, visit.round, "day", today(now()))
    client, url = sign_in(world.clerk), f"/office/paper/{visit.id}"
    sheet = sign_in(world.dispatcher).get(f"/dispatch/{visit.round.day}/print/rounds")
    (token,) = codes_on(sheet.data)  # as they stand beside what was written at the door
    assert client.get("/office/paper/find", query_string={"code": token}).location == url
    assert client.get("/office/paper/find", query_string={"code": packet.number}).location == url
    for pin, words in (("", "Để bưu tá gõ mã PIN"), ("000000", "PIN")):
        answer = client.post(url, data=TOLD | {"pin": pin})
        assert answer.status_code in (403, 422) and words in answer.text
    assert world.fresh(packet).state is State.WAITING
    assert client.post(url, data=TOLD | {"time": "half past", "pin": World.PIN}).status_code == 422
    assert client.post(url, data=TOLD | {"pin": World.PIN}).location == "/office/paper/"
    assert world.fresh(packet).state is State.CARRIED
    assert "nhập từ phiếu giấy" in client.get(f"/office/packets/{packet.number}").text
    assert client.get("/office/paper/find", query_string={"code": packet.number}).status_code == 404


def test_a_delivery_that_costs_nothing_is_entered_with_the_fields_its_page_has(world: World, sign_in: Any) -> None:
    packet = world.packet(Way.OUT)
    world.record(world.phone().scan(packet, "take"))
    world.on_round(packet)
    visit = open_visit(packet.id)
    assert visit and visit.round
    atomically(setattr, visit.round, "day", today(now()))
    client, url = sign_in(world.clerk), f"/office/paper/{visit.id}"
    page = client.get(url).text
    assert "Để giấy mời, giữ ở bưu cục" in page and "%(" not in page, "the sheet does not say which letter it was"
    told = TOLD | {"done": "failed", "reason": "nobody_home", "next": "another_day", "pin": World.PIN}
    drawn = {name: value for name, value in told.items() if f'name="{name}"' in page}
    assert "paid_by" not in drawn
    answer = client.post(url, data=drawn)
    assert answer.location == "/office/paper/", answer.text


def test_the_strangers_counter_finds_nothing(world: World, sign_in: Any) -> None:
    packet = world.packet()
    world.on_round(packet)
    visit = open_visit(packet.id)
    assert visit
    client = sign_in(world.stranger)
    assert client.get(f"/office/paper/{visit.id}").status_code == 404
    assert client.get("/office/paper/find", query_string={"code": packet.number}).status_code == 404
    assert packet.number not in client.get("/office/paper/").text

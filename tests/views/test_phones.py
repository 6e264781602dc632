"""The pages of phones: a code shown once, two people and two screens, and nobody's phones but one's own office's."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
import zxingcpp
from flask import Flask
from PIL import Image

from app.db import atomically, db, now
from app.demo.phone import Phone as Handset
from app.domain import phones, tokens
from app.domain.devices import Device, Why
from app.domain.people import Role, User, hire
from tests.conftest import signing_in
from tests.world import World


def shown(world: World, client: Any, courier: User | None = None) -> Any:
    return client.post(f"/phones/new/{(courier or world.courier).id}")


def letters_of(page: str) -> str:
    found = re.search(r'class="h2 code ticket">([0-9A-Z ]+)<', page)
    assert found
    return found[1].replace(" ", "")


def read(page: str) -> str:
    """What a camera reads from the code on the page."""
    drawn = re.search(r'<svg class="qr[^>]*viewBox="0 0 (\d+) \1".*?<path fill="#000" d="([^"]+)"', page, re.S)
    assert drawn
    picture = Image.new("L", (int(drawn[1]), int(drawn[1])), 255)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", drawn[2]):
        picture.putpixel((int(x), int(y)), 0)
    [code] = zxingcpp.read_barcodes(picture.resize((picture.width * 6, picture.height * 6), Image.Resampling.NEAREST))
    return str(code.text)


def answer(world: World, letters: str, user: User | None = None) -> Device:
    user = user or world.courier
    phone = Handset(user.id, user.party_id)
    proof = tokens.sign(phone.key, b"enrol-v1\n" + letters.encode())
    return atomically(phones.answer, letters, phone.der, proof, "A cheap phone", world.act(None, now()))[0]


def waiting(world: World) -> Device:
    return answer(world, atomically(phones.invite, world.courier, world.act(world.dispatcher, now())))


def fresh(device_id: str) -> Device:
    db.session.rollback()
    return db.session.get_one(Device, device_id)


def test_the_code_opens_the_phones_page_with_the_same_letters_that_stand_below_it(world: World, sign_in: Any) -> None:
    page = shown(world, sign_in(world.dispatcher))
    assert page.status_code == 200
    assert read(page.text) == f"http://localhost/courier/#enrol={letters_of(page.text)}"
    assert "localhost/courier/" in page.text and page.headers["Cache-Control"] == "no-store"
    device = answer(world, letters_of(page.text))
    assert (device.user_id, device.enrolled_by_id) == (world.courier.id, world.dispatcher.id)


def test_the_letters_stand_in_no_address_and_a_second_look_shows_others(world: World, sign_in: Any) -> None:
    client = sign_in(world.dispatcher)
    first, second = shown(world, client), shown(world, client)
    assert letters_of(first.text) != letters_of(second.text)
    assert letters_of(first.text) not in str(first.headers) + "".join(
        re.findall(r'(?:href|action)="[^"]*"', first.text)
    )
    for path in ("/phones/", f"/phones/new/{world.courier.id}", f"/phones/new/{world.courier.id}/answer"):
        assert letters_of(second.text) not in client.get(path, follow_redirects=True).text


def test_two_people_bring_a_phone_into_service_without_any_script(app: Flask, world: World) -> None:
    world, enter = world, signing_in(app)
    host, second = enter(world.dispatcher), enter(world.clerk)
    page = shown(world, host)
    look = f"/phones/new/{world.courier.id}/answer"
    assert "Chưa có máy nào trả lời" in host.get(look, follow_redirects=True).text
    device = answer(world, letters_of(page.text))
    assert device.check_code
    digits = f"{device.check_code[:3]}&nbsp;{device.check_code[3:]}"
    seen = host.get(look, follow_redirects=True)
    assert seen.request.path == f"/phones/{device.id}" and digits in seen.text
    assert f"/phones/{device.id}/confirm" not in seen.text, "whoever showed the code is offered no confirmation"
    assert f"/phones/{device.id}" in second.get("/phones/").text
    compared = second.get(f"/phones/{device.id}")
    assert digits in compared.text and f"/phones/{device.id}/confirm" in compared.text
    done = second.post(f"/phones/{device.id}/confirm", follow_redirects=True)
    assert "đã dùng được" in done.text
    assert fresh(device.id).lives(now()) and fresh(device.id).second_by_id == world.clerk.id


def test_whoever_showed_the_code_cannot_confirm_by_sending_the_form_either(world: World, sign_in: Any) -> None:
    device = waiting(world)
    refused = sign_in(world.dispatcher).post(f"/phones/{device.id}/confirm")
    assert refused.status_code == 409 and "Người đưa mã" in refused.text
    assert not fresh(device.id).lives(now())


def test_numbers_that_differ_put_the_phone_away(world: World, sign_in: Any) -> None:
    device, client = waiting(world), sign_in(world.clerk)
    page = client.post(f"/phones/{device.id}/reject", follow_redirects=True)
    assert "không được dùng" in page.text and "hai màn hình khác số nhau" in page.text
    assert fresh(device.id).revoked_why is Why.MISMATCH
    assert client.post(f"/phones/{device.id}/confirm").status_code == 409


def test_while_the_page_is_open_it_learns_of_the_answer(world: World, sign_in: Any) -> None:
    client = sign_in(world.dispatcher)
    page = shown(world, client)
    look, live = f"/phones/new/{world.courier.id}/answer", {"X-Requested-With": "live"}
    assert f'data-live="{look}"' in page.text
    before = client.get(look, headers=live).text
    device = answer(world, letters_of(page.text))
    after = client.get(look, headers=live).text
    assert "<html" not in before and "check-digits" not in before
    assert device.check_code and device.check_code[:3] in after and f"/phones/{device.id}" in after


def test_a_full_courier_is_shown_no_code_and_what_to_do(world: World, sign_in: Any) -> None:
    world.phone()
    world.phone()
    client = sign_in(world.dispatcher)
    page = client.get(f"/phones/new/{world.courier.id}")
    assert "Ngừng một trong các máy này trước" in page.text and "Hiện mã" not in page.text
    assert shown(world, client).status_code == 409


def test_the_list_says_who_since_when_what_arrived_and_what_is_missing(app: Flask, world: World) -> None:
    world, phone = world, world.phone()
    made = [phone.scan(world.packet(), "miss", reason="nobody_home", next="another_day") for _ in range(5)]
    for n in (1, 2, 5):
        world.record(made[n - 1], now() - timedelta(minutes=5))
    client = signing_in(app)(world.dispatcher)
    page = client.get("/phones/").text
    for words in (world.courier.name, "test phone", "đang dùng", "2 lượt quét", "thiếu 2", "chưa có máy"):
        assert words in page
    assert "3, 4" in client.get(f"/phones/{phone.device_id}").text


def test_each_office_sees_its_own_phones_a_supervisor_any_and_a_courier_their_own(world: World, sign_in: Any) -> None:
    here, there, colleagues = world.phone(), world.phone(world.strange_courier), world.phone(world.second_courier)

    def listed(user: User, query: str = "") -> set[str]:
        page = sign_in(user).get(f"/phones/{query}").text
        return {phone.device_id for phone in (here, there, colleagues) if phone.device_id in page}

    assert listed(world.dispatcher) == listed(world.clerk) == {here.device_id, colleagues.device_id}
    assert listed(world.stranger) == listed(world.stranger, "?office=PO-1") == {there.device_id}
    assert listed(world.courier) == {here.device_id}
    assert listed(world.supervisor, "?office=PO-1") == {here.device_id, colleagues.device_id}
    assert listed(world.supervisor, "?office=PO-2") == {there.device_id}
    for user in (world.officer, world.admin):
        assert sign_in(user).get("/phones/").status_code == 403


def test_another_offices_courier_is_given_no_code(world: World, sign_in: Any) -> None:
    client = sign_in(world.dispatcher)
    for who in (world.strange_courier.id, world.clerk.id, "nobody"):
        assert client.post(f"/phones/new/{who}").status_code == 404
    assert db.session.scalars(sa.select(phones.Ticket)).all() == []


def test_a_phone_is_taken_out_of_service_with_a_reason(world: World, sign_in: Any) -> None:
    phone, client = world.phone(), sign_in(world.dispatcher)
    url = f"/phones/{phone.device_id}/retire"
    assert "Ngừng dùng máy này?" in client.get(url).text
    for data in ({}, {"why": "bored"}, {"why": "returned"}, {"why": "mismatch"}):
        assert client.post(url, data=data).status_code == 422
    assert fresh(phone.device_id).lives(now())
    done = client.post(url, data={"why": "stolen"}, follow_redirects=True)
    assert "bị lấy cắp" in done.text and "Ngừng dùng máy này</" not in done.text
    assert fresh(phone.device_id).revoked_by_id == world.dispatcher.id


def test_a_courier_without_the_phone_takes_it_out_of_service_at_any_computer(world: World, sign_in: Any) -> None:
    phone, client = world.phone(), sign_in(world.courier)
    assert f"/phones/{phone.device_id}" in client.get("/phones/").text
    client.post(f"/phones/{phone.device_id}/retire", data={"why": "lost"})
    assert fresh(phone.device_id).revoked_why is Why.LOST
    assert client.post(f"/phones/new/{world.courier.id}").status_code == 403
    assert client.post(f"/phones/{phone.device_id}/confirm").status_code == 403


def test_a_clerk_sees_and_confirms_but_takes_nobodys_phone_out_of_service(world: World, sign_in: Any) -> None:
    phone, client = world.phone(), sign_in(world.clerk)
    assert "/retire" not in client.get(f"/phones/{phone.device_id}").text
    assert (
        client.post(f"/phones/{phone.device_id}/retire", data={"why": "lost"}).location == f"/phones/{phone.device_id}"
    )
    assert client.post(f"/phones/new/{world.courier.id}").status_code == 403
    assert fresh(phone.device_id).lives(now())


def test_nobody_of_another_office_touches_a_phone(world: World, sign_in: Any) -> None:
    device = waiting(world)
    dispatcher = atomically(hire, "dispatcher9", "Kiều Thị Quế", Role.DISPATCHER, world.other_post, World.PASSWORD)
    for user in (world.stranger, dispatcher):
        client = sign_in(user)
        assert client.get(f"/phones/{device.id}").status_code == 404
        for act in ("confirm", "reject", "retire"):
            assert client.post(f"/phones/{device.id}/{act}", data={"why": "lost"}).status_code == 404
    assert fresh(device.id).revoked_at is None


@pytest.mark.parametrize("days", [91, 2])
def test_a_phone_whose_time_is_over_says_so_and_what_to_do(world: World, sign_in: Any, days: int) -> None:
    device = waiting(world)
    if days == 91:
        atomically(phones.confirm, device.id, world.act(world.clerk, now()))
    with time_machine.travel(now() + timedelta(days=days)):
        page = sign_in(world.dispatcher).get(f"/phones/{device.id}").text
    assert "hết hạn" in page and "Muốn dùng tiếp thì cấp mã mới" in page


def test_the_website_sends_a_courier_who_lost_the_phone_to_their_phones(app: Flask, world: World) -> None:
    assert 'href="/phones/"' in app.test_client().get("/sign-in").text

"""The list of a handover: what was counted stands there, and each side gives its word for itself, at a page or by phone."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from app.db import atomically, db, now
from app.domain import manifests, oversight, scope, tasks
from app.domain.manifests import Found, Manifest, Side, Word
from app.domain.tasks import TaskKind
from app.errors import Invalid
from tests.domain.test_desk import receive
from tests.domain.test_manifests import Handing
from tests.domain.test_sendings import code_on
from tests.journeys.pages import Visitor
from tests.world import World


@pytest.fixture
def manifest(world: World) -> Manifest:
    """A courier took a bag from the desk: three listed, two of them scanned, one torn, and one that nobody had listed."""
    handing = Handing(world, 4)
    one, torn, _left, unlisted = handing.packets
    found = {torn.code: Found("NP0045821", is_intact=False, remark="rách mép")}
    return handing.receive(handing.takes(one, torn, unlisted), handing.listed(handing.codes[:3]), found)


def test_the_office_that_gave_sees_what_was_counted_and_confirms_for_its_side(
    world: World, sign_in: Any, manifest: Manifest
) -> None:
    receipt = manifest.receipt_no
    page = Visitor(sign_in(world.officer)).open(f"/records/{receipt}")
    page.sees(receipt, "Trong bảng kê", "thiếu: vẫn ở bên giao", "ngoài bảng kê, vẫn nhận", "hư hỏng", "rách mép")
    page.sees("chưa đủ xác nhận của hai bên", "Trần Văn Bưởi").send(to="/confirm")
    page.sees(
        "xác nhận tại màn hình, đã đăng nhập hoặc nhập mật khẩu trong năm phút trước đó, Võ Văn Mít",
        "chưa đủ xác nhận của hai bên",
    )
    Visitor(sign_in(world.courier)).open(f"/records/{receipt}").send(to="/confirm").sees("hai bên đã xác nhận")
    db.session.rollback()
    fresh = manifests.by_number(receipt)
    assert {(said.side, said.word, said.user_id) for said in fresh.confirmations} == {
        (Side.GIVER, Word.PRESENCE, world.officer.id), (Side.TAKER, Word.PRESENCE, world.courier.id),
    }  # fmt: skip
    assert fresh.closed_at


def test_who_is_of_neither_side_confirms_nothing(world: World, sign_in: Any, manifest: Manifest) -> None:
    url = f"/records/{manifest.receipt_no}"
    for user in (world.stranger, world.strange_officer, world.strange_courier):
        client = sign_in(user)
        assert (client.get(url).status_code, client.post(f"{url}/confirm").status_code) == (404, 404)
    for user in (world.clerk, world.dispatcher, world.supervisor):  # may read it: the packets are theirs to see
        client = sign_in(user)
        assert client.get(url).status_code == 200 and "/confirm" not in client.get(url).text
        assert client.post(f"{url}/confirm").status_code == 404
    db.session.rollback()
    assert manifests.by_number(manifest.receipt_no).confirmations == []


def test_after_five_minutes_the_password_is_asked_again(world: World, sign_in: Any, manifest: Manifest) -> None:
    client, url = sign_in(world.officer), f"/records/{manifest.receipt_no}"
    assert 'type="password"' not in client.get(url).text
    with time_machine.travel(now() + timedelta(minutes=6), tick=False):
        assert 'type="password"' in client.get(url).text
        assert client.post(f"{url}/confirm", data={"password": "wrong"}).status_code == 422
        db.session.rollback()
        assert manifests.by_number(manifest.receipt_no).confirmations == []
        assert client.post(f"{url}/confirm", data={"password": World.PASSWORD}).status_code == 302
    db.session.rollback()
    assert len(manifests.by_number(manifest.receipt_no).confirmations) == 1


def test_each_office_finds_the_list_on_the_packets_own_page(world: World, sign_in: Any, manifest: Manifest) -> None:
    (_line, packet), *_rest = manifests.lines_of(manifest)
    for user, place, leads_to in ((world.clerk, "office", "/records/"), (world.officer, "desk", "/desk/records/")):
        assert f"{leads_to}{manifest.receipt_no}" in sign_in(user).get(f"/{place}/packets/{packet.number}").text


def test_the_desks_own_record_is_of_what_the_desk_received_only(world: World, sign_in: Any, manifest: Manifest) -> None:
    """A list by which the desk gave says nothing of what the desk opened and counted."""
    answer = sign_in(world.officer).get(f"/desk/records/{manifest.receipt_no}")
    assert (answer.status_code, answer.location) == (302, f"/records/{manifest.receipt_no}")


def test_the_code_on_its_paper_opens_the_list_for_those_it_concerns(
    world: World, sign_in: Any, manifest: Manifest
) -> None:
    receipt = manifest.receipt_no
    officer, stranger = sign_in(world.officer), sign_in(world.strange_officer)
    answer = officer.get(f"/desk/counts/records/{receipt}.pdf")
    assert answer.content_type == "application/pdf", answer.text
    code = code_on(answer.data)
    assert officer.get("/desk/find", query_string={"code": code}).location == f"/records/{receipt}"
    assert officer.get("/s/" + code.rsplit("/", 1)[1]).location == f"/records/{receipt}"
    assert stranger.get("/desk/find", query_string={"code": code}).status_code == 404
    nobody = world.app.test_client().get("/s/" + code.rsplit("/", 1)[1])
    assert nobody.status_code == 200 and receipt not in nobody.text and "bảng kê" in nobody.text
    with pytest.raises(Invalid, match="token_list"):
        scope.scanned(world.officer, code, world.keys)


def test_what_is_found_out_later_stands_beside_the_record_of_a_count_and_changes_nothing_in_it(
    world: World, sign_in: Any
) -> None:
    packet = world.collected(world.phone())
    manifest = receive(world, packet, counts={1: 1, 2: 0, 4: 1}, remark="thiếu 1 tờ")
    name = world.fresh(packet).papers[1].name
    paths = (f"/desk/records/{manifest.receipt_no}", f"/desk/counts/records/{manifest.receipt_no}", f"/records/{manifest.receipt_no}")  # fmt: skip
    officer = Visitor(sign_in(world.officer))
    for path in paths:
        assert "Sau đó mới rõ" not in officer.open(path).page.text  # type: ignore[union-attr]
    (task,) = [task for task in tasks.open_about(packet) if task.kind is TaskKind.COUNT]
    atomically(oversight.close, task, "papers_found", world.act(world.officer))
    for path in paths:
        officer.open(path).sees(
            "Sau đó mới rõ", "Đã rõ: giấy tờ đã giao đều có ở đây", "Biên bản giữ nguyên", world.officer.name
        )
    officer.open(paths[0]).sees(f"Không khớp: {name}")
    assert re.search(r"<td[^>]*>\s*<b>0</b>\s*</td>", officer.page.text)  # type: ignore[union-attr]

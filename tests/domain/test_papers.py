"""What is printed from the running pages says what its specimen says: every field of FORMATS that a specimen fills is filled
from the record too, or stands here with the reason why a pen fills it."""

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

import labels
from app.db import atomically, db
from app.domain import (
    batches,
    corrections,
    decisions,
    desk,
    deskforms,
    fees,
    forms,
    numbers,
    papers,
    protocols,
    registers,
    repeats,
    results,
    sendings,
    slips,
    sorting,
    stickers,
    visits,
)
from app.domain import certificates as proofs
from app.domain.bodies import Extra
from app.domain.calendar import working_days_after
from app.domain.dossiers import Dossier
from app.domain.packets import Packet
from app.domain.people import User
from app.domain.places import Neighbourhood, Office
from app.domain.postage import Fault
from app.domain.procedures import Procedure
from labels import formats
from tests.domain.test_decisions import MISSING as NEEDED
from tests.domain.test_desk import CODE, DUE, PAPERS, receive, submitted
from tests.domain.test_sorting import at_post
from tests.domain.test_sorting import result as planned_result
from tests.world import MONDAY, World

pytestmark = pytest.mark.dialects("sqlite")  # it only reads
URL = "https://hoso.vi-du.test"
CASH = {"money": {"paid_by": "cash", "receipt": "000321", "postage": 60_000, "fee": 15_000}}
SHOWN = [("ID_SEEN", "citizen_card"), ("RECIPIENT", "self")]

# Fields of specimens that no record knows, so that a line for a pen is printed, or nothing.
BY_HAND = {
    "Party.email": "no office and no citizen leaves an address for mail",
    "Identity.last4": "the number of a card is on no record of ours",
    "Recovered.number": "the desk names old papers by what they are",
    "Paper.note": "what was sent beyond the list is counted, and why is said at the door",
    "RoundSheet.vehicle": "no vehicle is kept on record",
    "BagTag.trip": "the post has no timetable of trips here",
    "OfficeList.trip": "as BagTag.trip",
    "Sent.grams": "packets are not weighed: postage is by the bill, up to 100 g",
    "Rewrap.missing": "counted and written while two people look",
    "Authorisation.agent_address": "who is sent says so in the letter",
    "Authorisation.agent_phone": "as agent_address",
    "Authorisation.relation": "as agent_address",
    "Authorisation.valid_until": "as agent_address",
    "Control.coordinating": "which other agency helps is the ward's own matter",
}


class Press:
    """What is drawn, item by item; nothing of it is changed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.drawn: dict[str, list[Any]] = {}
        plain = formats.check

        def check(item: Any, kind: type) -> None:
            self.drawn.setdefault(kind.__name__, []).append(item)
            plain(item, kind)

        monkeypatch.setattr(formats, "check", check)


def said(item: Any) -> Iterator[str]:
    """ "Type.field" of all that says something beyond its default."""
    if isinstance(item, tuple):
        for each in item:
            yield from said(each)
    elif is_dataclass(item):
        for field in fields(item):
            value = getattr(item, field.name)
            usual = field.default if field.default is not MISSING else None
            if value not in (usual, None, "", ()):
                yield f"{type(item).__name__}.{field.name}"
            yield from said(value)


LONG = "Công ty Trách nhiệm hữu hạn Một thành viên Thương mại Dịch vụ Xuất nhập khẩu và Đầu tư Phát triển Nông nghiệp"
HOOD = "Chiêu Liêu A (trước đây thuộc phường Tân Đông Hiệp, thành phố Dĩ An)"
STREET = (
    "Căn hộ 12A.05, tầng 12, khối nhà B2, chung cư Bình Minh Xanh, số 1234/56/7A đường Nguyễn Thị Minh Khai nối dài"
)
OFFICE = "Trung tâm Phục vụ hành chính công và Bưu điện văn hóa Liên phường Dĩ An, Đông Hòa và Tân Đông Hiệp"
PROCEDURE = (
    "Đăng ký, cấp Giấy chứng nhận quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất đối với trường hợp đã chuyển "
    "quyền sử dụng đất trước ngày Luật có hiệu lực mà bên chuyển quyền đã được cấp Giấy chứng nhận"
)
PERSON = "Công Tằng Tôn Nữ Nguyễn Thị Hoàng Phương Anh Thư"


def lengthen(world: World) -> None:
    """Every name of the world is as long as the longest real ones."""
    for office in (world.post, world.desk):
        db.session.get_one(Office, office.id).name = OFFICE
    for who in (world.courier, world.clerk, world.officer, world.lead, world.dispatcher):
        db.session.get_one(User, who.id).name = PERSON
    procedure = db.session.get_one(Procedure, world.procedure.id)
    procedure.official_name = PROCEDURE
    for paper in procedure.papers:
        paper.name = (
            "Bản sao giấy tờ chứng minh quyền đại diện theo pháp luật, có xác nhận của cơ quan nơi cư trú trước đây"
        )
    db.session.get_one(Neighbourhood, world.neighbourhood.id).name = HOOD


def on_road(world: World) -> Packet:
    """Collected by a courier on a round, paid for and shown a card for; the citizen asks to be called first."""
    packet = world.packet()

    def tell() -> None:
        who = packet.dossier.citizen
        who.second_phone, who.call_first, who.notes, who.proxy = "+84900000124", True, "Cổng xanh", PERSON
        who.name, who.street = LONG, STREET
        who.neighbourhood.old_ward_id = world.other_desk.ward_id  # once another ward's
        packet.dossier.papers[0].returned = True

    atomically(tell)
    world.on_round(packet)
    for what in ("labels", "slips", "rounds"):
        print_day(world, packet, what)
    proof = [("CODE", world.code(packet)), *SHOWN]
    scan = world.phone().scan(world.fresh(packet), "collect", proof=proof, extra=Extra.read({"salt": "s"} | CASH))
    assert world.record(scan).verdict == "applied"
    return world.fresh(packet)


def print_day(world: World, packet: Packet, what: str) -> None:
    visit = visits.current(packet.id)
    assert visit
    office = db.session.get_one(Office, world.post.id)
    for _ in batches.printing_day(BytesIO(), what, office, visit.slot.day, URL):
        pass


def dossier_of(packet: Packet) -> Dossier:
    db.session.rollback()
    return db.session.get_one(Dossier, packet.dossier_id)


def the_way_there(world: World) -> Packet:
    packet, clerk = on_road(world), world.clerk
    for paper in ("label", "receipt_papers", "receipt_money", "authorisation"):
        papers.pdf(paper, packet, clerk, MONDAY, URL)
    slips.pdf([packet], URL)
    found = proofs.of(packet, world.keys, None)
    assert found
    slips.certificate_pdf([found], URL)
    protocols.pdf(receive(world, packet), URL, world.keys)
    short = world.collected(world.phone())
    protocols.pdf(receive(world, short, counts={1: 2, 2: 1, 4: 1}, remark="Rách góc"), URL, world.keys)
    return world.fresh(packet)


def the_desk(world: World, packet: Packet) -> None:
    officer, lead = world.act(world.officer), world.act(world.lead)
    found = proofs.of(packet, world.keys, None)
    assert found
    slips.certificate_pdf([found], URL)
    atomically(desk.accept, packet.dossier, officer, CODE, DUE)
    deskforms.pdf(forms.get(dossier_of(packet), "receipt"), URL)
    atomically(
        decisions.extend, dossier_of(packet), lead, DUE + timedelta(days=7), "verification", "", "ours", "Đã thẩm tra"
    )
    deskforms.pdf(forms.get(dossier_of(packet), "apology"), URL)
    refused, more, stopped = (submitted(world).dossier for _ in range(3))
    for dossier, code in ((more, f"{CODE[:-1]}2"), (stopped, f"{CODE[:-1]}3")):
        atomically(desk.accept, db.session.merge(dossier), officer, code, DUE)
    atomically(lambda: fees.pay_ward(db.session.merge(refused), 15_000, "BL 0001", officer))
    atomically(decisions.refuse, db.session.merge(refused), officer, "not_competent", "Nộp nơi khác")
    atomically(decisions.ask_more, db.session.merge(more), officer, NEEDED, "incomplete", "Thiếu bản sao căn cước")
    atomically(decisions.ask_stop, db.session.merge(stopped), world.act(None))
    atomically(decisions.stop, db.session.merge(stopped), officer)
    for dossier, form in ((refused, "refusal"), (more, "supplement"), (stopped, "stop")):
        deskforms.pdf(forms.get(db.session.merge(dossier), form), URL)


def the_way_home(world: World, packet: Packet) -> None:
    clerk, courier = world.clerk, world.phone()
    ready = {"surrender": [{"name": "Giấy hẹn trả kết quả", "form": "original", "sheets": 1}]}

    def finish() -> None:
        held = db.session.get_one(Dossier, packet.dossier_id)
        desk.ready(held, world.act(world.officer), PAPERS)
        held.surrender = ready["surrender"]

    atomically(finish)
    home = atomically(results.send_result, dossier_of(packet), world.act(world.officer), "NP0051902", "spoken")
    slips.pdf([home], URL)
    world.on_round(world.fresh(home))
    print_day(world, home, "lists")
    print_day(world, home, "rounds")
    world.record(courier.scan(world.fresh(home), "take", seal="NP0051902"))
    facts = {"reason": "nobody_home", "next": "invite", "seal": None, "sheets": None}
    world.record(courier.scan(world.fresh(home), "miss", giver=None, taker=None, **facts))
    offer = next(one for one in visits.offers(world.post, MONDAY) if one.left)
    atomically(
        lambda: visits.schedule(
            world.fresh(home), visits.VisitKind.DELIVER, visits.take(world.post, offer), world.act()
        )
    )
    papers.pdf("invitation", world.fresh(home), clerk, MONDAY, URL)
    act = world.act(world.courier, MONDAY + timedelta(hours=1))
    atomically(corrections.damage, world.fresh(home), act, reason="torn", photo_sha256="0" * 64)
    atomically(corrections.reseal, world.fresh(home), act, old="NP0051902", new="NP0077777", second=world.dispatcher)
    papers.pdf("rewrap", world.fresh(home), clerk, MONDAY, URL)
    papers.pdf("authorisation", world.fresh(home), clerk, MONDAY, URL)
    desk_of = db.session.get_one(Office, world.desk.id)
    registers.register_pdf(desk_of, 2026, MONDAY)
    registers.control_pdf(dossier_of(packet), MONDAY)


def test_every_field_a_specimen_fills_is_filled_from_the_record_under_the_longest_names_or_is_a_pens(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    press = Press(monkeypatch)
    atomically(numbers.load_pool, "RR", 47312482, 47312499, MONDAY, is_test=True)
    papers.pdf("label_small", world.packet(), world.clerk, MONDAY, URL)
    atomically(lengthen, world)
    packet = the_way_there(world)
    the_desk(world, packet)
    the_way_home(world, world.fresh(packet))
    at_post(world, world.collected(world.phone()))
    bag = sendings.bag(world.clerk, world.desk.code, "NP 0045 900", MONDAY)
    sendings.tag_pdf(bag, URL, world.act(world.clerk))
    sendings.list_pdf(bag)
    planned = planned_result(world)
    atomically(lambda: db.session.add(repeats.Repeat(
        packet_id=planned.id, reason="nobody_home", fault=Fault.CITIZEN, amount=26_000, at=MONDAY, by_id=None
    )))  # fmt: skip
    round_id = next(pile.place.round_id for pile in sorting.piles(world.clerk, MONDAY) if pile.place.round_id)
    assert round_id
    sendings.list_pdf(sendings.of_round(world.clerk, round_id, MONDAY))
    roll = atomically(stickers.print_roll, world.post, 2, world.act(world.clerk))
    slips.sticker_sheets(stickers.of_roll(db.session.merge(world.post), roll.id), 3, URL)

    printed = {field for items in press.drawn.values() for item in items for field in said(item)}
    assert set(press.drawn) == {row.item.__name__ for row in labels.FORMATS.values()}
    wanted = {field for row in labels.FORMATS.values() for item in row.samples for field in said(item)}
    assert sorted(wanted - printed - set(BY_HAND)) == []
    assert sorted(set(BY_HAND) & printed) == []  # what the record has come to know is no pen's any more


def test_a_label_says_by_when_and_on_which_round(world: World) -> None:
    packet = world.packet()
    visit = visits.current(packet.id)
    label = papers.label_of(packet, visit, URL)
    assert visit and (label.route, label.due) == ("", working_days_after(visit.slot.day, 1)[-1])
    world.on_round(packet)
    packet = world.collected(world.phone(), packet)
    label = papers.label_of(packet, visits.current(packet.id), URL)
    assert (label.route, label.due) == (str(visit.round_id), slips.slip_of(packet, URL).due)

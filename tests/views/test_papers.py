"""Papers from pages: specimens of every format for administrators, a whole day for dispatchers."""

from datetime import date
from io import BytesIO
from pathlib import Path

import pypdf
import pytest
import sqlalchemy as sa
from flask import Flask

import labels
from app.db import atomically, db
from app.domain import batches, dispatch, limits, numbers, papers, stickers, visits
from app.domain.audit import ViewLine
from app.domain.packets import Packet, Roll, Way
from app.domain.tasks import Task, TaskKind
from app.errors import Refused
from labels.terms import centre
from tests.world import MONDAY, World


def text_of(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(data)).pages)


def planned(world: World, count: int = 3) -> tuple[date, list[str]]:
    """Packets to be collected on one day by one courier: the day and their numbers."""
    packets = [world.packet() for _ in range(count)]
    found = [visits.current(packet.id) for packet in packets]
    day = found[0].slot.day  # type: ignore[union-attr]
    ids = [visit.id for visit in found if visit and visit.slot.day == day]
    atomically(dispatch.assign, db.session.merge(world.post), ids, world.courier.id, world.act(world.dispatcher))
    return day, [packet.number for packet in packets]


def test_the_gallery_offers_every_format_and_each_opens(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    client = sign_in(world.admin)
    page = client.get("/admin/papers").text
    for name, row in labels.FORMATS.items():
        assert row.title in page
        answer = client.get(f"/admin/papers/{name}.pdf")
        assert answer.content_type == "application/pdf" and answer.data.startswith(b"%PDF")
    assert client.get("/admin/papers/label.zpl").text.startswith("^XA")
    for unknown in ("stamp.pdf", "slip.zpl", "..%2Fetc.pdf"):
        assert client.get(f"/admin/papers/{unknown}").status_code == 404


def test_a_whole_day_is_printed_for_the_dispatchers_own_office(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    day, packets = planned(world)
    client = sign_in(world.dispatcher)
    assert f"/dispatch/{day}/print/slips" in client.get(f"/dispatch/{day}").text
    for what, pages in (
        ("slips", 6 * len(packets)),
        ("labels", len(packets)),
        ("small_labels", len(packets)),
        ("rounds", 1),
    ):
        answer = client.get(f"/dispatch/{day}/print/{what}")
        reader = pypdf.PdfReader(BytesIO(answer.data))
        assert len(reader.pages) == pages, what
        text = text_of(answer.data)
        assert all(number in text for number in packets)
    assert client.get(f"/dispatch/{day}/print/stamps").status_code == 404
    assert client.get("/dispatch/tomorrow/print/slips").status_code in (400, 422)


def test_a_long_print_tells_how_far_it_is_and_ends_with_the_document(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    day, packets = planned(world)
    client = sign_in(world.dispatcher)
    for paper, count in (("slips", 3 * len(packets)), ("labels", len(packets)), ("rounds", 1)):
        told, _, document = client.get(f"/dispatch/{day}/print/{paper}?progress=1").data.partition(b"pdf\n")
        assert told.decode().split("\n")[:-1] == [f"{done} {count}" for done in range(1, count + 1)]
        assert document == client.get(f"/dispatch/{day}/print/{paper}").data
    assert client.get("/dispatch/2027-01-04/print/slips?progress=1").status_code == 409


def test_an_administrator_says_how_often_a_slip_may_be_issued(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    client = sign_in(world.admin)
    assert 'value="5"' in client.get("/admin/papers").text
    assert client.post("/admin/papers", data={"most": "1"}).status_code == 302
    assert atomically(limits.of, "slip_issues") == 1
    clerk, packet = sign_in(world.clerk), world.packet()
    head = packet.head.hex()
    refused = clerk.post(f"/office/packets/{packet.number}/reprint", data={"reason": "lost", "head": head})
    assert refused.status_code == 409 and len(world.fresh(packet).slips) == 1
    for wrong in ("0", "256", "many", ""):
        assert client.post("/admin/papers", data={"most": wrong}).status_code == 422
    assert clerk.post("/admin/papers", data={"most": "9"}).status_code == 403


def test_a_clerk_makes_a_roll_of_stickers_and_prints_it_from_any_cell(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    client = sign_in(world.clerk)
    assert client.post("/stickers/", data={"count": "25"}).status_code == 302
    page = client.get("/stickers/").text
    (roll,) = db.session.scalars(sa.select(Roll))
    assert f"/stickers/{roll.id}.pdf" in page
    numbers_ = [one.number for one in stickers.of_roll(db.session.merge(world.post), roll.id)]
    for first, pages in ((1, 2), (24, 2), (3, 2)):
        answer = client.get(f"/stickers/{roll.id}.pdf?first={first}")
        assert answer.content_type == "application/pdf"
        assert len(pypdf.PdfReader(BytesIO(answer.data)).pages) == pages
        text = text_of(answer.data)
        assert all(number in text for number in numbers_)
    for first in ("25", "0", "abc", "-1", ""):
        assert client.get(f"/stickers/{roll.id}.pdf?first={first}").status_code in (400, 422), first
    for wrong in ("0", "481", "x", ""):
        assert client.post("/stickers/", data={"count": wrong}).status_code == 422
    assert sign_in(world.stranger).get(f"/stickers/{roll.id}.pdf").status_code == 404
    refused = client.get(f"/office/packets/{numbers_[0]}")
    assert refused.status_code == 409 and numbers_[0] in refused.text


def test_a_day_without_visits_prints_nothing_and_says_so(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    answer = sign_in(world.dispatcher).get("/dispatch/2027-01-04/print/slips")
    assert answer.status_code == 409 and answer.content_type.startswith("text/html")


def test_another_offices_day_is_not_printed(world: World) -> None:
    day, _ = planned(world)
    with pytest.raises(Refused, match="nothing_to_print"):
        batches.print_day(BytesIO(), "slips", world.other_post, day, "https://hoso.vi-du.test")


def test_a_label_says_where_to_and_never_what(world: World) -> None:
    packet = world.packet()
    there = papers.label_of(packet, None, "https://hoso.vi-du.test")
    assert there.name == centre(packet.dossier.desk.name) and there.sort == packet.dossier.desk.code
    home = papers.label_of(world.packet(Way.OUT), None, "https://hoso.vi-du.test")
    assert home.name == "Nguyễn Thị Mơ"
    text = text_of(labels.render("label", [there, home]))
    assert packet.dossier.procedure.official_name not in text
    assert numbers.spoken_phone(packet.dossier.citizen.phone) not in text


def test_a_day_is_written_from_the_terminal_and_tells_how_far_it_is(world: World, app: Flask, tmp_path: Path) -> None:
    day, packets = planned(world)
    told: list[int] = []
    batches.print_day(BytesIO(), "slips", db.session.merge(world.post), day, "https://hoso.vi-du.test", told.append)
    assert told == list(range(1, 3 * len(packets) + 1))
    out = tmp_path / "day.pdf"
    asked = ["slips", "day", day.isoformat(), str(out), "--office", world.post.code, "--by"]
    assert app.test_cli_runner().invoke(args=[*asked, "nobody"]).exit_code == 2 and not out.exists()
    stranger = app.test_cli_runner().invoke(args=[*asked, world.stranger.login])
    assert (stranger.exit_code, out.exists()) == (2, False) and "does not work at" in stranger.output
    run = app.test_cli_runner().invoke(args=[*asked, world.dispatcher.login])
    assert run.exit_code == 0 and len(pypdf.PdfReader(out).pages) == 6 * len(packets)
    seen = sa.select(ViewLine.dossier_id).filter_by(user_id=world.dispatcher.id, page="day.slips")
    named = sa.select(Packet.dossier_id).where(Packet.number.in_(packets))
    assert set(db.session.scalars(seen)) == set(db.session.scalars(named)) != set()
    asked[2] = "2027-01-04"
    empty = app.test_cli_runner().invoke(args=[*asked, world.dispatcher.login])
    assert empty.exit_code == 1 and "nothing to print" in empty.output
    assert len(pypdf.PdfReader(out).pages) == 6 * len(packets)  # what was printed before stays
    assert MONDAY.date() <= day


def test_a_sticker_two_homes_claim_is_settled_at_a_page_like_any_dispute(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    roll = atomically(lambda: stickers.print_roll(db.session.merge(world.post), 1, world.act(world.clerk)))
    (blank,) = stickers.of_roll(db.session.merge(world.post), roll.id)
    told = []
    for courier in (world.courier, world.second_courier):
        booked, phone = world.packet(), world.phone(courier)
        visit = visits.current(booked.id)
        assert visit
        told.append(phone.scan(world.fresh(blank), "collect", visit=visit.id, giver=booked.holder_id))
    for scan in told:
        world.record(scan)
    for user in (world.clerk, world.supervisor):
        client = sign_in(user)
        board = client.get("/exceptions/")
        assert board.status_code == 200 and blank.number in board.text
        assert client.get(f"/corrections/{blank.number}").status_code == 200
    (task_id,) = db.session.scalars(sa.select(Task.id).filter_by(packet_id=blank.id, kind=TaskKind.DISPUTED))
    assert client.get(f"/exceptions/{task_id}").status_code == 200
    assert client.get(f"/corrections/{blank.number}/settle").status_code == 200
    assert sign_in(world.stranger).get(f"/corrections/{blank.number}").status_code == 404
    assert blank.number in world.app.test_client().get(f"/s/{blank.slip.token}").text

"""Results on their way home: many sealed at a time, the citizen asked whether they will be found, what came back."""

from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
import sqlalchemy as sa
import time_machine

from app.db import atomically, db, now
from app.domain import codes, desk, manifests, protocols, results
from app.domain.audit import AuditLine
from app.domain.dossiers import Dossier, ReturnWay
from app.domain.manifests import Found, Side, Word
from app.domain.packets import Kind, Packet, State, Way
from app.errors import Invalid, Refused
from tests.conftest import signing_in
from tests.domain.test_desk import accepted
from tests.views.test_desk import sealed, with_result
from tests.world import MONDAY, World


def ready(world: World, count: int) -> list[Dossier]:
    """Results that wait to be sealed, each dossier with a code of its own."""
    made = []
    for nth in range(count):
        dossier = accepted(world)
        papers = [{"name": "Giấy khai sinh", "form": "original", "sheets": 2}]
        atomically(lambda dossier=dossier, papers=papers: desk.ready(dossier, world.act(world.officer), papers))
        atomically(
            lambda dossier=dossier, nth=nth: setattr(
                db.session.get_one(Dossier, dossier.id), "official_code", f"X-{nth}"
            )
        )
        made.append(db.session.get_one(Dossier, dossier.id))
    return made


def test_many_results_are_sealed_in_one_go_and_a_seal_twice_is_told_at_its_row(world: World, sign_in: Any) -> None:
    client, results = sign_in(world.officer), ready(world, 3)
    numbers = [dossier.number for dossier in results]
    data = {f"seal-{number}": seal for number, seal in zip(numbers, ("NP 0051 901", "NP 0051 901", ""), strict=True)}
    asked = client.post("/desk/results/", data=data)
    assert asked.status_code == 422 and 'value="NP 0051 901"' in asked.text
    named = asked.text.split('id="unasked"')[1].split("</ul>")[0]
    assert [number in named for number in numbers] == [True, True, False], "one word is asked for those in their bags"
    assert db.session.query(Packet).filter_by(kind=Kind.RESULT).count() == 0
    answer = client.post("/desk/results/", data=data | {"word": "spoken"})
    assert (answer.status_code, answer.text.count('aria-invalid="true"')) == (422, 1)
    assert 'value="NP 0051 901"' in answer.text
    assert db.session.query(Packet).filter_by(kind=Kind.RESULT).count() == 1
    rest = {f"seal-{numbers[1]}": "NP 0051 902", f"seal-{numbers[2]}": "NP 0051 903"}
    assert client.post("/desk/results/", data=rest | {"word": "unreached"}).status_code == 303
    words = {line.subject: line.details["word"] for line in db.session.query(AuditLine).filter_by(action="result_word")}
    assert words == {numbers[0]: "spoken", numbers[1]: "unreached", numbers[2]: "unreached"}
    db.session.rollback()
    assert [db.session.get_one(Dossier, one.id).answer for one in results] == ["reached", None, None]
    sent = db.session.query(Packet).filter_by(kind=Kind.RESULT, state=State.WAITING).all()
    assert len(sent) == 3
    paper = client.get("/desk/results/slips.pdf", query_string={"sealed": [packet.number for packet in sent]})
    pages = pypdfium2.PdfDocument(paper.data)
    assert len(pages) >= 9
    pages.close()
    assert client.post("/desk/results/", data={}).status_code == 422


def test_a_stranger_sees_seals_and_prints_nothing(app: Any, world: World) -> None:
    (dossier,) = ready(world, 1)
    stranger = signing_in(app)(world.strange_officer)
    number = dossier.number
    assert number not in stranger.get("/desk/results/").text
    assert stranger.post("/desk/results/", data={f"seal-{number}": "NP 0051 901"}).status_code == 422
    assert stranger.get(f"/desk/results/slips.pdf?sealed={number}").status_code == 404
    assert stranger.get(f"/desk/results/{number}/ask").status_code == 404
    assert db.session.query(Packet).filter_by(kind=Kind.RESULT).count() == 0


def test_what_the_citizen_says_is_where_the_result_goes_and_the_log_holds_none_of_it(
    world: World, sign_in: Any
) -> None:
    client, (dossier,) = sign_in(world.officer), ready(world, 1)
    number, said = dossier.number, {"phone": "0900 000 777", "second_phone": "", "street": "7 đường Hoa Cúc"}
    assert "chưa hỏi" in client.get("/desk/results/").text
    assert client.post(f"/desk/results/{number}/ask", data=said).status_code == 422
    assert (
        client.post(f"/desk/results/{number}/ask", data=said | {"answer": "reached", "phone": "12"}).status_code == 422
    )
    odd = client.post(f"/desk/results/{number}/ask", data=said | {"answer": "reached", "proxy": "王 Mận"})
    assert odd.status_code == 422 and 'id="proxy-error"' in odd.text and 'id="street-error"' not in odd.text
    assert client.post(f"/desk/results/{number}/ask", data=said | {"answer": "reached"}).status_code == 303
    db.session.rollback()
    held = db.session.get_one(Dossier, dossier.id)
    assert (held.citizen.phone, held.citizen.street, held.answer) == ("+84900000777", "7 đường Hoa Cúc", "reached")
    (line,) = db.session.scalars(sa.select(AuditLine).where(AuditLine.action == "reconfirmed"))
    assert "Hoa Cúc" not in str(line.details) and "777" not in str(line.details)
    assert (
        client.post(f"/desk/results/{number}/ask", data=said | {"answer": "no_answer", "street": "Khác"}).status_code
        == 303
    )
    db.session.rollback()
    assert (held.citizen.street, held.answer) == ("7 đường Hoa Cúc", "no_answer")


def test_whoever_hands_over_reads_that_no_code_comes_while_a_new_number_is_on_hold(world: World, sign_in: Any) -> None:
    packet, client = world.packet(Way.OUT), sign_in(world.officer)
    number, said = packet.number, {"phone": "0900 000 777", "second_phone": "", "street": "7 đường Hoa Cúc"}
    assert "vừa đổi số điện thoại" not in client.get(f"/desk/packets/{number}").text
    assert client.post(f"/desk/results/{number}/ask", data=said | {"answer": "reached"}).status_code == 303
    assert "vừa đổi số điện thoại" in client.get(f"/desk/packets/{number}").text
    world.fresh(packet)
    with time_machine.travel(now() + codes.HOLD + timedelta(minutes=1)):
        again = signing_in(world.app)(world.officer)
        assert "vừa đổi số điện thoại" not in again.get(f"/desk/packets/{number}").text


@pytest.mark.parametrize(
    ("over", "key"), [({"answer": "maybe"}, "answer_unknown"), ({"street": " "}, "street_missing")]
)
def test_an_answer_that_is_none_changes_nothing(world: World, over: dict[str, str], key: str) -> None:
    (dossier,) = ready(world, 1)
    facts = {"answer": "reached", "phone": "0900000777", "second_phone": "", "street": "7 đường Hoa Cúc"} | over
    with pytest.raises((Invalid, Refused), match=key):
        atomically(lambda: results.reconfirm(dossier, world.act(world.officer), facts.pop("answer"), **facts))
    assert db.session.get_one(Dossier, dossier.id).asked_at is None


def test_what_leaves_the_desk_is_a_record_on_paper_too(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = sealed(world, client, ReturnWay.HOME)
    phone = world.phone()
    outcome = world.record(
        phone.scan(packet, "take", giver=world.desk.party_id, taker=world.courier.party_id, seal="NP0051902")
    )
    assert outcome.verdict == "applied"
    held = world.fresh(packet)
    manifest = atomically(manifests.of_one, held, world.desk.party_id, held.head, Found("NP0051902"), MONDAY)
    assert manifest.receipt_no in client.get("/desk/results/").text  # it wants the desk's word
    atomically(manifests.confirm, manifest, Side.GIVER, Word.PRESENCE, MONDAY, world.officer)
    assert client.get(f"/desk/counts/records/{manifest.receipt_no}.pdf").status_code == 200
    paper = pypdfium2.PdfDocument(protocols.pdf(manifest, "https://hoso.vi-du.test", world.keys))
    text = " ".join(page.get_textpage().get_text_range() for page in paper)
    paper.close()
    assert packet.number in text and world.courier.name in text and world.officer.name in text


def test_what_came_back_says_why_and_how_often_it_was_tried(world: World, sign_in: Any) -> None:
    client = sign_in(world.officer)
    packet = with_result(world, client, ReturnWay.HOME)
    assert packet.dossier.number in client.get("/desk/results/").text

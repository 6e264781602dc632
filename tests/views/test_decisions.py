"""The pages on which a ward decides, and what the citizen reads of it."""

from io import BytesIO
from typing import Any

import pypdf
import pytest
import sqlalchemy as sa

from app.db import atomically, db, now
from app.domain import decisions, fees, queues, visits
from app.domain.calendar import today
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.packets import Kind, Packet
from app.domain.people import User
from app.views.decisions import PAGES
from tests.domain.test_decisions import MISSING, asked, fresh, put
from tests.domain.test_desk import accepted, submitted
from tests.world import MONDAY, World

C = CaseState
pytestmark = pytest.mark.usefixtures("laws_hold", "ticking_monday")


def page(dossier: Dossier, step: str) -> str:
    return f"/desk/packets/{dossier.number}/case/{step}"


def seen(dossier: Dossier) -> str:
    return str(decisions.newest(fresh(dossier)))


def text_of(pdf: bytes) -> str:
    return " ".join("\n".join(each.extract_text() for each in pypdf.PdfReader(BytesIO(pdf)).pages).split())


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_a_refusal_is_asked_for_its_reason_printed_and_read_by_the_citizen(world: World, sign_in: Any) -> None:
    dossier = submitted(world).dossier
    desk, home = sign_in(world.officer), world.app.test_client()
    link = f"/t/{dossier.secret}"
    assert "Không nhận hồ sơ" in desk.get(f"/desk/packets/{dossier.number}").text
    form = {"seen": seen(dossier), "words": "Nộp tại văn phòng đăng ký đất đai"}
    empty = desk.post(page(dossier, "refuse"), data=form)
    assert empty.status_code == 422 and "Nộp tại văn phòng đăng ký đất đai" in empty.text
    odd = desk.post(page(dossier, "refuse"), data=form | {"reason": "not_competent", "words": "Xin xem 😀"})
    assert odd.status_code == 422 and "Không in được: 😀" in odd.text, "the form would print it"
    done = desk.post(page(dossier, "refuse"), data=form | {"reason": "not_competent"})
    assert done.status_code == 303
    again = desk.post(page(dossier, "refuse"), data=form | {"reason": "not_competent"})
    assert again.status_code == 303  # a double click is one refusal
    late = sign_in(world.lead).post(page(dossier, "refuse"), data=form | {"reason": "no_right"})
    assert late.status_code == 409 and "Vừa có người ghi: không nhận" in late.text
    told = home.get(link).text
    assert "Phường không nhận hồ sơ" in told and "Nộp tại văn phòng đăng ký đất đai" in told
    paper = home.get(f"{link}/forms/refusal.pdf")
    assert paper.mimetype == "application/pdf"
    words = text_of(paper.data)
    assert "Mẫu số 03" in words and "0001/TC-HS" in words and "đăng ký đất đai" in words
    assert desk.get(f"/desk/packets/{dossier.number}/papers/refusal.pdf").status_code == 200
    assert home.get(f"{link}/forms/stop.pdf").status_code == 404
    sealed = desk.post(f"/desk/packets/{dossier.number}/papers-home", data={"seal": "NP 0051 902"})
    assert sealed.status_code == 302
    assert "Giấy tờ trả lại đã niêm phong" in home.get(link).text
    slip = desk.get(sealed.headers["Location"] + "/slip.pdf")
    assert "Giấy tờ trả lại" in text_of(slip.data)


def test_more_papers_are_listed_and_collected_in_a_visit_the_citizen_books(world: World, sign_in: Any) -> None:
    dossier = accepted(world)
    desk, home = sign_in(world.officer), world.app.test_client()
    link = f"/t/{dossier.secret}"
    row = {"papers-0-name": "Bản sao căn cước", "papers-0-form": "certified", "papers-0-copies": "2"}
    form = {"seen": seen(dossier), "reason": "incomplete", "words": "", "until": "2026-12-20"}
    nothing = desk.post(page(dossier, "ask_more"), data=form)
    assert nothing.status_code == 422 and "Ghi ít nhất một giấy" in nothing.text
    assert desk.post(page(dossier, "ask_more"), data=form | row).status_code == 303
    told = plain(home.get(link).text)
    assert "Phường cần thêm giấy tờ" in told and "Bản sao căn cước" in told and "Chủ Nhật, 20/12/2026" in told
    assert "Mẫu số 02" in text_of(home.get(f"{link}/forms/supplement.pdf").data)
    offer = next(one for one in visits.offers(world.post, MONDAY) if one.left)
    assert home.get(f"{link}/more").status_code == 200
    assert home.post(f"{link}/more", data={}).status_code == 422
    assert home.post(f"{link}/more", data={"slot": offer.key}).status_code == 303
    ready = plain(home.get(link).text)
    assert "Bản sao căn cước" in ready and "Bưu tá đến nhà lấy" not in ready
    packet = db.session.scalars(sa.select(Packet).filter_by(kind=Kind.SUPPLEMENT)).one()
    assert "Bản sao căn cước" in text_of(home.get(f"{link}/slip.pdf").data)
    assert home.get(f"{link}/booked").status_code == 200
    seen_at_desk = desk.get(f"/desk/packets/{packet.number}")
    assert "người dân còn giữ" in seen_at_desk.text and "đang trên đường đến" not in seen_at_desk.text
    collected = world.collected(world.phone(), packet)
    assert "đang trên đường đến" in desk.get(f"/desk/packets/{collected.number}").text
    assert desk.get("/desk/?list=asked").text.count(dossier.number) >= 1


def test_the_citizen_asks_to_stop_and_the_ward_answers(world: World, sign_in: Any) -> None:
    dossier = asked(world)
    desk, home = sign_in(world.officer), world.app.test_client()
    link = f"/t/{dossier.secret}"
    assert home.get(f"{link}/stop").status_code == 200
    assert home.post(f"{link}/stop").status_code == home.post(f"{link}/stop").status_code == 303
    assert "chờ phường trả lời" in home.get(link).text
    assert home.get(f"{link}/more").status_code == 303
    assert dossier.number in desk.get("/desk/?list=decide").text
    assert desk.post(page(dossier, "stop"), data={"seen": seen(dossier), "words": ""}).status_code == 303
    assert "Đã dừng theo yêu cầu" in home.get(link).text
    assert "Mẫu số 05" in text_of(home.get(f"{link}/forms/stop.pdf").data)
    assert home.get(f"{link}/stop").status_code == 302


def test_only_who_leads_the_desk_finds_the_way_to_put_a_day_off(world: World, sign_in: Any) -> None:
    dossier = accepted(world)
    officer, lead = sign_in(world.officer), sign_in(world.lead)
    here = f"/desk/packets/{dossier.number}"
    assert "Xin lỗi và hẹn lại" not in officer.get(here).text and "Xin lỗi và hẹn lại" in lead.get(here).text
    assert officer.get(page(dossier, "extend")).status_code == 302
    form = {"seen": seen(dossier), "reason": "verification", "words": "", "whose": "ours", "new_due": "2026-12-04"}
    assert officer.post(page(dossier, "extend"), data=form).status_code == 403
    early = lead.post(page(dossier, "extend"), data=form | {"new_due": "2026-11-27"})
    assert early.status_code == 422 and "Ngày mới phải sau ngày hẹn cũ" in early.text
    assert lead.post(page(dossier, "extend"), data=form).status_code == 303
    told = plain(world.app.test_client().get(f"/t/{dossier.secret}").text)
    assert "Phường xin lỗi và hẹn lại" in told and "Thứ Sáu, 4/12/2026" in told
    assert "Mẫu số 04" in text_of(lead.get(f"{here}/papers/apology.pdf").data)


def test_a_fee_is_shown_with_its_sum_until_it_is_paid(world: World, sign_in: Any) -> None:
    dossier = accepted(world)
    desk, home = sign_in(world.officer), world.app.test_client()
    wrong = desk.post(page(dossier, "ask_fee"), data={"seen": seen(dossier), "amount": "much"})
    assert wrong.status_code == 422
    assert desk.post(page(dossier, "ask_fee"), data={"seen": seen(dossier), "amount": "15000"}).status_code == 303
    assert "15.000 đ" in plain(home.get(f"/t/{dossier.secret}").text)
    assert desk.post(page(dossier, "pay"), data={"seen": seen(dossier), "receipt": "BL 0001"}).status_code == 303
    assert fresh(dossier).state is C.PROCESSING
    assert "Mẫu số 01" in text_of(desk.get(f"/desk/packets/{dossier.number}/papers/receipt.pdf").data)


def test_the_wrong_ward_passes_it_on_and_still_sees_what_it_holds(world: World, sign_in: Any) -> None:
    dossier = submitted(world).dossier
    here, there = sign_in(world.officer), sign_in(world.strange_officer)
    form = {"seen": seen(dossier), "to": str(world.other_desk.id), "reason": "old_address", "seal": "NP 0051 902"}
    sealed = here.post(page(dossier, "transfer"), data=form)
    assert sealed.status_code == 303
    packet = sealed.headers["Location"]
    assert here.get(packet).status_code == there.get(packet).status_code == 200
    assert here.get(f"{packet}/slip.pdf").status_code == 200
    assert here.get("/desk/?list=leaving").text.count("NP") >= 1
    assert "Đang chuyển giữa hai phường" in world.app.test_client().get(f"/t/{dossier.secret}").text


@pytest.mark.parametrize("state", [state for state in C if state is not C.CANCELLED])
def test_every_step_offered_in_a_state_has_a_page_and_every_state_a_story(
    world: World, sign_in: Any, state: CaseState
) -> None:
    dossier = submitted(world).dossier
    atomically(decisions.ask_more, dossier, world.act(world.officer), MISSING, "incomplete", "")
    if state in (C.NOT_ACCEPTED, C.STOPPED, C.CLOSED):  # a fee was paid, and the ward did not take it
        atomically(fees.pay_ward, dossier, 15_000, "BL 0001", world.act(world.officer))
        put(dossier, C.SUBMITTED)
        atomically(decisions.refuse, dossier, world.act(world.officer), "no_right", "")
    put(dossier, state)
    desk, shown = sign_in(world.lead), 0
    packet = desk.get(f"/desk/packets/{dossier.number}")
    assert packet.status_code == 200
    for step in PAGES:
        answer = desk.get(page(dossier, step))
        user = db.session.get_one(User, world.lead.id)
        if step in queues.steps_open(fresh(dossier), user, today(now())):
            assert answer.status_code == 200 and "govuk-error-summary" not in answer.text, step
            shown += 1
        else:
            assert answer.status_code == 302, step
    assert shown or state in (C.BOOKED, C.RESULT_READY)
    assert world.app.test_client().get(f"/t/{dossier.secret}").status_code == 200

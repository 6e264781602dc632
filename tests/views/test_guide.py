"""The guide and the page about data: they are found from everywhere, and say what the code does."""

import re
from datetime import timedelta
from types import ModuleType

import pytest
from flask.testing import FlaskClient
from flask_babel import force_locale

from app import language
from app.db import atomically
from app.domain import (
    aftermath,
    codes,
    day,
    drafts,
    exemptions,
    incidents,
    outbox,
    petitions,
    photos,
    placing,
    postage,
    retention,
    shelf,
    slips,
    visits,
)
from app.domain.audit import viewed
from app.domain.postage import Item
from app.views import grants
from labels import texts
from tests.views.test_booking import filled
from tests.world import MONDAY, World

pytestmark = pytest.mark.usefixtures("ticking_monday")

PAGES = ("/help", "/privacy", "/accessibility")


def words(client: FlaskClient, path: str, tongue: str = "vi") -> str:
    client.set_cookie("language", tongue)
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"[\s\u00a0]+", " ", re.sub(r"<[^>]+>", "", answer.text)).replace("&#160;", " ")


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.app.test_client()


# Where a number of the code stands on a page: in Vietnamese, in English.
SAID: list[tuple[str, ModuleType, str, str, str]] = [
    ("/privacy", drafts, "LIFE", r"{}, rồi xóa", r"{}, then it is deleted"),
    ("/privacy", drafts, "REMEMBERED", r"đặt lịch, trong {}", r"first one is shown for {}"),
    ("/privacy", codes, "VIEW_LIFE", r"{}\. Trang mở ra", r"{}\. The page stays open"),
    ("/privacy", codes, "HOLD", r"Trong {} sau đó", r"For {} after that"),
    ("/privacy", grants, "GRANT", r"xem được trong {}", r"stays open for {}"),
    ("/privacy", day, "SHIFT", r"chỉ hiện trong {}", r"shows it for {} at most"),
    ("/privacy", photos, "KEPT", r"hư hại: {}, rồi xóa", r"damage: {}, then they are deleted"),
    ("/privacy", retention, "AFTER", r"{} sau khi mọi việc xong", r"{} after everything is over, then it is deleted"),
    ("/privacy", retention, "AFTER", r"{}, rồi xóa tên", r"{}, then name, phone and address"),
    ("/privacy", retention, "AFTER", r"{} sau khi mọi việc xong, chỉ", r"{} after everything is over, only"),
    ("/privacy", outbox, "KEPT", r"{} từ lúc gửi", r"{} after they were sent"),
    ("/privacy", slips, "PAPER_YEARS", r"Ít nhất {} năm\.", r"{} years? at least\."),
    ("/privacy", slips, "YEARS", r"Ít nhất {} năm từ ngày bưu điện", r"{} years? at least from the day"),
    ("/privacy", petitions, "FIRST", r"Trong {} ngày làm việc", r"Within {} working days?"),
    ("/privacy", petitions, "OURS", r"dù yêu cầu gì\s*Trong {} ngày\.", r"whatever you ask for\s*Within {} days?\."),
    ("/privacy", slips, "YEARS", r"và kết quả: {} năm", r"the outcome: {} years?\."),
    ("/privacy", language, "KEPT", r"Ngôn ngữ đã chọn, {}", r"language you chose, {}"),
    ("/privacy", incidents, "ANSWER", r"trong {} ngày làm việc", r"within {} working days?"),
    ("/privacy", incidents, "ANSWER_FAR", r"thì trong {} ngày", r"two provinces, within {}"),
    ("/accessibility", codes, "VIEW_LIFE", r"tin nhắn dùng được {}", r"message works for {}"),
    ("/accessibility", grants, "GRANT", r"mở ra xem được {}", r"page it opens stays open for {}"),
    ("/accessibility", incidents, "ANSWER", r"có trả lời trong {} ngày làm việc", r"within {} working days?"),
    ("/help", visits, "GRACE", r"đợi thêm {}", r"Wait {}"),
    ("/help", aftermath, "ATTEMPTS", r"Đến {} lần", r"After {} visits? in vain"),
    ("/help", shelf, "LETTERS", r"để {} giấy mời", r"leaves {} letters?"),
    ("/help", shelf, "APART", r"cách nhau {} ngày", r" {} working days apart"),
    ("/help", grants, "GRANT", r"xem được trong {}", r"stays open for {}"),
    ("/help", codes, "SHOWN_LIFE", r"dùng trong {}", r"good for {}"),
    ("/help", codes, "TRIES", r"sai {} lần", r"After {} wrong (?:try|tries)"),
    ("/help", placing, "LATE", r"báo, trong {}", r"report it, within {}"),
]


@pytest.mark.parametrize("tongue", ["vi", "en"])
@pytest.mark.parametrize("row", SAID, ids=[f"{noun.__name__}.{name}" for _path, noun, name, *_ in SAID])
def test_what_a_page_says_is_what_the_code_does(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, row: tuple[str, ModuleType, str, str, str], tongue: str
) -> None:
    path, noun, name, vi, en = row
    acts = getattr(noun, name)
    for value in (acts, timedelta(days=77) if isinstance(acts, timedelta) else 77):
        monkeypatch.setattr(noun, name, value)
        with force_locale(tongue):
            said = language.span(value) if isinstance(value, timedelta) else str(value)
        wanted = {"vi": vi, "en": en}[tongue].format(re.escape(said.replace("\u00a0", " ")))
        assert re.search(wanted, words(client, path, tongue)), wanted


@pytest.mark.parametrize("kind", petitions.Kind)
def test_what_the_law_allows_is_what_the_register_says(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, kind: petitions.Kind
) -> None:
    if kind in (petitions.Kind.CORRECT, petitions.Kind.OBJECT):  # said together with another
        pair = {petitions.Kind.CORRECT: petitions.Kind.COPY, petitions.Kind.OBJECT: petitions.Kind.RESTRICT}
        assert petitions.LAW[kind] == petitions.LAW[pair[kind]]
        return
    monkeypatch.setitem(petitions.LAW, kind, 77)
    assert "77 ngày" in words(client, "/privacy")


def test_the_years_are_those_that_stand_on_the_slip() -> None:
    printed = " ".join(text for text in vars(texts).values() if isinstance(text, str)).replace("\u00a0", " ")
    assert f"Phiếu giấy lưu ít nhất {slips.PAPER_YEARS} năm, dữ liệu ít nhất {slips.YEARS} năm" in printed
    assert f"{incidents.ANSWER} ngày làm việc" in printed and f"{incidents.ANSWER_FAR} ngày làm việc" in printed


@pytest.mark.parametrize("tongue", ["vi", "en"])
def test_prices_and_who_is_exempt_are_those_of_today(world: World, client: FlaskClient, tongue: str) -> None:
    with client.application.app_context(), force_locale(tongue):
        today = MONDAY.date()
        prices = {item: language.money(postage.tariff(today, item).amount).replace("\u00a0", " ") for item in Item}
        exempt = [one.name if tongue == "vi" else one.name_en for one in exemptions.on(today)]
    page = words(client, "/help", tongue)
    assert exempt and [one for one in (*prices.values(), *exempt) if one not in page] == []

    def decide() -> None:
        postage.decide(Item.DISTRICT, 12_345, world.act().at.date(), "QĐ 1/2026", world.act(world.admin))
        exemptions.add("Người thử", "People of a test", world.act().at.date(), "QĐ 2/2026", world.act(world.admin))

    atomically(decide)
    page = words(client, "/help", tongue)
    assert {"vi": "12.345 đ", "en": "12,345 đ"}[tongue] in page and {"vi": "Người thử", "en": "People of a test"}[
        tongue
    ] in page


@pytest.mark.parametrize("tongue", ["vi", "en"])
def test_all_three_pages_are_linked_from_every_citizens_page(world: World, client: FlaskClient, tongue: str) -> None:
    client.set_cookie("language", tongue)
    secret = world.packet().dossier.secret
    for path in (
        "/",
        "/book",
        "/track",
        "/due",
        "/sign-in",
        f"/t/{secret}",
        f"/t/{secret}/booked",
        "/help",
        "/privacy",
        "/accessibility",
        "/nowhere",
    ):
        text = client.get(path).text
        foot = text[text.index("<footer") :]
        assert [page for page in PAGES if f'href="{page}"' not in foot] == [], path
    body = client.get("/").text
    assert 'href="/help"' in body[: body.index("<footer")], "where somebody looks who does not know how to begin"
    story = client.get(f"/t/{secret}").text
    assert 'href="/privacy"' in story[: story.index("<footer")]
    assert 'href="/privacy"' in client.get("/help").text and 'href="/help"' in client.get("/privacy").text


@pytest.mark.parametrize("tongue", ["vi", "en"])
def test_beside_the_consent_stands_what_is_done_with_it(world: World, client: FlaskClient, tongue: str) -> None:
    client.set_cookie("language", tongue)
    filled(world, client)
    form = re.search(r'<form class="stack".*?</form>', client.get("/book/check").text, re.S)
    assert form and re.search(r'href="/privacy"\s+target="_blank"\s+rel="noopener"', form[0])
    assert re.search({"vi": r"\(mở\s+trang\s+mới\)", "en": r"\(new\s+page\)"}[tongue], form[0])
    said = re.sub(r"\s+", " ", form[0])
    assert {"vi": f"ít nhất {slips.YEARS} năm", "en": f"for {slips.YEARS} years at least"}[tongue] in said


def test_in_the_middle_of_a_booking_the_foot_opens_another_page(world: World, client: FlaskClient) -> None:
    filled(world, client)
    text = client.get("/book/who").text
    assert (
        len(re.findall(r'href="/(?:help|privacy|accessibility)"\s+target="_blank"', text[text.index("<footer") :])) == 3
    )
    assert "_blank" not in client.get("/").text + client.get("/track").text


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_need_no_script_no_sign_in_and_name_one_phone(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    headings = re.findall(r"<h([1-3])", answer.text)
    assert headings[0] == "1" and headings.count("1") == 1
    assert all(int(after) - int(before) <= 1 for before, after in zip(headings, headings[1:], strict=False))
    ids = re.findall(r'\sid="([^"]+)"', answer.text)
    assert len(ids) == len(set(ids))
    assert [target for target in re.findall(r'href="#([^"]+)"', answer.text) if target not in ids] == []
    phone = client.application.extensions["settings"].support_phone.replace(" ", "")
    assert set(re.findall(r'href="tel:([^"]+)"', answer.text)) == {phone}
    assert answer.headers["Cache-Control"] == client.get("/due").headers["Cache-Control"]


@pytest.mark.parametrize("tongue", ["vi", "en"])
def test_a_citizen_sees_who_has_looked_and_no_colleagues_name(world: World, client: FlaskClient, tongue: str) -> None:
    packet, other = world.packet(), world.packet()
    page = f"/t/{packet.dossier.secret}/looks"
    assert {"vi": "Chưa có ai xem", "en": "Nobody has looked yet"}[tongue] in words(client, page, tongue)
    late = MONDAY + timedelta(days=1)
    for user, at, of in (
        (world.clerk, MONDAY, packet), (world.clerk, MONDAY + timedelta(hours=1), packet), (world.officer, late, packet), (world.supervisor, late, other),
    ):  # fmt: skip
        atomically(viewed, user.id, of.dossier_id, "a page", at)
    said = words(client, page, tongue)
    clerk, officer = {"vi": ("Giao dịch viên bưu cục", "Cán bộ một cửa"), "en": ("Post-office clerk", "Desk officer")}[
        tongue
    ]
    assert said.count(f"{clerk}, {world.post.name}") == 1, "once a day"
    assert said.index(officer) < said.index(clerk), "the newest day first"
    assert world.clerk.name not in said and world.officer.name not in said
    assert {"vi": "Giám sát", "en": "Supervisor"}[tongue] not in said, "another dossier's"
    assert f'href="{page}"' in client.get(f"/t/{packet.dossier.secret}").text
    assert client.get("/t/AAAAAAAAAAAAAAAA/looks").status_code == 404

"""One real dossier in a real browser, from booking to the result in hand, on a phone's and on a desk's screen.

On every page on the way: axe (WCAG 2.2 AA) finds nothing, nothing is wider than the screen, no policy is violated,
no request leaves the origin, no script fails.
"""

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from app.db import atomically, db, now
from app.domain import packets
from app.domain.calendar import today
from app.domain.cases import CaseState
from app.domain.dossiers import Dossier
from app.domain.outbox import Message
from app.domain.packets import Kind, Packet, State
from app.domain.visits import Round, Slot, VisitState, open_visit
from tests.e2e.conftest import Camera, Site, axe_faults, leave
from tests.e2e.test_courier import choose_digits, unlock
from tests.inspecting import faults
from tests.world import World

pytestmark = [pytest.mark.dialects("sqlite"), pytest.mark.usefixtures("laws_hold")]
SCREENS = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1280, "height": 800}}
WATCH = "document.addEventListener('securitypolicyviolation', e => (window.broken ||= []).push(e.violatedDirective))"
Enter = Callable[..., "Person"]


class Person:
    """Somebody at a browser of their own, who looks at each page before going on."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page, self.site, self.faults = page, site, []
        page.add_init_script(WATCH)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._stays_home(request.url))

    def _stays_home(self, url: str) -> None:
        if not url.startswith((self.site.url, "data:", "blob:")):
            self.faults.append(f"asked for {url}")

    def look(self) -> "Person":
        page = self.page
        page.wait_for_load_state()
        expect(page.locator("h1")).to_have_count(1)
        assert (page.url, axe_faults(page)) == (page.url, [])
        wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        assert (page.url, wide <= 1) == (page.url, True)
        assert page.evaluate("() => window.broken || []") == []
        twice = (
            "() => [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, at, all) => all.indexOf(id) < at)"
        )
        assert (page.url, page.evaluate(twice)) == (page.url, [])
        assert self.faults == []
        return self

    def go(self, path: str) -> "Person":
        self.page.goto(self.site.url + path)
        return self.look()

    def press(self, button: str = "main form button.button[type=submit]") -> "Person":
        """The page's one primary button, or another; the page that follows is looked at."""
        with self.page.expect_navigation():
            self.page.locator(button).first.click()
        return self.look()

    def fill(self, **values: str) -> "Person":
        for name, value in values.items():
            self.page.locator(f"main [name={name}]:not([data-wedge])").fill(value)
        return self

    def choose(self, name: str, value: str | None = None) -> "Person":
        place = f"main [name={name}]" + (f"[value='{value}']" if value else "")
        box = self.page.locator(f"{place}:not([disabled])").first
        self.page.locator(f"label[for='{box.get_attribute('id')}']").click()
        expect(box).to_be_checked()
        return self

    def sees(self, text: str) -> "Person":
        expect(self.page.locator("body")).to_contain_text(text)
        return self


@pytest.fixture(params=SCREENS)
def enter(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Enter]:
    opened = []

    def person(login: str | None = None, screen: str = request.param) -> Person:
        context = browser.new_context(
            viewport=SCREENS[screen], locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", permissions=["camera"]
        )
        opened.append(context)
        made = Person(context.new_page(), site)
        if login:
            made.go("/sign-in").fill(login=login, password=World.PASSWORD).press()
        return made

    yield person
    for context in opened:
        leave(context)


def message(kind: str) -> str:
    """The six digits of the newest message of this kind."""
    db.session.rollback()
    found = db.session.scalars(sa.select(Message).filter_by(kind=kind).order_by(Message.id.desc())).first()
    assert found, kind
    return str(found.values["code"])


def the_day_has_come(world: World, packet: Packet) -> None:
    """The visit's slot is today's, and its round under way."""

    def pass_time() -> None:
        day = today(now())
        round_ = db.session.scalar(sa.select(Round).filter_by(courier_id=world.courier.id, day=day))
        if round_ is None:
            round_ = Round(office_id=world.post.id, courier_id=world.courier.id, day=day, planned_at=now())
            db.session.add(round_)
        round_.started_at = now()
        db.session.flush()
        visit = open_visit(packet.id)
        assert visit
        visit.round_id, visit.position, visit.state = round_.id, 1, VisitState.EN_ROUTE
        slot = db.session.scalar(sa.select(Slot).filter_by(office_id=world.post.id, day=day, opens=visit.slot.opens))
        if slot:
            visit.slot = slot
        else:
            visit.slot.day = day

    atomically(pass_time)


def book(citizen: Person, world: World) -> Dossier:
    citizen.go("/")
    citizen.go("/book?q=giay%20khai%20sinh").sees("Sửa thông tin sai trên giấy khai sinh")
    citizen.page.get_by_role("link", name="Sửa thông tin sai trên giấy khai sinh").click()
    citizen.look().press()
    citizen.choose("ward", str(world.neighbourhood.ward_id)).press()
    citizen.page.locator("main select[name=neighbourhood]").select_option(str(world.neighbourhood.id))
    citizen.fill(street="12 đường Mẫu Đơn", notes="lầu 2, cổng xanh, có chó").press()
    citizen.choose("slot").press()
    citizen.fill(name="Nguyễn Thị Mơ", phone="0900 000 12").press().sees("Mới có 9 số")
    citizen.fill(phone="0900 000 123", second_name="Cam, con gái", second_phone="0900 000 124").press()
    citizen.choose("way", "home").press().sees("12 đường Mẫu Đơn")
    citizen.choose("consent").press().sees("Đã đặt lịch")
    db.session.rollback()
    dossier = db.session.scalars(sa.select(Dossier)).one()
    assert citizen.page.url.endswith(f"/t/{dossier.secret}/booked")
    return dossier


class Courier:
    """The courier's phone, driven by what its screens say."""

    def __init__(self, person: Person) -> None:
        self.person, self.page = person, person.page
        person.page.goto(f"{person.site.url}/courier/")
        self.page.get_by_label("Tên đăng nhập").fill("courier1")
        self.page.get_by_label("Mật khẩu").fill(World.PASSWORD)
        self.press("Dùng máy này")
        choose_digits(self.page)
        expect(self.page.get_by_role("heading", name="Tuyến hôm nay")).to_be_visible()

    def press(self, name: str) -> None:
        places = self.page.locator("main, footer")
        places.get_by_role("button", name=name).or_(places.get_by_role("link", name=name)).first.click()

    def home(self) -> None:
        self.page.goto(f"{self.person.site.url}/courier/#/")
        self.page.reload()
        unlock(self.page)
        expect(self.page.get_by_role("heading", name="Tuyến hôm nay")).to_be_visible()

    def says(self, word: str, tone: str) -> None:
        screen = self.page.locator("main.verdict")
        expect(screen.get_by_role("heading")).to_have_text(word, timeout=10_000)
        expect(screen).to_have_class(re.compile(rf"\btone-{tone}\b"))
        expect(self.page.get_by_text("Bưu cục đã biết")).to_be_visible(timeout=10_000)
        assert self.person.faults == []

    def collect(self, code: str) -> None:
        """The slip is before the camera; nothing is typed but seal and code."""
        self.press("Đã tới cửa")
        self.press("Quét phiếu")
        expect(self.page.get_by_role("heading", name="Đếm giấy tờ")).to_be_visible(timeout=30_000)
        for box in self.page.get_by_role("checkbox").all():
            box.check()
        self.press("Đủ 3 tờ")
        self.page.get_by_label("Số trên dây niêm phong").fill("0045 821")
        self.page.get_by_label("Gõ lại số đó").fill("0045 821")
        self.press("Đã dán kín")
        self.page.get_by_label("Tiền mặt").check()
        self.page.get_by_label("Số biên lai lệ phí").fill("000 321")
        self.press("Đã thu")
        self.page.get_by_label("Mã người dân đọc").fill(code)
        self.press("Xong, nhận gói")
        self.says("Đã nhận gói", "ok")

    def take(self, number: str) -> None:
        self.home()
        self.page.goto(f"{self.person.site.url}/courier/#/take")
        self.press("Quét gói tiếp")
        self.type(number)
        self.press("Đúng số này")
        self.says("Đã nhận gói", "ok")

    def type(self, number: str) -> None:
        self.press("Gõ mã")
        self.page.get_by_label("Số trên phiếu").fill(number)
        self.press("Tìm gói")

    def deliver(self, number: str, code: str) -> None:
        self.home()
        self.press("Đã tới cửa")
        self.press("Quét phiếu")
        self.type(number)
        self.page.get_by_role("radio", name="Chỉ trao cho").check()
        self.page.get_by_role("radio", name="Căn cước", exact=True).check()
        self.press("Đúng người")
        self.press("Đúng số này")
        self.page.get_by_label("Mã người dân đọc").fill(code)
        self.press("Xong, trao gói")
        self.says("Đã trao xong", "ok")


@pytest.mark.parametrize(("enter", "dialect"), [("phone", "sqlite"), ("desk", "postgresql")], indirect=True)
def test_a_dossier_travels_from_home_to_the_desk_and_back(
    world: World, site: Site, camera: Camera, enter: Enter
) -> None:
    citizen = enter()
    dossier = book(citizen, world)
    [packet] = packets.of_dossier(dossier.id)
    number, secret, packet_id = packet.number, dossier.secret, packet.id
    slip = citizen.page.context.request.get(f"{site.url}/t/{secret}/slip.pdf")
    assert slip.ok and slip.headers["content-type"] == "application/pdf"
    camera.show_paper(slip.body())
    citizen.go(f"/t/{secret}").go(f"/t/{secret}/move").go(f"/t/{secret}/cancel")

    visit = open_visit(packet_id)
    assert visit
    dispatcher = enter("dispatcher1").go(f"/dispatch/{visit.slot.day}").sees(number)
    dispatcher.press('form[action$="/plan"] [type=submit]').sees("Trần Văn Bưởi")
    db.session.rollback()
    assert visit.arrives_at and visit.courier.id == world.courier.id

    the_day_has_come(world, packet)
    citizen.go(f"/t/{secret}").sees("Trần Văn Bưởi")
    courier = Courier(enter(screen="phone"))
    courier.collect(message("door_code"))
    citizen.go(f"/t/{secret}").sees("NP 0045 821")

    clerk = enter("clerk1").go(f"/office/packets/{number}")
    clerk.fill(seal="0045 821").press('form[action$="/hand-in"] [type=submit]')
    assert world.fresh(packet).state == State.AT_POST
    courier.take(number)

    officer = enter("desk1")
    field = officer.page.locator("[data-wedge]")
    expect(field).to_be_focused()
    officer.page.keyboard.type(number, delay=5)
    with officer.page.expect_navigation():
        officer.page.keyboard.press("Enter")
    officer.look().fill(pin=World.PIN).press('form[action$="/receive"] [type=submit]').sees("BB-")
    db.session.rollback()
    assert db.session.get_one(Dossier, dossier.id).state == CaseState.SUBMITTED
    officer.go(f"/desk/packets/{number}").fill(code="H29.17-261124-0001").press('form[action$="/accept"] [type=submit]')
    officer.press('form[action$="/ready"] [type=submit]')
    officer.page.locator("#word").press("Space")  # she has spoken with the citizen
    officer.fill(seal="0045 999").press('form[action$="/send"] [type=submit]')
    db.session.rollback()
    result = next(p for p in packets.of_dossier(dossier.id) if p.kind is Kind.RESULT)
    printed = officer.page.context.request.get(f"{site.url}/desk/packets/{result.number}/slip.pdf")
    assert printed.body().startswith(b"%PDF")
    officer.go("/desk/")
    clerk.go("/office/")

    the_day_has_come(world, result)
    courier.take(result.number)
    citizen.go(f"/t/{secret}")
    courier.deliver(result.number, message("result_sent"))
    citizen.go(f"/t/{secret}").sees("H29.17-261124-0001")

    db.session.rollback()
    assert db.session.get_one(Dossier, dossier.id).state == CaseState.CLOSED
    assert faults() == []
    supervisor = enter("supervisor1").go("/exceptions/")
    supervisor.sees("Không có việc nào chờ ở đây")


def test_a_finder_and_a_person_with_only_the_number(world: World, site: Site, enter: Enter) -> None:
    packet = world.packet()
    token, number, phone = packet.slip.token, packet.dossier.number, packet.dossier.citizen.phone
    finder = enter().go(f"/S/{token}").sees("Xin đừng mở")
    expect(finder.page.locator("body")).not_to_contain_text("Mơ")
    finder.page.goto(f"{site.url}/s/{'0' * 133}")
    finder.look().sees("Xin đừng mở")
    asker = enter().go("/track")
    asker.fill(number=number, digits=phone[-4:]).press()
    expect(asker.page.locator("body")).not_to_contain_text("Mẫu Đơn")
    asker.press('form[action$="/track/send"] [type=submit]')
    asker.fill(code=message("view_code")).press()
    asker.sees(number)


def test_english_is_complete(world: World, site: Site, enter: Enter) -> None:
    reader = enter().go("/language/en")
    for path in ("/", "/book?q=birth", "/procedures/1.004859", "/procedures/1.000894", "/track", "/sign-in"):
        reader.go(path)
        text = reader.page.locator("main").inner_text()
        assert not re.search(r"\b(bưu tá|giấy tờ|bưu điện|nhập|chọn)\b", text, re.I), (path, text)

"""Every screen of the phone, as its router and the steps at a door name them: each has its picture in the sun and at night on the
smallest phone there is, is read by axe in every theme, stands whole at twice the text, and what is to be done there lies under
the thumb. A new screen is red here until the walk comes by."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.db import atomically, db, now
from app.domain import bags, corrections, counter, phones, tokens
from app.domain.bodies import Scan
from app.domain.codes import Purpose
from app.domain.packets import Packet, Way
from app.domain.visits import open_visit
from tests.domain.test_money import paid
from tests.e2e.conftest import PICTURES, RULES, Camera, Site, axe, portray
from tests.e2e.sight import large_faults, phone_faults
from tests.e2e.test_courier import choose_digits, count_papers, plan, press, right_person, to
from tests.e2e.test_enrolment import newest
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone shows
SOURCE = Path(__file__).parents[2] / "app/static/src/js/courier"

# The main action, or what stands in its place, in pixels of a 360×640 screen: [name, top, bottom, width, height, whether in the bar].
ACTIONS = """() => [...document.querySelectorAll('#app .button, #app .thumb :is(a, button, label)')].filter((e) => e.checkVisibility()).map((e) => {
  const { top, bottom, width, height } = e.getBoundingClientRect();
  return [e.textContent.trim(), e.matches('.button'), top, bottom, width, height, Boolean(e.closest('.thumb'))]; })"""
HEIGHT, TARGET = 640, 48
# Where the camera, a list or the courier's eyes do the work: nothing there is the one thing to press.
WITHOUT = {"card", "sealScan", "shownPage", "scan", "receiptPage", "receive", "waitingPage", "phonesPage"}
WITHOUT |= {"phonePage", "retirePage"}  # leaving a phone, ending one: nothing to press by habit


def named() -> tuple[dict[str, re.Pattern[str]], set[str]]:
    """The addresses of the router, each under its page's name, and every page the router can show."""
    text = (SOURCE / "router.js").read_text()
    table = {
        name: re.compile(address.replace("\\/", "/")) for address, name in re.findall(r"\[/(\^.+?\$)/, (\w+)\]", text)
    }
    listed = ", ".join(re.findall(r'import \{ (.+) \} from "\./pages/', text))
    pages = {each.rpartition(" as ")[2] for each in listed.split(", ")}
    assert set(table) <= pages and len(table) > 30
    return table, pages


def steps() -> dict[str, str]:
    """collect/papers → papersStep: what a door asks for, one screen each."""
    found = {f"{kind}/{step}": function if function != "lastStep" else f"{kind} {function}"
             for kind in ("collect", "deliver") for step, function in re.findall(r'\["(\w+)", (\w+),', (SOURCE / f"pages/{kind}.js").read_text())}  # fmt: skip
    assert len(found) > 8
    return found


class Album:
    """What was looked at, and what was wrong with it."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.table, self.pages = named()
        self.steps = steps()
        self.seen: set[str] = set()
        self.named: list[str] = []  # pictures
        self.acted: set[str] = set()  # screens that had a main action
        self.wrong: list[str] = []

    def where(self) -> str:
        path = self.page.url.partition("#")[2] or "/"
        [name] = [name for name, address in self.table.items() if address.match(path)]
        if name not in ("collect", "deliver"):
            return name
        self.seen.add(name)
        return "/".join(path.split("/")[1::2])

    def look(self, heading: str | re.Pattern[str] | None = None, name: str | None = None, whole: bool = False) -> None:
        if heading:
            expect(self.page.locator("h1").filter(has_text=heading)).to_be_visible()
        expect(self.page.locator("h1").first).to_be_visible()
        expect(self.page.get_by_text("Đang mở máy ảnh")).to_have_count(0, timeout=15_000)
        name = name or self.where()
        self.seen.add(self.steps.get(name, name))
        sun, night = portray(self.page, self.folder, self.title(name), whole)
        if sun.read_bytes() == night.read_bytes():
            self.wrong.append(f"{name}: the same at night")
        self.page.set_viewport_size({"width": 360, "height": 1800})  # nothing hides behind the bar at the thumb
        for theme in ("night", "day", "sun"):
            self.page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            self.wrong += [f"{name} at {theme}: {each}" for each in axe(self.page, RULES)]
        self.wrong += [f"{name}: {each}" for each in phone_faults(self.page)]
        self.page.set_viewport_size({"width": 360, "height": HEIGHT})
        self.wrong += [f"{name} at twice the text: {each}" for each in large_faults(self.page)]
        actions = self.page.evaluate(ACTIONS)
        for text, main, top, bottom, width, height, in_bar in actions:
            if not in_bar or min(width, height) < TARGET - 0.5 or bottom > HEIGHT or (main and top < HEIGHT / 2):
                self.wrong.append(f"{name}: {text!r} from {top:.0f} to {bottom:.0f}, {width:.0f} × {height:.0f}")
        if any(main for _, main, *_ in actions):
            self.acted.add(self.steps.get(name, name))

    def title(self, name: str) -> str:
        """What a picture is called: a verdict by its tone, a screen that comes again by a number."""
        verdict = self.page.locator("main.verdict").first
        tone = re.search(r"tone-(\w+)", verdict.get_attribute("class") or "") if verdict.count() else None
        name = f"{name}-{tone[1]}" if tone else name.replace("/", "-")
        found = sum(1 for each in self.named if each == name or each.startswith(f"{name}-again"))
        self.named.append(name if not found else f"{name}-again-{found}")
        return self.named[-1]

    def go(self, path: str, heading: str | re.Pattern[str] | None = None) -> None:
        to(self.page, path)
        self.look(heading)
        assert self.page.url.endswith(f"#{path}"), f"{path} leads elsewhere"


def test_every_screen_has_its_picture_in_sun_and_night_and_its_main_action_under_the_thumb(
    world: World, site: Site, phone: Page, camera: Camera, tmp_path: Path
) -> None:
    assert camera  # sees an empty desk
    site.app.extensions["settings"] = site.app.extensions["settings"].model_copy(update={"enrol_by_password": False, "base_url": site.url})  # fmt: skip
    before = world.phone()
    home, result = world.packet(), world.packet(Way.OUT)
    kept, handed, unlisted = (world.collected(before) for _ in range(3))
    waiting = [world.packet(Way.OUT) for _ in range(2)]
    back = brought_home(world)
    plan(world, home, result, back)

    def ask_for_more() -> None:
        packet = db.session.get_one(Packet, result.id)
        packet.dossier.procedure.id_check = True
        packet.dossier.surrender = [{"name": "Giấy khai sinh cũ", "form": "original", "sheets": 1}]

    atomically(ask_for_more)
    world.record(before.scan(world.fresh(result), "take"))
    clerk = world.act(world.clerk, now())
    atomically(bags.take_in, world.fresh(handed), world.courier, clerk)
    atomically(bags.close, world.courier, clerk, "k" * 32, rest_is_missing=False)
    atomically(bags.take_in, world.fresh(unlisted), world.courier, clerk)
    visits = [visit.id for packet in (home, result) if (visit := open_visit(packet.id))]
    album = Album(phone, Path(PICTURES) if PICTURES else tmp_path / "pictures")
    phone.set_viewport_size({"width": 360, "height": HEIGHT})
    into_service(world, site, phone, album)
    about(phone, album, visits[0], before.device_id)
    from_phone_to_phone(phone, album, kept)
    collected(world, phone, album, home, visits[0])
    delivered(world, phone, album, result, visits[1])
    rival = world.phone(world.second_courier).scan(world.fresh(waiting[0]), "take")
    taken(world, phone, album, waiting)
    brought(phone, album, back)
    doubted(world, phone, album, rival, waiting, result)
    phone.reload()
    phone.get_by_label("Sáu số mở máy").wait_for()
    album.look(name="lockPage")
    assert not album.wrong, "\n".join(album.wrong)
    assert (album.pages | set(album.steps.values())) - album.seen == set(), "no picture"
    assert album.seen - album.acted - {"collect", "deliver"} == WITHOUT
    assert {f"verdict-{tone}" for tone in ("ok", "stamp", "danger")} <= set(album.named)


def into_service(world: World, site: Site, phone: Page, album: Album) -> None:
    phone.goto(f"{site.url}/courier/")
    album.look("Máy này của ai", name="signIn")
    phone.goto(
        f"{site.url}/courier/#enrol={atomically(phones.invite, world.courier, world.act(world.dispatcher, now()))}"
    )
    album.look(name="enrolPage")
    press(phone, "Dùng máy này")
    album.look("Đưa số này", name="waitingPage")
    atomically(phones.confirm, newest().id, world.act(world.clerk, now()))
    phone.get_by_label("Sáu số tự chọn").wait_for()
    album.look(name="lockPage")
    choose_digits(phone)
    expect(phone.locator(".stop-card")).to_be_visible()
    album.look("Tuyến hôm nay")


def about(phone: Page, album: Album, visit: int, other: str) -> None:
    for path in (f"/visit/{visit}", f"/visit/{visit}/map", f"/visit/{visit}/failed", f"/pick/{visit}", f"/scan/visit/{visit}",
                 f"/type/visit/{visit}", "/unknown/none", "/unknown/forged", "/take", "/carrying", "/phone", "/money"):  # fmt: skip
        album.go(path)
    to(phone, "/phones")
    phone.get_by_text("Máy này", exact=True).wait_for()
    album.look()
    album.go(f"/phones/{other}")


def from_phone_to_phone(phone: Page, album: Album, kept: Packet) -> None:
    album.go(f"/damaged/{tokens.b32(kept.code)}", "Gói bị hư")
    to(phone, "/carrying")
    press(phone, "Chưa giao gói này?")
    album.look("Quét nhầm")
    to(phone, "/carrying")
    press(phone, "Xem bảng kê")
    phone.get_by_role("button", name="Đúng, ký").wait_for()
    album.look()
    press(phone, "Chưa giao gói này?")
    album.look("Quét nhầm")
    album.go("/offer")
    press(phone, "Hiện mã")
    phone.locator(".codes canvas").wait_for()
    album.look()
    offer = phone.url.rpartition("/")[2]
    album.go(f"/offer/{offer}/receipt")
    album.go("/receive")
    to(phone, f"/receive/{offer}")  # our own offer stands in for another's: the codes differ, the screen does not
    phone.locator(".codes canvas").wait_for()
    album.look()
    to(phone, f"/receive/{offer}/{tokens.b32(kept.code)}")
    album.look("Mã hỏng")


def typed(phone: Page, packet: Packet, path: str) -> None:
    to(phone, path)
    phone.get_by_label("Số trên phiếu").fill(packet.number)
    press(phone, "Tìm gói")


def collected(world: World, phone: Page, album: Album, packet: Packet, visit: int) -> None:
    """On a wrong code: it counts, may be undone, and the right code may follow."""
    typed(phone, packet, f"/type/visit/{visit}")
    album.look("Ai giao giấy")
    album.go(f"/card/{visit}")
    to(phone, f"/collect/{visit}/person")
    phone.get_by_role("radio", name="Căn cước", exact=True).check()
    press(phone, "Đúng người")
    album.look("Đếm giấy tờ")
    count_papers(phone)
    album.look("Niêm phong")
    album.go(f"/seal/{visit}")
    to(phone, f"/collect/{visit}/seal")
    for label in ("Số trên dây niêm phong", "Gõ lại số đó"):
        phone.get_by_label(label).fill("0046 001")
    go_on = phone.get_by_role("button", name=re.compile("^Đã dán kín"))
    phone.get_by_label("Gõ lại số đó").fill("0046 010")
    go_on.click()
    phone.get_by_role("alert").filter(visible=True).wait_for()
    album.look()
    phone.get_by_label("Gõ lại số đó").fill("0046 001")
    go_on.click()
    album.look("Thu tiền")
    phone.get_by_label("Tiền mặt").check()
    phone.get_by_label("Số biên lai lệ phí").fill("000 321")
    press(phone, "Đã thu")
    phone.get_by_label("Mã người dân đọc").wait_for()
    album.look()
    album.go(f"/shown/{visit}")
    to(phone, f"/collect/{visit}/code")
    phone.get_by_label("Mã người dân đọc").fill(
        "000000" if world.code(packet, Purpose.COLLECT) != "000000" else "111111"
    )
    press(phone, "Xong, nhận gói")
    phone.get_by_role("link", name="Gõ lại mã").wait_for()
    album.look()
    scan = phone.url.rpartition("/")[2]
    album.go(f"/undo/{scan}")
    to(phone, f"/verdict/{scan}")
    press(phone, "Gõ lại mã")
    phone.get_by_label("Mã người dân đọc").wait_for()
    album.look()


def delivered(world: World, phone: Page, album: Album, packet: Packet, visit: int) -> None:
    """On a wrong code, then signed for on paper: the code may follow."""
    code = world.code(packet, Purpose.DELIVER)
    typed(phone, packet, f"/type/visit/{visit}")
    album.look("Trả kết quả")
    right_person(phone)
    album.look("Thu giấy cũ")
    phone.get_by_role("checkbox", name="Giấy khai sinh cũ").check()
    press(phone, "Thu đủ rồi")
    album.look("Niêm phong")
    press(phone, "Đúng số này")
    phone.get_by_label("Mã người dân đọc").wait_for()
    album.look()
    wrong = "000000" if code != "000000" else "111111"
    phone.get_by_label("Mã người dân đọc").fill(wrong)
    press(phone, "Xong, trao gói")
    phone.locator("main.verdict.tone-danger").wait_for()
    album.look()
    press(phone, "Gõ lại mã")
    phone.get_by_label("Mã người dân đọc").wait_for()
    press(phone, "Đã ký phiếu giấy")
    phone.locator("main.verdict.tone-ok").wait_for()
    album.look()
    to(phone, "/carrying")
    press(phone, "Gõ mã người dân")
    phone.get_by_label("Mã người dân đọc").wait_for()
    album.look()


def brought_home(world: World) -> Packet:
    """Called off after the fee was paid: the clerk has a courier bring the papers home."""
    packet, clerk = paid(world, world.phone(world.second_courier)), world.act(world.clerk, now())
    atomically(corrections.call_off, packet, clerk)
    packet = world.fresh(packet)
    atomically(counter.hand_in, packet, clerk, packet.head, "NP0045821")
    atomically(counter.bring_home, packet, clerk)
    return world.fresh(packet)


def brought(phone: Page, album: Album, packet: Packet) -> None:
    visit = open_visit(packet.id)
    assert visit
    typed(phone, packet, "/type/take")
    press(phone, "Đúng số này")
    phone.locator("main.verdict.tone-ok").wait_for()
    album.go(f"/visit/{visit.id}")
    typed(phone, packet, f"/type/visit/{visit.id}")
    right_person(phone)
    press(phone, "Đúng số này")
    album.look("Trả lại lệ phí")


def taken(world: World, phone: Page, album: Album, waiting: list[Packet]) -> None:
    typed(phone, waiting[0], "/type/take")
    album.look()
    album.go(f"/bulk/take/{world.desk.party_id}")
    phone.get_by_label("Hoặc gõ số").fill(waiting[0].number)
    phone.keyboard.press("Enter")
    phone.locator("#finish").wait_for()
    album.look()
    phone.locator("#finish").click()
    phone.locator("#follows").wait_for()
    album.look()


def doubted(world: World, phone: Page, album: Album, rival: Scan, taken: list[Packet], delivered: Packet) -> None:
    """Two couriers have taken one packet, one scan nobody can read, one waits for the network: every kind of line of the list."""
    world.record(rival, now())
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    to(phone, "/outbox")
    phone.locator(".queue .tone-warning", has_text="hai lượt nhận").get_by_role("link", name=taken[0].number).click()
    phone.get_by_text("hai lượt nhận").wait_for()
    album.look()
    phone.route("**/api/v1/scans", lambda route: route.fulfill(status=400, json={"index": 0}))
    typed(phone, taken[1], "/type/take")
    press(phone, "Đúng số này")
    phone.get_by_text("Bưu cục chưa đọc được").wait_for()
    phone.unroute("**/api/v1/scans")
    phone.context.set_offline(True)
    to(phone, f"/confirm/{tokens.b32(delivered.code)}")
    phone.get_by_label("Mã người dân đọc").fill(world.code(delivered, Purpose.DELIVER))
    press(phone, "Xác nhận đã trao")
    phone.locator("main.verdict.tone-ok").wait_for()
    to(phone, "/outbox")
    for tone in ("stamp", "ok", "warning", "danger"):
        expect(phone.locator(f".queue .tone-{tone}").first).to_be_visible()
    album.look(whole=True)
    phone.context.set_offline(False)

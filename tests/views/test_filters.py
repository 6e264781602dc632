"""The desk's page of lists, narrowed: what is kept under a name, who sees it, and what a name may hold."""

import html
import re
from typing import Any

from tests.domain.test_desk import accepted
from tests.world import World


def test_a_narrowed_list_is_kept_under_a_name_opened_again_and_taken_away(world: World, sign_in: Any) -> None:
    officer, colleague = sign_in(world.officer), sign_in(world.lead)
    accepted(world)
    list_ = next(one for one in ("late", "soon", "work") if "Nguyễn Thị Mơ" in officer.get(f"/desk/?list={one}").text)
    narrowed = f"/desk/?list={list_}&about=H%E1%BB%99%20t%E1%BB%8Bch&way=home"
    shown = officer.get(narrowed).text
    assert (
        "Nguyễn Thị Mơ" in shown
        and "Narrowing" not in shown
        and "Tìm ngoài nơi này" not in re.sub(r"(?s)<nav.*?</nav>", "", shown)
    )
    elsewhere = officer.get(f"/desk/?list={list_}&about=1.000894").text
    assert "Nguyễn Thị Mơ" not in elsewhere and "Không có hồ sơ nào khớp" in elsewhere
    assert officer.get("/desk/?way=moon&about=%27%22%3Cb%3E").status_code == 200
    keeps = narrowed.replace("/desk/?", "/desk/filters?")
    for said, says in (("", "Còn trống"), ("x" * 41, "40")):
        answer = officer.post(keeps, data={"name": said})
        assert answer.status_code == 422 and says in answer.text and "Nguyễn Thị Mơ" in answer.text
    name = "<b>Khai sinh</b> & hộ tịch"
    kept = officer.post(keeps, data={"name": name})
    page = officer.get(kept.headers["Location"]).text
    assert kept.status_code == 303 and str(html.escape(name)) in page and name not in page, (
        "a name is text, never markup"
    )
    assert html.escape(name) in officer.get(f"/desk/queues?list={list_}").text
    assert "Bộ lọc đã giữ" not in colleague.get("/desk/").text
    again = officer.post(keeps, data={"name": name})
    assert again.status_code == 422 and "Đã có bộ lọc" in again.text
    gone = re.search(r"/desk/filters/(\d+)/forget", page)
    assert gone and colleague.post(gone[0]).status_code == 404
    assert officer.post(gone[0]).status_code == 303 and "Bộ lọc đã giữ" not in officer.get("/desk/").text
    assert officer.post("/desk/filters?list=work", data={"name": "Tất cả"}).status_code == 422, "nothing is narrowed"

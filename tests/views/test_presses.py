"""Documents of many pages are made one at a time; two of one person, a few of everybody, and the next is asked to wait."""

import threading
import time
from typing import Any

import pytest

from app.errors import TooMany
from app.views import presses
from app.views.presses import Press
from tests.views.test_papers import planned
from tests.world import World


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Press:
    """Empty, and nobody waits long."""
    monkeypatch.setattr(presses, "press", Press())
    monkeypatch.setattr(presses, "LONGEST", 0.1)
    return presses.press


def refused(press: Press, who: str) -> str:
    with pytest.raises(TooMany) as said:
        press.start(who)
    assert said.value.headers["Retry-After"] == "10"
    return said.value.key


def test_documents_are_made_one_after_the_other_in_turn(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presses, "LONGEST", 10)
    at_work, most = 0, 0

    def make(who: str) -> None:
        nonlocal at_work, most
        over = press.start(who)
        at_work += 1
        most = max(most, at_work)
        time.sleep(0.02)
        at_work -= 1
        over()

    threads = [threading.Thread(target=make, args=(who,)) for who in "aabbc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert most == 1
    press.start("a")()  # nobody has left anything behind


def test_a_third_of_one_person_and_a_sixth_of_everybody_are_asked_to_wait(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = press.start("a")
    assert refused(press, "b") == "press_busy", "its turn did not come"
    monkeypatch.setattr(presses, "LONGEST", 10)
    threads = [threading.Thread(target=lambda who=who: press.start(who)(), daemon=True) for who in "abcd"]
    for thread in threads:
        thread.start()
    while press._orders.total() < 5:
        time.sleep(0.001)
    assert refused(press, "a") == "two_under_way"
    assert refused(press, "e") == "press_busy"
    over()
    over()
    for thread in threads:
        thread.join(10)
    assert press._orders == {}
    free, second = press.start("a"), threading.Thread(target=lambda: press.start("b")(), daemon=True)
    second.start()
    second.join(0.1)
    assert second.is_alive(), "said twice that it was over, and two were made at once"
    free()
    second.join(10)


def test_who_has_two_under_way_is_told_so_in_words(press: Press, world: World, sign_in: Any) -> None:
    client = sign_in(world.supervisor)
    assert client.get("/reports/table.csv").status_code == 200
    press._orders[world.supervisor.id] = 2
    answer = client.get("/reports/table.csv")
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "10"
    assert "Xin chờ một lát" in answer.text and "Hai bản in của anh chị đang được làm" in answer.text
    assert 'href="/reports/table.csv"' in answer.text
    press._orders.clear()
    assert client.get("/reports/table.csv").status_code == 200


def test_one_that_fails_leaves_the_press_to_the_next(press: Press, world: World, sign_in: Any) -> None:
    client = sign_in(world.supervisor)
    for _ in range(3):
        assert client.get("/reports/table.csv?period=never").status_code == 422
    assert client.get("/reports/table.csv").status_code == 200


def test_a_document_that_is_told_as_it_grows_has_the_press_until_it_is_read(
    press: Press, world: World, sign_in: Any
) -> None:
    day, _ = planned(world)
    client, pages = sign_in(world.dispatcher), f"/dispatch/{day}/print/rounds?progress=1"
    read = client.get(pages)
    assert read.status_code == 200 and b"\npdf\n%PDF" in read.data
    unread = client.get(pages, buffered=False)
    assert refused(press, "somebody") == "press_busy"
    unread.close()
    press.start("somebody")()

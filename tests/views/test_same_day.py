"""Whoever looks at a list sees what is for a procedure of the same day, and of nothing else that it is."""

import re

from app.domain import visits
from tests.domain.test_rounds import give
from tests.domain.test_same_day import of_the_same_day
from tests.world import World


def marked(page: str) -> list[str]:
    """The numbers in the rows that say so."""
    rows = re.split(r"<tr\b", page)
    found = [re.search(r"HS-\d{6}-\d{6}-\d", row) for row in rows if re.search(r">\s*trong ngày\s*<", row)]
    return [number[0] for number in found if number]


def test_it_is_marked_in_the_lists_of_desk_counter_and_dispatcher(world: World, sign_in) -> None:  # type: ignore[no-untyped-def]
    phone = world.phone()
    plain, quick = world.collected(phone), world.collected(phone, of_the_same_day(world, world.packet()))
    waiting = of_the_same_day(world, world.packet())
    give(world, world.courier, waiting)
    day = visits.current(waiting.id).slot.day  # type: ignore[union-attr]
    for user, pages in {
        world.officer: ["/desk/?list=receive", f"/desk/counts/{world.courier.id}"],
        world.clerk: ["/office/?list=coming", f"/office/bags/{world.courier.id}"],
    }.items():
        client = sign_in(user)
        for page in pages:
            text = client.get(page).text
            assert marked(text) == [quick.number], page
            assert plain.number in text, page
    text = sign_in(world.dispatcher).get(f"/dispatch/{day}").text
    assert marked(text) == [waiting.number]

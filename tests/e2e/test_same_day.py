"""What is for a procedure of the same day is seen at a glance on the phone, and lies first in the bag."""

import pytest
from playwright.sync_api import Page, expect

from tests.domain.test_same_day import of_the_same_day
from tests.e2e.conftest import Site, axe_faults
from tests.e2e.test_courier import plan, sign_in, to
from tests.e2e.test_relief import visit_of
from tests.world import World

pytestmark = pytest.mark.dialects("sqlite")  # what the phone shows; the rule is in tests/domain


def test_it_is_marked_on_the_round_at_the_home_and_in_the_bag_where_it_lies_first(
    world: World, site: Site, phone: Page
) -> None:
    before = world.phone()
    plain = world.collected(before)
    quick = world.collected(before, of_the_same_day(world, world.packet()))
    first, later = world.packet(), of_the_same_day(world, world.packet())
    plan(world, first, later)
    sign_in(phone, site)
    expect(phone.locator(".stop-card")).not_to_contain_text("Trong ngày")
    expect(phone.locator(f"#stop-{visit_of(later).id}")).to_contain_text("Trong ngày")
    assert axe_faults(phone) == []
    to(phone, f"/visit/{visit_of(later).id}")
    expect(phone.locator(".stop-card")).to_contain_text("Trong ngày")
    assert axe_faults(phone) == []
    to(phone, "/carrying")
    rows = phone.locator(".queue li")
    expect(rows.first).to_contain_text(quick.number)
    expect(rows.first).to_contain_text("Trong ngày")
    expect(rows.nth(1)).to_contain_text(plain.number)
    expect(rows.nth(1)).not_to_contain_text("Trong ngày")
    assert axe_faults(phone) == []

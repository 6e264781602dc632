"""Photos of couriers: the office that may see the packet looks at them, the look is written down, and they go after ninety days."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.db import atomically, db, now
from app.domain import photos, retention
from app.domain.audit import ViewLine
from tests.world import World


def test_the_office_looks_at_a_photo_and_the_look_is_written_down(world: World, sign_in: Any) -> None:
    phone = world.phone()
    packet = world.collected(phone)
    url = f"/pictures/{packet.number}/{world.photographed(phone, packet).hex()}"
    clerk = sign_in(world.clerk)
    assert url in clerk.get(f"/office/packets/{packet.number}").text
    seen = clerk.get(url)
    assert (seen.status_code, seen.content_type, seen.headers["Cache-Control"]) == (200, "image/jpeg", "no-store")
    looks = sa.select(ViewLine.user_id, ViewLine.dossier_id).filter_by(page="picture")
    assert db.session.execute(looks).all() == [(world.clerk.id, packet.dossier_id)]
    other = world.collected(phone)  # its own packet's photo only
    assert clerk.get(f"/pictures/{other.number}/{url.rpartition('/')[2]}").status_code == 404
    assert sign_in(world.stranger).get(url).status_code == 404
    assert sign_in(world.admin).get(url).status_code == 403


def test_photos_go_after_ninety_days(world: World, sign_in: Any) -> None:
    phone = world.phone()
    packet = world.collected(phone)
    sha256 = world.photographed(phone, packet)
    assert atomically(retention.let_photos_go, now() + timedelta(days=89)) == 0
    assert atomically(retention.let_photos_go, now() + timedelta(days=91)) == 1
    assert not photos.is_there(sha256)
    clerk = sign_in(world.clerk)
    assert clerk.get(f"/pictures/{packet.number}/{sha256.hex()}").status_code == 404
    assert "/pictures/" not in clerk.get(f"/office/packets/{packet.number}").text

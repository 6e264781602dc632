"""The citizen's page asks how they found it, when everything is back with them."""

import pytest
from flask.testing import FlaskClient

from app.db import db
from app.domain import votes
from app.domain.dossiers import Dossier
from app.domain.votes import Mark
from tests.domain.test_desk import submitted
from tests.domain.test_retention import over
from tests.world import World

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.app.test_client()


@pytest.fixture
def closed(world: World) -> Dossier:
    return over(world)


def test_the_page_asks_when_all_is_home_and_one_tap_answers(world: World, closed: Dossier, client: FlaskClient) -> None:
    page, door = f"/t/{closed.secret}", f"/t/{closed.secret}/vote"
    asked = client.get(page).text
    assert 'name="mark" value="good"' in asked and "Điều gì nên tốt hơn?" not in asked
    given = client.post(door, data={"mark": "poor"}, follow_redirects=True)
    assert given.status_code == 200 and "Cảm ơn" in given.text and "Điều gì nên tốt hơn?" in given.text
    client.post(door, data={"mark": "poor", "about": ["desk", "nobody", "pages"]})
    db.session.rollback()
    vote = votes.given(closed)
    assert vote and (vote.mark, vote.about) == (Mark.POOR, "desk pages")
    for nonsense in ({}, {"mark": "excellent"}, {"about": "desk"}):
        assert client.post(door, data=nonsense).status_code == 303
    db.session.rollback()
    assert votes.given(closed).mark is Mark.POOR  # type: ignore[union-attr]


def test_before_the_end_nothing_is_asked_and_nothing_taken(world: World, client: FlaskClient) -> None:
    dossier = submitted(world).dossier
    assert 'name="mark"' not in client.get(f"/t/{dossier.secret}").text
    client.post(f"/t/{dossier.secret}/vote", data={"mark": "good"})
    db.session.rollback()
    assert votes.given(dossier) is None
    assert client.post("/t/AAAAAAAAAAAAAAAA/vote", data={"mark": "good"}).status_code == 404

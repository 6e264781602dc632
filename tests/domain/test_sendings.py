"""What leaves a post office together: a desk's bag or a courier's round, its tag and its list. Nothing of it is kept."""

from io import BytesIO
from typing import Any

import pypdf
import pypdfium2
import pytest
import sqlalchemy as sa
import zxingcpp

from app.db import atomically, db
from app.domain import numbers, scope, sendings, tokens
from app.domain.audit import ViewLine
from app.domain.packets import Way
from app.errors import Invalid, Missing
from labels.terms import centre
from tests.domain.test_sorting import at_post, result
from tests.world import MONDAY, World

URL = "https://hoso.vi-du.test"


def text_of(data: bytes) -> str:
    return " ".join("\n".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(data)).pages).split())


def code_on(data: bytes) -> str:
    page = pypdfium2.PdfDocument(data)[0].render(scale=200 / 72).to_pil()
    (code,) = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCode)
    return code.text


def test_a_bags_tag_and_its_list_name_the_same_bag_and_nobody(world: World) -> None:
    packets = [at_post(world, world.collected(world.phone())) for _ in range(2)]
    one = sendings.bag(world.clerk, world.desk.code, "np 0045 900", MONDAY)
    tag, listed = sendings.tag_pdf(one, URL, world.act(world.clerk)), sendings.list_pdf(one)
    for text in (text_of(tag), text_of(listed)):
        assert all(each in text for each in (one.number, "NP 0045 900", world.post.name, centre(world.desk.name)))
        assert packets[0].dossier.citizen.name not in text and packets[0].dossier.procedure.official_name not in text
    assert all(packet.number in text_of(listed) and "NP 0045 821" in text_of(listed) for packet in packets)
    assert "Tổng cộng: 2/2 gói" in text_of(listed) and " 2 " in text_of(tag)
    slip = tokens.read(world.keys, code_on(tag).rsplit("/", 1)[1])
    assert (slip.type, slip.unit, slip.issue) == (tokens.TokenType.BAG, int(world.desk.ward.code), 1)
    with pytest.raises(Invalid, match="token_bag"):
        scope.scanned(world.clerk, code_on(tag), world.keys)


@pytest.mark.dialects("sqlite")
def test_a_bag_keeps_its_number_until_something_is_put_in_and_loses_none_to_others(world: World) -> None:
    at_post(world, world.collected(world.phone()))
    number = sendings.bag(world.clerk, world.desk.code, "", MONDAY).number
    assert sendings.bag(world.clerk, world.desk.code, "", MONDAY).number == number
    at_post(world, world.collected(world.phone()))
    assert sendings.bag(world.clerk, world.desk.code, "", MONDAY).number != number
    for user, desk in ((world.stranger, world.desk.code), (world.clerk, world.other_desk.code)):
        with pytest.raises(Missing, match="heap_empty"):
            sendings.bag(user, desk, "", MONDAY)
    with pytest.raises(Invalid, match="seal_form"):
        sendings.bag(world.clerk, world.desk.code, "một hai ba", MONDAY)


def test_the_page_prints_both_and_logs_whose_names_a_rounds_list_says(world: World, sign_in: Any) -> None:
    inward, planned = at_post(world, world.collected(world.phone())), result(world)
    clerk, stranger = sign_in(world.clerk), sign_in(world.stranger)
    page = clerk.get("/office/sorting/").text
    round_id = next(iter(set(db.session.scalars(sa.text("SELECT round_id FROM visits WHERE round_id IS NOT NULL")))))
    bag, of_round = f"desk={world.desk.code}", f"/office/sorting/list.pdf?round={round_id}"
    assert "/office/sorting/tag.pdf" in page and of_round in page
    assert inward.number in text_of(clerk.get(f"/office/sorting/list.pdf?{bag}").data)
    assert clerk.get(f"/office/sorting/tag.pdf?{bag}&seal=0045900").content_type == "application/pdf"
    assert clerk.get(f"/office/sorting/tag.pdf?{bag}&seal=xx").status_code == 422
    text = text_of(clerk.get(of_round).data)
    assert planned.number in text and planned.dossier.citizen.name in text and inward.number not in text
    seen = sa.select(ViewLine.dossier_id).filter_by(user_id=world.clerk.id, page="sorting.list")
    assert db.session.scalars(seen).all() == [planned.dossier_id]
    for address in (of_round, f"/office/sorting/tag.pdf?{bag}", "/office/sorting/list.pdf?round=x"):
        assert stranger.get(address).status_code == 404
    assert (
        clerk.get("/office/sorting/list.pdf").location
        == clerk.get("/office/sorting/tag.pdf").location
        == "/office/sorting/"
    )


@pytest.mark.dialects("sqlite")
def test_a_bag_with_a_test_number_is_marked_and_whoever_finds_one_is_told_it_is_a_bag(world: World, app: Any) -> None:
    atomically(numbers.load_pool, "RR", 1, 99, MONDAY, is_test=True)
    packet = at_post(world, world.collected(world.phone()))
    assert numbers.is_test(packet.number) and packet.way is Way.IN
    one = sendings.bag(world.clerk, world.desk.code, "", MONDAY)
    tag = sendings.tag_pdf(one, URL, world.act(world.clerk))
    assert "SỐ THỬ" in text_of(tag) and "SỐ THỬ" in text_of(sendings.list_pdf(one))
    found = app.test_client().get("/s/" + code_on(tag).rsplit("/", 1)[1])
    assert found.status_code == 200 and packet.number not in found.text and "túi" in found.text.lower()

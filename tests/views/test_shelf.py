"""The counter's buttons for what nobody calls for: each is one decision, said to the citizen where it concerns them."""

from typing import Any

from app.domain import shelf
from app.domain.dossiers import ReturnWay
from tests.domain.test_shelf import held
from tests.views.test_desk import seen
from tests.world import World


def test_a_letter_is_sent_and_printed_and_the_packet_goes_back_for_a_reason(world: World, sign_in: Any) -> None:
    client, packet = sign_in(world.clerk), held(world, ReturnWay.POST)
    page = f"/office/packets/{packet.number}"
    text = client.get(page).text
    assert "Gửi giấy mời lần 1" in text
    data = {"head": seen(text), "word": "letter"}
    assert client.post(f"{page}/shelf", data=data).status_code == 302
    assert "Gửi giấy mời lần" not in client.get(page).text  # the second one: in two working days
    early = client.post(f"{page}/shelf", data=data | {"word": "back", "reason": "letters_done"})
    assert early.status_code == 422 and "Còn nợ giấy mời" in early.text
    pdf = client.get(f"/office/packets/{packet.number}/print/invitation.pdf")
    assert pdf.status_code == 200 and pdf.data.startswith(b"%PDF")
    assert client.post(f"{page}/shelf", data=data | {"word": "back", "reason": "refused"}).status_code == 302
    assert packet.number in client.get("/office/?list=return").text
    said = shelf.decided(world.fresh(packet))
    assert said and (said.word, said.reason) == ("back", "refused")
    assert sign_in(world.stranger).post(f"{page}/shelf", data=data).status_code == 404
    assert client.post(f"{page}/shelf", data=data | {"word": "burn"}).status_code == 302  # no such button


def test_the_citizens_page_says_how_long_the_post_office_keeps_it(world: World, sign_in: Any) -> None:
    """The day of the letter, and of the message about it."""
    client, packet = sign_in(world.clerk), held(world, ReturnWay.POST)
    link = f"/t/{packet.dossier.secret}"
    assert "Bưu cục giữ đến hết" not in world.app.test_client().get(link).text
    page = f"/office/packets/{packet.number}"
    client.post(f"{page}/shelf", data={"head": seen(client.get(page).text), "word": "letter"})
    until = shelf.keep_until(packet.id)
    assert until
    told = world.app.test_client().get(link).text.split("Bưu cục giữ đến hết")[1]
    assert f"{until.day}/{until.month}/{until.year}" in told.split("</p>")[0]

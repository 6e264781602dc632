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

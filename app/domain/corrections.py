"""Corrections: what people enter when the record and the world differ. Each is a new line, signed like any other.

Where two people are needed, `second` has proven themselves at the same page; the door has asked for it. Every verb
raises Refused `page_too_old` when the packet has moved since the page showed `head`, and custody_… when the law forbids.
"""

import secrets
from collections.abc import Collection
from typing import Any

from app.db import db
from app.domain import (
    audit,
    bodies,
    codes,
    custody,
    devices,
    dossiers,
    flags,
    numbers,
    outbox,
    people,
    photos,
    remittances,
    tokens,
)
from app.domain.bodies import Extra
from app.domain.cases import CASES
from app.domain.codes import Purpose
from app.domain.devices import DeviceKind
from app.domain.packets import Packet, State, Way
from app.domain.people import Act, Language, User
from app.domain.steps import REASONS
from app.errors import Invalid


def settle(
    packet: Packet, act: Act, *, head: bytes, state: State, holder: str, sighting: str, reason: str, second: User,
    tip: bytes | None = None,
) -> None:  # fmt: skip
    """Say where a packet in dispute, or lost, really is and who has it; `tip`: the claim that was true, if one was.

    `sighting`: who saw it where, in words. Raises also Invalid("sighting_needed").
    """
    packet = _hold(packet, act, head, reason, "settle")
    sides = {holder, packet.holder_id, *(claim.scan.taker for claim in custody.trail(packet).claims())}
    seen, beside = _sighted(sighting)
    custody.enter(
        packet, "settle", act, giver=packet.holder_id, taker=holder, parent=packet.head, reason=reason, tip=tip,
        state=state, proof=[seen, _second(second, act)], extra=beside,
    )  # fmt: skip
    _tell_couriers(packet, sides, "settled_between", act)
    audit.note("settled", packet.number, act, second=second.id, state=state, reason=reason)


def correct(packet: Packet, act: Act, *, head: bytes, reason: str, second: User) -> None:
    """Take the newest line back: it never happened, and who held the packet before holds it again."""
    packet = _hold(packet, act, head, reason, "correct")
    before = custody.trail(packet).links()[-2:][0]
    sides = {packet.holder_id, before.holder}
    custody.enter(
        packet, "correct", act, giver=packet.holder_id, taker=before.holder, parent=packet.head, reason=reason,
        tip=before.digest, proof=[_second(second, act)],
    )  # fmt: skip
    _tell_couriers(packet, sides, "corrected_between", act)
    audit.note("corrected", packet.number, act, second=second.id, reason=reason)


def lose(packet: Packet, act: Act, *, head: bytes, reason: str, second: User) -> None:
    """Say that a packet cannot be found: its last holder goes on answering for it."""
    packet = _hold(packet, act, head, reason, "lost")
    custody.enter(
        packet, "lost", act, giver=packet.holder_id, taker=packet.holder_id, parent=packet.head, reason=reason,
        proof=[_second(second, act)],
    )  # fmt: skip
    _tell_couriers(packet, {packet.holder_id}, "lost_between", act)
    audit.note("lost", packet.number, act, second=second.id, reason=reason)


def contest(packet: Packet, act: Act, *, head: bytes, line: bytes, reason: str, actor: str | None = None) -> None:
    """Say of one line, named by its scan's digest, that it is not so. `actor`: the citizen's party at their own page."""
    packet = _hold(packet, act, head, reason, "dispute")
    custody.enter(
        packet, "dispute", act, actor=actor, giver=packet.holder_id, taker=packet.holder_id, parent=packet.head,
        reason=reason, proof=[("CLAIMS", line.hex())],
    )  # fmt: skip
    audit.note("contested", packet.number, act, reason=reason)


def hand_on(packet: Packet, act: Act, *, head: bytes, courier: User, sighting: str, reason: str) -> None:
    """A dispatcher records that another courier has the packet, when no phone could say so."""
    packet = _hold(packet, act, head, reason, "transfer")
    seen, beside = _sighted(sighting)
    sides = {packet.holder_id, courier.holds_as}
    custody.enter(
        packet, "transfer", act, giver=packet.holder_id, taker=courier.holds_as, parent=packet.head, reason=reason,
        proof=[seen], extra=beside,
    )  # fmt: skip
    _tell_couriers(packet, sides, "handed_on_between", act)
    audit.note("handed_on", packet.number, act, reason=reason)


def see(packet: Packet, act: Act, *, seal: str, sighting: str) -> None:
    """Somebody has the packet before their eyes and reads its seal: evidence for whoever decides. It moves nothing."""
    packet = custody.hold(packet, act)
    seen, beside = _sighted(sighting)
    custody.enter(
        packet, "sighting", act, giver=packet.holder_id, taker=packet.holder_id, parent=None, proof=[seen],
        seal=numbers.read_seal(seal), extra=beside,
    )  # fmt: skip
    audit.note("seen", packet.number, act)


def reseal(packet: Packet, act: Act, *, old: str, new: str, second: User) -> None:
    """The holder put a new seal on: both numbers are known from now on."""
    packet, seal = custody.hold(packet, act), numbers.read_seal(new)
    custody.enter(
        packet, "seal_change", act, giver=packet.holder_id, taker=packet.holder_id, parent=None, seal=seal,
        proof=[("OLD_SEAL", numbers.read_seal(old)), _second(second, act)],
    )  # fmt: skip
    _tell_couriers(packet, _last_two(packet), "resealed_between", act, seal=seal)
    audit.note("resealed", packet.number, act, second=second.id)


def damage(packet: Packet, act: Act, *, reason: str, photo_sha256: str) -> None:
    """The holder reports a damaged bag: two people count what is in it. `photo_sha256`: of a photo of it, in hex."""
    packet = custody.hold(packet, act)
    _known(reason, "damaged")
    custody.enter(
        packet, "damaged", act, giver=packet.holder_id, taker=packet.holder_id, parent=None, reason=reason,
        proof=[("PHOTO", photo_sha256)], extra=Extra(salt=secrets.token_hex(16), photo_sha256=photo_sha256),
    )  # fmt: skip
    _tell_couriers(packet, _last_two(packet), "damaged_between", act, reason=reason)
    audit.note("damaged", packet.number, act, reason=reason)


def keep_photo(sha256: bytes, picture: bytes, act: Act) -> None:
    """A photo that came by a page, before the record that names it; `picture`: as `photos.redrawn` made it."""
    photos.keep(sha256, picture, devices.server(DeviceKind.PAGES, act).id, act.at)


def amend(packet: Packet, act: Act, *, head: bytes, line: bytes, field: str, value: str, second: User) -> None:
    """Declare wrong what the scan with digest `line` says in `field`, one of bodies.AMENDABLE: `value` is right. The old
    line stays as it is. Raises also Invalid: `detail_unknown`, `seal_form`, `sheets_form`, `detail_same`."""
    packet = custody.hold(packet, act)
    custody.expect(packet, head)
    told = custody.trail(packet)
    detail = next((one for one in flags.details(told) if (one.digest, one.field) == (line, field)), None)
    if detail is None:
        raise Invalid("detail_unknown")
    right = bodies.read_detail(field, value)
    if right == detail.value:
        raise Invalid("detail_same")
    scan = told.entries[line].scan
    custody.enter(
        packet, "amend", act, giver=packet.holder_id, taker=packet.holder_id, parent=None,
        proof=[("AMENDS", f"{line.hex()} {field} {right}"), _second(second, act)],
    )  # fmt: skip
    _tell_couriers(packet, {scan.giver, scan.taker, packet.holder_id}, "amended_between", act)
    audit.note("amended", packet.number, act, second=second.id, field=field)


def attest(packet: Packet, act: Act, *, proof: list[tuple[str, str]]) -> None:
    """The citizen did give the packet away: WET_SEEN, a slip they signed is in hand, or CODE, the six digits."""
    packet = custody.hold(packet, act)
    custody.enter(
        packet, "attest", act, giver=packet.holder_id, taker=packet.holder_id, parent=None, proof=proof
    )  # fmt: skip
    audit.note("attested", packet.number, act, by=proof[0][0])


def confirm(packet: Packet, act: Act, *, proof: list[tuple[str, str]]) -> None:
    """A delivery only the courier vouched for is proven, with the same proof as `attest`."""
    packet = custody.hold(packet, act)
    if packet.state is State.DELIVERED:
        return
    custody.enter(
        packet, "confirm", act, giver=packet.holder_id, taker=packet.dossier.citizen.party_id, parent=None, proof=proof
    )  # fmt: skip
    audit.note("confirmed", packet.number, act, by=proof[0][0])


def may_be_called_off(packet: Packet) -> bool:
    """The papers have been collected, and the ward has not signed for them yet."""
    on_the_way = packet.way is Way.IN and packet.state in (State.CARRIED, State.AT_POST, State.AT_DESK)
    return on_the_way and not packet.is_blank and packet.dossier.state in CASES["call_off"].source


def call_off(packet: Packet, act: Act, *, head: bytes | None = None) -> None:
    """The citizen wants the papers back after they were collected: the case is cancelled, the packet goes home.

    No line of the ledger: cancelling is not a change of hands. The citizen gets the code that proves it is home. Raises Refused `case_call_off` once the ward has it.
    """
    packet = custody.hold(packet, act)
    custody.expect(packet, head)
    dossier = packet.dossier
    case = dossiers.move(dossier, "call_off", act)
    db.session.flush()
    codes.tell(packet, case.tell or "", Purpose.DELIVER, act)
    custody.judge_again(packet, act)
    remittances.called_off(packet, act.at)
    _tell_couriers(packet, {packet.holder_id}, "called_off_between", act)
    audit.note("called_off", packet.number, act)


def _last_two(packet: Packet) -> set[str]:
    """Who has the packet, and who gave it to them: a bag's state is between these two."""
    return {link.holder for link in custody.trail(packet).links()[-2:]}


def _tell_couriers(packet: Packet, sides: Collection[str | None], kind: str, act: Act, **values: Any) -> None:
    """Whoever is on either side of a decision hears of it; an office reads it on its pages, the citizen by the line."""
    for courier in people.couriers_as(sides):
        outbox.say(courier.phone or outbox.NOBODY, kind, act.at, Language.VI, number=packet.number, **values)


def _sighted(words: str) -> tuple[tuple[str, str], Extra]:
    """Who saw it where: the words stand beside the scan, erasable; the scan holds their hash under a fresh salt."""
    told, salt = " ".join(words.split())[:500], secrets.token_hex(16)
    if not told:
        raise Invalid("sighting_needed")
    return ("SIGHTING", tokens.sha256(salt + told).hex()), Extra(salt=salt, free_text=told)


def _hold(packet: Packet, act: Act, head: bytes, reason: str, event: str) -> Packet:
    packet = custody.hold(packet, act)
    custody.expect(packet, head)
    _known(reason, event)
    return packet


def _known(reason: str, event: str) -> None:
    if reason not in REASONS[event]:
        raise Invalid("reason_needed")


def _second(second: User, act: Act) -> tuple[str, str]:
    people.check_second(act.by, second)
    return "SECOND", second.id

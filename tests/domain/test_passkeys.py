"""Passkeys: a challenge is good once, at one place, for one purpose, for five minutes; and whose key it is nobody else says."""

import json
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.db import atomically, db
from app.domain import invitations, passkeys, sessions, staff
from app.domain.audit import AuditLine
from app.domain.passkeys import LIFE, MOST, Challenge, Passkey, Purpose, Site
from app.domain.people import User
from app.errors import Missing, Refused
from tests.authenticator import PRESENT, Authenticator
from tests.world import MONDAY, World

SITE = Site("localhost", "http://localhost")
HERE, THERE = sessions.hash_of("here"), sessions.hash_of("there")


def fresh(user: User) -> User:
    return db.session.get_one(User, user.id)


def add(world: World, user: User, device: Authenticator, at: datetime = MONDAY) -> Passkey:
    act = world.act(fresh(user), at)
    challenge = atomically(passkeys.ask, Purpose.ADD, HERE, act)
    answer = passkeys.read(device.make(passkeys.to_make(fresh(user), challenge, SITE)))
    atomically(passkeys.take, answer, Purpose.ADD, HERE, act)
    return atomically(passkeys.add, fresh(user), "phone", answer, SITE, world.act(fresh(user), at))


def show(world: World, device: Authenticator, at: datetime = MONDAY, **over: str) -> Passkey:
    challenge = atomically(passkeys.ask, Purpose.SIGN_IN, HERE, world.act(None, at))
    answer = passkeys.read(device.show(passkeys.to_show(challenge, SITE), **over))
    atomically(passkeys.take, answer, Purpose.SIGN_IN, HERE, world.act(None, at))
    return atomically(passkeys.check, answer, SITE, world.act(None, at))


def noted() -> list[str]:
    db.session.rollback()
    lines = sa.select(AuditLine.action).where(AuditLine.action.like("passkey%")).order_by(AuditLine.id)
    return list(db.session.scalars(lines))


def test_a_key_is_added_and_known_again_by_what_it_signs(world: World) -> None:
    device, later = Authenticator(), MONDAY + timedelta(days=1)
    made = add(world, world.officer, device)
    assert (made.name, made.transports, made.used_at, device.user_id) == ("phone", ["internal"], None, world.officer.id)
    assert show(world, device, later).user_id == world.officer.id
    (kept,) = passkeys.of(fresh(world.officer))
    assert (kept.sign_count, kept.used_at) == (1, later)
    assert noted() == ["passkey_added"]


def test_a_device_is_asked_for_a_key_it_finds_by_itself_and_for_its_holder_of_whatever_kind_it_is(world: World) -> None:
    add(world, world.officer, device := Authenticator())
    asked = passkeys.to_make(fresh(world.officer), b"c" * 32, SITE)
    wanted = asked["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"]) == ("required", "required")
    assert "authenticatorAttachment" not in wanted and asked["rp"]["id"] == "localhost"
    assert [one["transports"] for one in asked["excludeCredentials"]] == [["internal"]]
    anybody, own = passkeys.to_show(b"c" * 32, SITE), passkeys.to_show(b"c" * 32, SITE, fresh(world.officer))
    assert anybody["userVerification"] == "required" and not anybody["allowCredentials"]
    assert len(own["allowCredentials"]) == 1 and device.holder


def test_a_challenge_is_answered_once_where_it_was_asked_for_what_it_was_asked_and_soon(world: World) -> None:
    add(world, world.officer, device := Authenticator())
    act, late = world.act(), world.act(at=MONDAY + LIFE)
    for purpose, place, answering in (
        (Purpose.PRESENT, HERE, act),
        (Purpose.SIGN_IN, THERE, act),
        (Purpose.SIGN_IN, HERE, late),
    ):
        challenge = atomically(passkeys.ask, Purpose.SIGN_IN, HERE, act)
        answer = passkeys.read(device.show(passkeys.to_show(challenge, SITE)))
        with pytest.raises(Refused, match="passkey_over"):
            atomically(passkeys.take, answer, purpose, place, answering)
    atomically(passkeys.take, answer, Purpose.SIGN_IN, HERE, world.act(at=MONDAY + LIFE - timedelta(seconds=1)))
    with pytest.raises(Refused, match="passkey_over"):
        atomically(passkeys.take, answer, Purpose.SIGN_IN, HERE, act)
    invented = passkeys.read(device.show(passkeys.to_show(b"never asked for by anybody here!", SITE)))
    with pytest.raises(Refused, match="passkey_over"):
        atomically(passkeys.take, invented, Purpose.SIGN_IN, HERE, act)


def test_challenges_nobody_answered_are_not_kept(world: World) -> None:
    atomically(passkeys.ask, Purpose.SIGN_IN, HERE, world.act())
    atomically(passkeys.ask, Purpose.SIGN_IN, HERE, world.act(at=MONDAY + LIFE + timedelta(seconds=1)))
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Challenge)) == 1


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://localhost.evil.example"},
        {"origin": "http://localhost:8001"},
        {"host": "evil.example"},
        {"flags": PRESENT},  # nobody was asked for a finger or a PIN
        {"flags": 0},
    ],
)
def test_an_answer_made_for_another_site_or_without_its_holder_is_none(world: World, lie: dict[str, object]) -> None:
    device = Authenticator()
    with pytest.raises(Refused, match="passkey_wrong"):
        add(world, world.officer, Authenticator(**lie))  # type: ignore[arg-type]
    add(world, world.officer, device)
    for name, value in lie.items():
        setattr(device, name, value)
    with pytest.raises(Refused, match="passkey_wrong"):
        show(world, device)
    assert noted() == ["passkey_added"]


def test_nobodys_key_and_a_key_signed_by_another_open_nothing(world: World) -> None:
    add(world, world.officer, device := Authenticator())
    forged = Authenticator(credential=device.credential, holder=device.holder)
    for each in (Authenticator(), forged):
        with pytest.raises(Refused, match="passkey_wrong"):
            show(world, each)


def test_a_key_that_says_it_is_anothers_opens_nothing(world: World) -> None:
    add(world, world.officer, device := Authenticator())
    add(world, world.clerk, other := Authenticator())
    device.holder = other.holder
    with pytest.raises(Refused, match="passkey_wrong"):
        show(world, device)


def test_a_new_key_is_no_proof_and_a_proof_no_new_key(world: World) -> None:
    act = world.act(fresh(world.officer))
    add(world, world.officer, device := Authenticator())
    shown = passkeys.read(device.show({"challenge": "AAAA"}))
    made = passkeys.read(Authenticator().make({"challenge": "AAAA", "user": {"id": "AAAA"}}))
    with pytest.raises(Refused, match="passkey_wrong"):
        atomically(passkeys.add, fresh(world.officer), "x", shown, SITE, act)
    with pytest.raises(Refused, match="passkey_wrong"):
        atomically(passkeys.check, made, SITE, act)


@pytest.mark.parametrize("back", [0, 1])
def test_a_key_whose_device_counts_back_or_stands_still_exists_twice_and_is_put_out_of_use(
    world: World, back: int
) -> None:
    add(world, world.officer, device := Authenticator())
    copy = device.copy()
    secret = atomically(sessions.begin, world.officer.id, "Chrome", world.act())
    show(world, device), show(world, device)
    copy.count = device.count - 1 - back
    assert show(world, copy).removed_at == MONDAY
    assert passkeys.of(fresh(world.officer)) == [] and sessions.find(secret, MONDAY) is None
    with pytest.raises(Refused, match="passkey_wrong"):
        show(world, device)
    assert noted() == ["passkey_added", "passkey_copied", "passkey_removed"]


def test_a_forger_cannot_put_a_key_out_of_use_by_counting_back(world: World) -> None:
    add(world, world.officer, device := Authenticator(count=7))
    forged = Authenticator(credential=device.credential, holder=device.holder)
    with pytest.raises(Refused, match="passkey_wrong"):
        show(world, forged)
    assert show(world, device).removed_at is None


def test_a_device_that_never_counts_is_believed(world: World) -> None:
    add(world, world.officer, device := Authenticator(step=0))
    assert [show(world, device).removed_at for _ in range(3)] == [None] * 3


def test_a_key_is_one_persons_for_ever(world: World) -> None:
    device = Authenticator()
    kept = add(world, world.officer, device).id
    for user in (world.officer, world.clerk):
        with pytest.raises(Refused, match="passkey_known"):
            add(world, user, device)
    atomically(lambda: passkeys.remove(fresh(world.officer), kept, world.act(fresh(world.officer))))
    with pytest.raises(Refused, match="passkey_known"):
        add(world, world.clerk, device)


def test_only_so_many_are_kept(world: World) -> None:
    for _ in range(MOST):
        add(world, world.officer, Authenticator())
    with pytest.raises(Refused, match="passkey_many"):
        add(world, world.officer, Authenticator())


def test_a_removed_key_opens_nothing_and_its_person_is_signed_out_elsewhere(world: World) -> None:
    kept = add(world, world.officer, device := Authenticator()).id
    here, there = (atomically(sessions.begin, world.officer.id, "Chrome", world.act(), kept) for _ in range(2))
    act = world.act(fresh(world.officer))
    with pytest.raises(Missing, match="passkey_gone"):
        atomically(lambda: passkeys.remove(fresh(world.clerk), kept, act))
    with pytest.raises(Refused, match="passkey_last"):
        atomically(lambda: passkeys.remove(fresh(world.officer), kept, act, keeps_one=True))
    atomically(lambda: passkeys.remove(fresh(world.officer), kept, act, but=sessions.hash_of(here)))
    with pytest.raises(Refused, match="passkey_wrong"):
        show(world, device)
    assert sessions.find(here, MONDAY) and not sessions.find(there, MONDAY)
    assert noted() == ["passkey_added", "passkey_removed"]


def test_whoever_works_here_no_longer_enters_with_no_key_nor_with_that_of_then(world: World) -> None:
    add(world, world.officer, device := Authenticator())

    def disable() -> None:
        fresh(world.officer).disabled_at = MONDAY

    atomically(disable)
    with pytest.raises(Refused, match="passkey_wrong"):
        show(world, device)
    add(world, world.clerk, other := Authenticator())
    atomically(lambda: staff.end(fresh(world.clerk), world.act(fresh(world.admin)), knows=True))
    atomically(lambda: staff.bring_back(fresh(world.clerk), world.act(fresh(world.admin))))
    with pytest.raises(Refused, match="passkey_wrong"):
        show(world, other)


def test_a_link_ends_the_keys_of_before_and_lets_in_by_password_for_two_days(world: World) -> None:
    add(world, world.officer, device := Authenticator())
    admin = world.act(fresh(world.admin))
    with pytest.raises(Refused, match="passkey_first"):
        invitations.check_way_in(fresh(world.officer), MONDAY)
    secret = atomically(lambda: invitations.make(fresh(world.officer), admin))
    assert show(world, device), "until the link is used"
    atomically(invitations.accept, secret, "four words nobody joins", "135790", world.act())
    with pytest.raises(Refused, match="passkey_wrong"):
        show(world, device)
    invitations.check_way_in(fresh(world.officer), MONDAY + invitations.LIFE - timedelta(seconds=1))
    with pytest.raises(Refused, match="passkey_first"):
        invitations.check_way_in(fresh(world.officer), MONDAY + invitations.LIFE)
    add(world, world.officer, Authenticator())
    with pytest.raises(Refused, match="passkey_first"):
        invitations.check_way_in(fresh(world.officer), MONDAY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject", "transports")


@given(st.text(max_size=40) | JSON.map(json.dumps) | st.fixed_dictionaries(
    {"id": JSON, "rawId": JSON, "type": JSON | st.just("public-key")},
    optional={"response": JSON | st.dictionaries(st.sampled_from(FIELDS), JSON | st.just("eyJ0eXBlIjoxfQ"), max_size=6)},
).map(json.dumps))  # fmt: skip
def test_whatever_is_sent_is_read_or_refused(text: str) -> None:
    try:
        passkeys.read(text)
    except Refused as refusal:
        assert refusal.key == "passkey_wrong"


def test_what_is_read_but_broken_within_is_refused_too(world: World) -> None:
    add(world, world.officer, device := Authenticator())
    options = {"challenge": "AAAA", "user": {"id": "AAAA"}}
    made, shown = json.loads(Authenticator().make(options)), json.loads(device.show(options))
    client = made["response"]["clientDataJSON"]
    broken = [
        made | {"response": {"clientDataJSON": client, "attestationObject": junk}}
        for junk in ("", "AAAA", "oA", "v2E", client)
    ]
    broken += [shown | {"response": shown["response"] | {name: junk}} for name in ("authenticatorData", "signature") for junk in ("", "AAAA", "A" * 600)]  # fmt: skip
    for said in broken:
        answer, act = passkeys.read(json.dumps(said)), world.act(fresh(world.officer))
        with pytest.raises(Refused, match="passkey_wrong"):
            atomically(passkeys.check, answer, SITE, act)
        with pytest.raises(Refused, match="passkey_wrong"):
            atomically(passkeys.add, fresh(world.officer), "x", answer, SITE, act)

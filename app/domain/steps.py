"""STEPS: how a packet may change hands. The whole law of custody is this table; code reads it, phones are sent it.

A move has a parent and changes state or holder; a note changes neither. The first row whose proof is met wins.
`dispute` says where the record is contested; `settle` and `correct` are decisions of people, and close the past.
"""

from enum import StrEnum
from functools import cache
from typing import NamedTuple

from app.domain.packets import State, Way
from app.domain.parties import PartyKind


class By(StrEnum):
    """Who records an event."""

    COURIER = "courier"
    POST = "post"
    DESK = "desk"
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    CITIZEN = "citizen"
    SERVER = "server"


class Proof(StrEnum):
    """What a scan may bring beside its facts; hands.py says how each is verified."""

    SEAL = "SEAL"  # number read from the bag
    SHEETS = "SHEETS"  # sheets counted together with the citizen
    COUNT = "COUNT"  # paper by paper, at the desk
    CODE = "CODE"  # six digits only the citizen has
    LOGIN = "LOGIN"  # the citizen's own link, opened with a code
    DOOR = "DOOR"  # the code on the citizen's screen, signed by us for this packet and this purpose
    CITIZEN = "CITIZEN"  # CODE, DOOR or LOGIN: something the courier cannot mint alone
    WET_CLAIMED = "WET_CLAIMED"  # the courier says the slip is signed
    WET_SEEN = "WET_SEEN"  # a clerk has the signed slip in hand
    PEER = "PEER"  # the giver's phone signed an offer of this packet
    PRESENCE = "PRESENCE"  # the person at the page proved it is them, at most 5 minutes ago
    GIVER = "GIVER"  # how the giver confirmed a manifest
    SIGHTING = "SIGHTING"  # who saw it where: a hash of the words kept beside the scan
    SECOND = "SECOND"  # a different person agrees
    REASON = "REASON"
    NEXT = "NEXT"
    CLAIMS = "CLAIMS"  # digests in conflict
    OLD_SEAL = "OLD_SEAL"  # the number that was on the bag before
    PHOTO = "PHOTO"  # hash of a picture
    AMENDS = "AMENDS"  # digest of a scan, field, right value
    SLIP = "SLIP"  # the token that was scanned; absent when the number was typed


class Step(NamedTuple):
    event: str
    ways: frozenset[Way]
    source: State | None  # None: any state
    target: State | None  # None: as it was (notes), or as the scan names it (settle, correct)
    by: By
    giver: PartyKind | None  # None: the holder stays
    taker: PartyKind | None
    proof: tuple[frozenset[Proof], ...]  # any one of these sets
    flag: str | None = None
    tell: str | None = None  # message to the citizen

    def told(self, state: State) -> str:
        """The message when it leads to `state`: a packet given up for lost has not been found. "" for none."""
        return "written_off" if self.event == "settle" and state is State.WRITTEN_OFF else self.tell or ""


def _any(*alternatives: str) -> tuple[frozenset[Proof], ...]:
    """`_any("SEAL CODE", "SEAL WET_SEEN")`: one of the sets is enough."""
    return tuple(frozenset(Proof(word) for word in words.split()) for words in alternatives)


S, P = State, PartyKind
IN, OUT, BOTH = frozenset({Way.IN}), frozenset({Way.OUT}), frozenset(Way)
IN_DESK = frozenset({Way.IN, Way.BETWEEN})  # opened at a desk
OUT_DESK = frozenset({Way.OUT, Way.BETWEEN})  # leaves from a desk

# fmt: off
MOVES = (
    #    event       way       from                    to                      recorded by   giver       taker       proof                                   flag                tell
    Step("collect",  IN,       S.WAITING,              S.CARRIED,              By.COURIER,   P.CITIZEN,  P.COURIER,  _any("SEAL SHEETS CITIZEN"),            None,               "collected"),
    Step("collect",  IN,       S.WAITING,              S.CARRIED,              By.COURIER,   P.CITIZEN,  P.COURIER,  _any("SEAL SHEETS"),                    "collect_unproven", "collected_unproven"),
    Step("collect",  IN,       S.WAITING,              S.AT_POST,              By.POST,      P.CITIZEN,  P.POST,     _any("SEAL SHEETS CITIZEN", "SEAL SHEETS WET_SEEN"), None,  "collected"),
    Step("take",     OUT_DESK, S.WAITING,              S.CARRIED,              By.COURIER,   P.DESK,     P.COURIER,  _any("SEAL"),                           None,               None),
    Step("take",     BOTH,     S.AT_POST,              S.CARRIED,              By.COURIER,   P.POST,     P.COURIER,  _any("SEAL"),                           None,               None),
    Step("take",     BOTH,     S.AT_DESK,              S.CARRIED,              By.COURIER,   P.DESK,     P.COURIER,  _any("SEAL"),                           None,               None),
    Step("transfer", BOTH,     S.CARRIED,              S.CARRIED,              By.COURIER,   P.COURIER,  P.COURIER,  _any("SEAL PEER"),                      None,               None),
    Step("transfer", BOTH,     S.CARRIED,              S.CARRIED,              By.DISPATCHER, P.COURIER, P.COURIER,  _any("SIGHTING REASON"),                None,               None),
    Step("hand_in",  BOTH,     S.CARRIED,              S.AT_POST,              By.POST,      P.COURIER,  P.POST,     _any("SEAL"),                           None,               None),
    Step("hand_in",  OUT_DESK, S.WAITING,              S.AT_POST,              By.POST,      P.DESK,     P.POST,     _any("SEAL"),                           None,               None),
    Step("receive",  BOTH,     S.CARRIED,              S.AT_DESK,              By.DESK,      P.COURIER,  P.DESK,     _any("SEAL PRESENCE"),                  None,               None),
    Step("receive",  BOTH,     S.AT_POST,              S.AT_DESK,              By.DESK,      P.POST,     P.DESK,     _any("SEAL PRESENCE"),                  None,               None),
    Step("open",     IN_DESK,  S.AT_DESK,              S.OPENED,               By.DESK,      None,       None,       _any("COUNT PRESENCE"),                 None,               None),
    Step("deliver",  BOTH,     S.CARRIED,              S.DELIVERED,            By.COURIER,   P.COURIER,  P.CITIZEN,  _any("SEAL CITIZEN"),                   None,               "delivered"),
    Step("deliver",  BOTH,     S.AT_POST,              S.DELIVERED,            By.POST,      P.POST,     P.CITIZEN,  _any("SEAL CITIZEN", "SEAL WET_SEEN"),  None,               "delivered"),
    Step("deliver",  OUT,      S.WAITING,              S.DELIVERED,            By.DESK,      P.DESK,     P.CITIZEN,  _any("PRESENCE CITIZEN", "PRESENCE WET_SEEN"), None,        "delivered"),
    Step("deliver",  BOTH,     S.AT_DESK,              S.DELIVERED,            By.DESK,      P.DESK,     P.CITIZEN,  _any("PRESENCE CITIZEN", "PRESENCE WET_SEEN"), None,        "delivered"),
    Step("deliver",  BOTH,     S.CARRIED,              S.DELIVERED_UNVERIFIED, By.COURIER,   None,       None,       _any("SEAL WET_CLAIMED", "SEAL REASON"), None,              "delivered_unverified"),
    Step("confirm",  BOTH,     S.DELIVERED_UNVERIFIED, S.DELIVERED,            By.DESK,      P.COURIER,  P.CITIZEN,  _any("WET_SEEN", "CODE"),               None,               "delivered"),
    Step("confirm",  BOTH,     S.DELIVERED_UNVERIFIED, S.DELIVERED,            By.POST,      P.COURIER,  P.CITIZEN,  _any("WET_SEEN", "CODE"),               None,               "delivered"),
    Step("confirm",  BOTH,     S.DELIVERED_UNVERIFIED, S.DELIVERED,            By.CITIZEN,   P.COURIER,  P.CITIZEN,  _any("LOGIN", "CODE"),                  None,               "delivered"),
    Step("confirm",  BOTH,     S.DELIVERED_UNVERIFIED, S.DELIVERED,            By.COURIER,   P.COURIER,  P.CITIZEN,  _any("CODE"),                           None,               "delivered"),
    *(Step("lost", BOTH,   state,                  S.LOST,                 By.DISPATCHER, None,      None,       _any("REASON SECOND"),                  None,               "lost")
      for state in (S.CARRIED, S.AT_POST, S.AT_DESK, S.DELIVERED_UNVERIFIED)),
)
DISPUTES = tuple(
    Step("dispute",  BOTH,     None,                   S.DISPUTED,             by,           None,       None,       _any("CLAIMS"),                         None,               "disputed")
    for by in (By.SERVER, By.CITIZEN, By.COURIER, By.POST, By.DESK, By.DISPATCHER)
)
CLOSINGS = (
    Step("settle",   BOTH,     S.DISPUTED,             None,                   By.SUPERVISOR, None,      None,       _any("SIGHTING REASON SECOND"),         None,               "settled"),
    Step("settle",   BOTH,     S.LOST,                 None,                   By.SUPERVISOR, None,      None,       _any("SIGHTING REASON SECOND"),         None,               "settled"),
    *(Step("correct", BOTH,    None,                   None,                   by,           None,       None,       _any("REASON SECOND"),                  None,               "corrected")
      for by in (By.POST, By.DESK, By.DISPATCHER)),
)
NOTES = (
    Step("attest",   IN,       None,                   None,                   By.CITIZEN,   None,       None,       _any("LOGIN", "CODE"),                  None,               None),
    Step("attest",   IN,       None,                   None,                   By.COURIER,   None,       None,       _any("CODE"),                           None,               None),
    Step("attest",   IN,       None,                   None,                   By.POST,      None,       None,       _any("WET_SEEN", "CODE"),               None,               None),
    Step("attest",   IN,       None,                   None,                   By.DESK,      None,       None,       _any("WET_SEEN", "CODE"),               None,               None),
    Step("miss",     BOTH,     None,                   None,                   By.COURIER,   None,       None,       _any("REASON NEXT"),                    None,               "missed"),
    Step("decline",  BOTH,     None,                   None,                   By.COURIER,   None,       None,       _any("REASON NEXT"),                    None,               "declined"),
    *(Step("seal_change", BOTH, None,                  None,                   by,           None,       None,       _any("SEAL OLD_SEAL SECOND"),           None,               "resealed")
      for by in (By.COURIER, By.POST, By.DESK)),
    *(Step("damaged", BOTH,    None,                   None,                   by,           None,       None,       _any("PHOTO REASON"),                   None,               "damaged")
      for by in (By.COURIER, By.POST, By.DESK)),
    *(Step("sighting", BOTH,   None,                   None,                   by,           None,       None,       _any("SEAL"),                           None,               None)
      for by in (By.COURIER, By.POST, By.DESK, By.DISPATCHER)),
    *(Step("amend",  BOTH,     None,                   None,                   by,           None,       None,       _any("AMENDS SECOND"),                  None,               "amended")
      for by in (By.POST, By.DESK, By.DISPATCHER)),
)
# fmt: on
STEPS = MOVES + DISPUTES + CLOSINGS + NOTES
EVENTS = {step.event for step in STEPS}
NOTE_EVENTS = {step.event for step in NOTES}
CLOSING_EVENTS = {step.event for step in CLOSINGS}
HOLDERS_NOTES = {"seal_change", "damaged"}  # only who has or had the packet can say this of it

# Why something failed or was decided: codes only; the sentences are in the catalogues. What failed says what comes next too.
REASONS = {
    "miss": ("nobody_home", "papers_not_ready", "house_not_found", "changed_mind", "courier_late", "refused_id"),
    "decline": ("refused", "wrong_person", "no_authorisation", "fee_not_paid", "old_papers_missing"),
    "transfer": ("no_offer", "phone_dead", "courier_ill", "vehicle_broken"),
    "dispute": ("not_me", "not_received", "not_handed_over", "other_packet"),
    "damaged": ("torn", "wet", "opened", "crushed"),
    "lost": ("not_found", "stolen", "destroyed"),
    "settle": ("packet_seen", "scanned_by_mistake", "said_by_both", "gone"),
    "correct": ("wrong_packet", "scanned_twice", "not_handed_over"),
}
NEXT = {
    "miss": ("later_today", "another_day", "invite", "hold_at_post", "back_to_desk"),
    "decline": ("another_day", "invite", "hold_at_post", "back_to_desk"),
}

# What a settlement may name: the states a packet can be in, and who has it then.
HELD_BY = {
    State.WAITING: frozenset({PartyKind.CITIZEN, PartyKind.DESK}),
    State.CARRIED: frozenset({PartyKind.COURIER}),
    State.AT_POST: frozenset({PartyKind.POST}),
    State.AT_DESK: frozenset({PartyKind.DESK}),
    State.OPENED: frozenset({PartyKind.DESK}),
    State.DELIVERED_UNVERIFIED: frozenset({PartyKind.COURIER}),
    State.DELIVERED: frozenset({PartyKind.CITIZEN}),
    State.WRITTEN_OFF: frozenset(PartyKind),
}


@cache
def rows(event: str, way: Way) -> tuple[Step, ...]:
    return tuple(step for step in STEPS if step.event == event and way in step.ways)


def known_words(event: str, reason: str | None, next_: str | None) -> bool:
    """Whether a reason, and what comes next, are words of ours, where the event has a list of them."""
    said = ((reason, REASONS), (next_, NEXT))
    return all(word is None or event not in lists or word in lists[event] for word, lists in said)

"""STEPS: how a packet may change hands. The whole law of custody is this table; code reads it, phones are sent it.

A move has a parent and changes state or holder; a note changes neither. The first row whose proof is met wins.
"""

from enum import StrEnum
from typing import NamedTuple

from app.domain.packets import State, Way
from app.domain.parties import PartyKind


class By(StrEnum):
    """Who records an event."""

    COURIER = "courier"
    POST = "post"
    DESK = "desk"
    DISPATCHER = "dispatcher"
    CITIZEN = "citizen"
    SERVER = "server"


class Proof(StrEnum):
    SEAL = "SEAL"  # number read from the bag
    SHEETS = "SHEETS"  # sheets counted together with the citizen
    COUNT = "COUNT"  # paper by paper, at the desk
    CODE = "CODE"  # six digits only the citizen has
    LOGIN = "LOGIN"  # the citizen's own link, opened with a code
    CITIZEN = "CITIZEN"  # CODE or LOGIN: something the courier cannot mint alone
    WET_CLAIMED = "WET_CLAIMED"  # the courier says the slip is signed
    WET_SEEN = "WET_SEEN"  # a clerk has the signed slip in hand
    PRESENCE = "PRESENCE"  # the person at the page proved it is them, at most 5 minutes ago
    REASON = "REASON"
    NEXT = "NEXT"
    CLAIMS = "CLAIMS"  # digests in conflict


class Step(NamedTuple):
    event: str
    ways: frozenset[Way]
    source: State | None  # None: any state
    target: State | None  # None: as it was (notes, and `dispute`, which names its own)
    by: By
    giver: PartyKind | None  # None: the holder stays
    taker: PartyKind | None
    proof: tuple[frozenset[Proof], ...]  # any one of these sets
    flag: str | None = None
    tell: str | None = None  # message to the citizen


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
    Step("dispute",  BOTH,     None,                   S.DISPUTED,             By.SERVER,    None,       None,       _any("CLAIMS"),                         None,               "disputed"),
)
NOTES = (
    Step("attest",   IN,       None,                   None,                   By.CITIZEN,   None,       None,       _any("LOGIN", "CODE"),                  None,               None),
    Step("attest",   IN,       None,                   None,                   By.POST,      None,       None,       _any("WET_SEEN", "CODE"),               None,               None),
    Step("attest",   IN,       None,                   None,                   By.DESK,      None,       None,       _any("WET_SEEN", "CODE"),               None,               None),
    Step("miss",     BOTH,     None,                   None,                   By.COURIER,   None,       None,       _any("REASON NEXT"),                    None,               "missed"),
    Step("decline",  BOTH,     None,                   None,                   By.COURIER,   None,       None,       _any("REASON NEXT"),                    None,               "declined"),
)
# fmt: on
STEPS = MOVES + NOTES
EVENTS = {step.event for step in STEPS}
NOTE_EVENTS = {step.event for step in NOTES}

# Why a visit failed, and what happens next: codes only, both needed; the sentences are in the catalogues.
REASONS = {
    "miss": ("nobody_home", "papers_not_ready", "house_not_found", "changed_mind", "courier_late", "refused_id"),
    "decline": ("refused", "wrong_person", "no_authorisation", "fee_not_paid", "old_papers_missing"),
}
NEXT = {
    "miss": ("later_today", "another_day", "hold_at_post"),
    "decline": ("another_day", "back_to_desk", "hold_at_post"),
}


def rows(event: str, way: Way) -> list[Step]:
    return [step for step in STEPS if step.event == event and way in step.ways]

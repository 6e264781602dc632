"""Files for partners: the record as an EPCIS 2.0 document, or as rows of postal events (EMSEVT). Written a line at a time.

Names of things are URNs of ours. An office has its code, a courier's custody a number that says nothing, a citizen none:
all citizens are one party. Names, telephone numbers, addresses and what somebody wrote are in neither file.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import IO, Any
from urllib.parse import quote

from app.domain import standards
from app.domain.parties import PartyKind
from app.domain.standards import Bag, Range, Told

CONTEXT = ("https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"hs": "urn:hosotannha:"})
HERE = timezone(timedelta(hours=7))  # whatever year a phone's clock says: Viet Nam has had other offsets
OFFICES = (PartyKind.POST, PartyKind.DESK)
COLUMNS = ("item", "event", "at", "office", "reason", "action", "recorded_at")
Offices = Mapping[str, str]  # code by party


def write_epcis(file: IO[str], within: Range, offices: Offices, at: datetime) -> Iterable[int]:
    """An EPCISDocument. Yields after each line of the record how many events were written of it."""
    head = {"@context": CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": _utc(at)}
    file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "epcisBody": {"eventList": [')
    comma = "\n"
    for each in _events(within, offices):
        file.write(comma + json.dumps(each, ensure_ascii=False, separators=(",", ":")))
        comma = ",\n"
        yield 1
    file.write("\n]}}\n")


def _events(within: Range, offices: Offices) -> Iterable[dict[str, Any]]:
    for line in standards.lines(within):
        yield event(line, offices)
    for bag in standards.bags(within):
        yield aggregation(bag, offices)


def event(line: Told, offices: Offices) -> dict[str, Any]:
    """One line as an ObjectEvent: seen, under the steps and dispositions of CBV 2.0."""
    said = line.named
    found: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventID": line_urn(line.id),
        **_times(line.made_at, line.recorded_at),
        "epcList": [packet_urn(line.number)],
        "action": "OBSERVE",
        "bizStep": said.step,
        "disposition": said.disposition,
        **_places(line, offices),
        **(_sides(line, offices) if line.giver != line.taker else {}),
        "hs:event": line.event,
        "hs:line": line.seq,
        "hs:way": line.way,
        "hs:state": line.state,
    }
    beside = {"seal": line.seal, "sheets": line.sheets, "reason": line.reason, "next": line.next, "emsevt": said.postal}
    found |= {f"hs:{name}": value for name, value in beside.items() if value is not None}
    if line.wrong:
        found["errorDeclaration"] = {
            "declarationTime": _utc(line.wrong.at),
            "reason": line.wrong.reason,
            "correctiveEventIDs": [line_urn(line.wrong.corrected_by)],
        }
    return found


def aggregation(bag: Bag, offices: Offices) -> dict[str, Any]:
    """One list as an AggregationEvent: what was seen together when it changed hands."""
    name = f"urn:hosotannha:manifest:{quote(bag.receipt, safe='-')}"
    return {
        "type": "AggregationEvent",
        "eventID": name + ":moved",
        **_times(bag.at, bag.at),
        "parentID": name,
        "childEPCs": [packet_urn(number) for number in bag.numbers],
        "action": "OBSERVE",
        "bizStep": bag.named.step,
        "disposition": bag.named.disposition,
        **_places(bag, offices),
        "bizTransactionList": [{"type": "recadv", "bizTransaction": name}],
        **_sides(bag, offices),
    }


def line_urn(id_: bytes) -> str:
    """By the line's hash, as `flask custody proof` says it."""
    return f"urn:hosotannha:line:{id_.hex()}"


def packet_urn(number: str) -> str:
    return f"urn:hosotannha:packet:{quote(number, safe='-')}"


def party_urn(party: str, kind: PartyKind, offices: Offices) -> str:
    if kind is PartyKind.CITIZEN:
        return "urn:hosotannha:party:citizen"
    return _office_urn(offices[party]) if kind in OFFICES else f"urn:hosotannha:party:{party}"


def _office_urn(code: str) -> str:
    return f"urn:hosotannha:office:{quote(code, safe='-')}"


def _times(made: datetime, recorded: datetime) -> dict[str, str]:
    here = made.astimezone(HERE).isoformat(timespec="milliseconds")
    return {"eventTime": here, "eventTimeZoneOffset": here[-6:], "recordTime": _utc(recorded)}


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _places(one: Told | Bag, offices: Offices) -> dict[str, Any]:
    """At whose counter it was read, and where it is from then on, as far as that is an office."""
    found: dict[str, Any] = {}
    at_hand = [party for party, kind in ((one.taker, one.taker_kind), (one.giver, one.giver_kind)) if kind in OFFICES]
    if at_hand:
        found["readPoint"] = {"id": _office_urn(offices[at_hand[0]])}
    if one.taker_kind in OFFICES:
        found["bizLocation"] = {"id": _office_urn(offices[one.taker])}
    return found


def _sides(one: Told | Bag, offices: Offices) -> dict[str, Any]:
    giver, taker = party_urn(one.giver, one.giver_kind, offices), party_urn(one.taker, one.taker_kind, offices)
    return {
        "sourceList": [{"type": "possessing_party", "source": giver}],
        "destinationList": [{"type": "possessing_party", "destination": taker}],
    }


def write_emsevt(file: IO[str], within: Range, offices: Offices, at: datetime) -> Iterable[int]:
    """Rows of COLUMNS for what the post has a code for. What people have taken back is not in it: there is no code for that."""
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    for line in standards.lines(within):
        if line.named.postal is None or not line.stands or line.is_mended or line.wrong:
            yield 0
            continue
        here = line.made_at.astimezone(HERE).isoformat(timespec="seconds")
        office = next((offices[party] for party in (line.taker, line.giver) if party in offices), "")
        rows.writerow(
            (line.number, line.named.postal, here, office, line.reason or "", line.next or "", _utc(line.recorded_at))
        )
        yield 1


FORMATS = {"epcis": write_epcis, "emsevt": write_emsevt}

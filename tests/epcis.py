"""What an EPCIS 2.0 document must be, by its own rules and by ours. The published JSON schema lets through what these do
not: a step that is no word of the vocabulary, a reason that is none, a key nobody declared, a parent that is missing."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

STEPS = frozenset(
    re.findall(
        r"\w+",
        """
    accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting
    decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting
    installing killing loading other packing picking receiving removing repackaging repairing replacing
    reserving retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing
    transporting unloading unpacking void_shipping
""",
    )
)
DISPOSITIONS = frozenset(
    re.findall(
        r"\w+",
        """
    active available completeness_inferred completeness_verified conformant container_closed container_open
    damaged destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class
    mismatch_instance mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other
    partially_dispensed recalled reserved retail_sold returned sellable_accessible sellable_not_accessible
    stolen unavailable unknown
""",
    )
)
URI = re.compile(r"urn:[a-z]+:[A-Za-z0-9:%._-]+")
COMMON = {"type", "eventID", "eventTime", "eventTimeZoneOffset", "recordTime", "action", "bizStep", "disposition"}
WHERE = {"readPoint", "bizLocation", "sourceList", "destinationList", "bizTransactionList"}
OF_TYPE = {
    "ObjectEvent": COMMON | WHERE | {"epcList", "errorDeclaration"},
    "AggregationEvent": COMMON | WHERE | {"parentID", "childEPCs", "errorDeclaration"},
}


def faults(document: dict[str, Any]) -> Iterator[str]:
    """Everything that is wrong with it, one by one."""
    if set(document) != {"@context", "type", "schemaVersion", "creationDate", "epcisBody"}:
        yield f"document: {sorted(document)}"
    context, *more = document["@context"]
    if context != "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld":
        yield f"context {context}"
    if (document["type"], document["schemaVersion"]) != ("EPCISDocument", "2.0") or not _instant(
        document["creationDate"]
    ):
        yield "head"
    prefixes = {prefix for each in more for prefix, uri in each.items() if uri.endswith((":", "/", "#"))}
    events = document["epcisBody"]["eventList"]
    known = {each["eventID"] for each in events}
    for at, event in enumerate(events):
        yield from (f"event {at}: {fault}" for fault in _of_event(event, prefixes, known))
    names = [(each["eventID"], "errorDeclaration" in each) for each in events]
    yield from (f"twice: {name}" for name in set(names) if names.count(name) > 1)


def _of_event(event: dict[str, Any], prefixes: set[str], known: set[str]) -> Iterator[str]:
    type_ = event.get("type", "")
    for key in set(event) - OF_TYPE.get(type_, set()):
        prefix, colon, name = key.partition(":")
        if not (colon and name and prefix in prefixes):
            yield f"key {key}"
    for key in ("eventID", "eventTime", "eventTimeZoneOffset", "action", "bizStep", "disposition"):
        if key not in event:
            yield f"no {key}"
    if event.get("action") not in ("OBSERVE", "ADD", "DELETE"):
        yield "action"
    if event.get("bizStep") not in STEPS:
        yield f"bizStep {event.get('bizStep')}"
    if event.get("disposition") not in DISPOSITIONS:
        yield f"disposition {event.get('disposition')}"
    if not re.fullmatch(r"[+-]\d\d:\d\d", event.get("eventTimeZoneOffset", "")):
        yield "offset"
    for key in ("eventTime", "recordTime"):
        if not _instant(event.get(key, "")):
            yield key
    if not str(event.get("eventTime")).endswith(str(event.get("eventTimeZoneOffset"))):
        yield "eventTime and its offset"
    things = event.get("epcList") if type_ == "ObjectEvent" else [event.get("parentID"), *event.get("childEPCs", ())]
    if not things or (type_ == "AggregationEvent" and len(things) < 2):
        yield "of nothing"
    sides = [each.get(side) for side in ("source", "destination") for each in event.get(f"{side}List", ())]
    places = [event[key].get("id") for key in ("readPoint", "bizLocation") if key in event]
    papers = [each.get("bizTransaction") for each in event.get("bizTransactionList", ())]
    for uri in (event.get("eventID"), *(things or ()), *sides, *places, *papers):
        if not URI.fullmatch(str(uri)):
            yield f"uri {uri}"
    if any(
        each["type"] != "possessing_party"
        for side in ("source", "destination")
        for each in event.get(f"{side}List", ())
    ):
        yield "side"
    if "errorDeclaration" in event:
        yield from _of_declaration(event["errorDeclaration"], known)


def _of_declaration(said: dict[str, Any], known: set[str]) -> Iterator[str]:
    if set(said) != {"declarationTime", "reason", "correctiveEventIDs"} or not _instant(said["declarationTime"]):
        yield "declaration"
    if said.get("reason") not in ("did_not_occur", "incorrect_data"):
        yield f"reason {said.get('reason')}"
    if set(said.get("correctiveEventIDs", ())) - known:
        yield "corrected by what is not there"


def _instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None and "T" in text
    except ValueError:
        return False

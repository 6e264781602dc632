"""Every table, imported once: what migrations compare themselves with."""

from app.domain import (  # noqa: F401
    audit,
    booking,
    calendar,
    checkpoints,
    codes,
    devices,
    dossiers,
    ledger,
    manifests,
    numbers,
    outbox,
    packets,
    parties,
    people,
    places,
    procedures,
    scans,
    sessions,
    tasks,
    visits,
)

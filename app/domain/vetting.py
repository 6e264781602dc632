"""Vetting: whether a scan that was kept is believed at all. Its device, its signature, its number, its slip.

What is not believed stays evidence. A device that went out of service is judged by when the scan was surely made: not
before the last word of ours that it carried, and not after somebody knew of it.
"""

from datetime import datetime

import sqlalchemy as sa

from app.db import db
from app.domain import bodies, tokens
from app.domain.bodies import Scan
from app.domain.calendar import today
from app.domain.devices import Device, DeviceKind
from app.domain.scans import Ruling, ScanRow
from app.domain.tokens import Keys
from app.errors import Invalid

QUARANTINED = Ruling.QUARANTINED


def vet(
    scan: Scan, device: Device | None, sig_ok: bool, clash: str | None, at: datetime, keys: Keys
) -> tuple[Ruling, str] | None:
    """Why a scan is kept but has no place, or None. `clash`: what of it was used before, "id" or "n"."""
    if device is None:
        return QUARANTINED, "device_unknown"
    if not sig_ok:
        return QUARANTINED, "bad_signature"
    if bodies.outlived(scan.version, today(at)):
        return QUARANTINED, "version_old"
    if scan.malformed or scan.version not in bodies.VERSIONS:
        return QUARANTINED, "malformed"
    if clash:
        return QUARANTINED, f"{clash}_reused"
    if device.kind is not DeviceKind.PHONE:
        return None
    if device.frozen_at:
        return QUARANTINED, "device_frozen"
    if device.is_over(at) and (verdict := _out_of_service(scan, device, at, keys)):
        return verdict
    if device.confirmed_at is None:
        return Ruling.HELD, "device_unconfirmed"
    if device.user_id != scan.actor:
        return QUARANTINED, "actor_mismatch"
    return None if _slip_is_true(scan, keys) else (QUARANTINED, "slip_forged")


def _out_of_service(scan: Scan, device: Device, at: datetime, keys: Keys) -> tuple[Ruling, str] | None:
    why = "device_revoked" if device.revoked_at == device.ends_at else "device_expired"
    after, before = made_between(scan, at, keys)
    if not device.is_over(before):
        return None
    return (QUARANTINED if after and device.is_over(after) else Ruling.HELD), why


def made_between(scan: Scan, recorded_at: datetime, keys: Keys) -> tuple[datetime | None, datetime]:
    """When the scan was made, as an interval: after our last word that it carries, before anybody named it to us."""
    named = sa.select(ScanRow.body, ScanRow.sig, ScanRow.recorded_at).where(
        ScanRow.sig_ok,
        sa.or_(
            sa.and_(ScanRow.packet_code == scan.code, ScanRow.parent == scan.digest),
            sa.and_(ScanRow.device_id == scan.device, ScanRow.n == (scan.n or 0) + 1),
        ),
    )
    by_others = [
        at for body, sig, at in db.session.execute(named)
        if (other := bodies.read(body, sig)) and scan.digest in (other.parent, other.back)
    ]  # fmt: skip
    return scan.vouched_at(keys), min([recorded_at, *by_others])


def _slip_is_true(scan: Scan, keys: Keys) -> bool:
    """Whether the token that was scanned is ours and is this packet's; a typed number brings none."""
    text = scan.said("SLIP")
    if text is None:
        return True
    try:
        slip = tokens.read(keys, text)
    except Invalid:
        return False
    return slip.code == scan.code and slip.issue == (scan.issue or slip.issue)

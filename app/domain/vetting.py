"""Vetting: whether a scan is believed at all, before anybody asks where it belongs. Kept it is in any case.

Times are judged as intervals, from the last word of the server that the device carries to the moment of recording;
a device's own clock decides nothing.
"""

from datetime import datetime

import sqlalchemy as sa

from app.db import db
from app.domain import scans, tasks, tokens
from app.domain.devices import Device, DeviceKind
from app.domain.packets import Packet
from app.domain.scans import Ruling, Scan, ScanRow
from app.domain.tasks import TaskKind
from app.domain.tokens import Keys
from app.errors import Invalid

Doubt = tuple[Ruling, str]


def clash(scan: Scan) -> str | None:
    """Whether the id or the number of a well-signed scan was used before; a forger's rows do not count."""
    same_id = sa.select(ScanRow.digest).where(ScanRow.id == scan.id, ScanRow.sig_ok)
    if scan.id and db.session.scalar(same_id.limit(1)):
        return "id_reused"
    same_n = sa.select(ScanRow.digest).where(ScanRow.device_id == scan.device, ScanRow.n == scan.n, ScanRow.sig_ok)
    if scan.n and db.session.scalar(same_n.limit(1)):
        return "n_reused"
    return None


def doubt(
    scan: Scan, device: Device | None, sig_ok: bool, clashes: str | None, at: datetime, keys: Keys
) -> Doubt | None:
    """Why a scan is kept but not believed, or None. Two scans with one number freeze the device: its key is copied."""
    if device is None:
        return Ruling.QUARANTINED, "device_unknown"
    if not sig_ok:
        return Ruling.QUARANTINED, "bad_signature"
    if scans.outlived(scan.version, at.date()):
        return Ruling.QUARANTINED, "version_old"
    if scan.malformed:
        return Ruling.QUARANTINED, "malformed"
    if clashes == "n_reused" and device.kind is DeviceKind.PHONE and device.frozen_at is None:
        device.frozen_at = at
        tasks.raise_(TaskKind.DEVICE_FROZEN, at, device_id=device.id, n=scan.n)
    if clashes:
        return Ruling.QUARANTINED, clashes
    if device.frozen_at is not None:
        return Ruling.QUARANTINED, "device_frozen"
    if device.revoked_at and (found := _against(scan, device, device.revoked_at, keys)):
        return found, "device_revoked"
    if device.valid_until and at > device.valid_until and (found := _against(scan, device, device.valid_until, keys)):
        return found, "device_expired"
    if device.confirmed_at is None:
        return Ruling.HELD, "device_unconfirmed"
    if device.kind is DeviceKind.PHONE and device.user_id != scan.actor:
        return Ruling.QUARANTINED, "actor_mismatch"
    return None


def _against(scan: Scan, device: Device, ended: datetime, keys: Keys) -> Ruling | None:
    """None when the scan was surely made before the device's time ended, quarantined surely after, held when unsure."""
    later = sa.select(ScanRow.digest).where(
        ScanRow.device_id == device.id, ScanRow.n > scan.n, ScanRow.sig_ok, ScanRow.recorded_at <= ended
    )
    if db.session.scalar(later.limit(1)):  # a scan made after this one was here in time
        return None
    told = scan.vouched_at(keys)
    return Ruling.QUARANTINED if told and told > ended else Ruling.HELD


def of_nobodys_packet(scan: Scan, keys: Keys) -> Doubt:
    """A scan of a packet nobody knows: with a slip of ours it waits for the booking, with a forged one it is set apart."""
    if (token := scan.said("SLIP")) and not slip_is_ours(token, scan.code, keys):
        return Ruling.QUARANTINED, "slip_forged"
    return Ruling.HELD, "packet_unknown"


def slip_is_ours(token: str, code: bytes | None, keys: Keys) -> bool:
    try:
        return tokens.read(keys, token).code == code
    except Invalid:
        return False


def doubts_slip(scan: Scan, packet: Packet, keys: Keys) -> bool:
    """Whether the scanned token is not one this packet ever had."""
    token = scan.said("SLIP")
    return token is not None and token not in {slip.token for slip in packet.slips}

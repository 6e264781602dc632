"""Findings: what an inspection of the ledger looked at, and every place that does not hold, in plain words.

A place is said once, by the first thing that is wrong with it: a line of a packet, a leaf, a checkpoint, a scan, a device.
When several look, who told first is a matter of their shares; which places are told is not.
"""

import math
from dataclasses import dataclass, field

from app.domain import tree

MOST = 1_000  # places that are told one by one; the rest is counted


@dataclass(frozen=True)
class Fault:
    """What does not hold, and where: a line of a packet (its number), or something of the log itself."""

    packet: str | None
    where: str
    what: str
    seq: float = math.inf  # of the line; a packet's own row comes last

    def __str__(self) -> str:
        return f"{self.packet or 'log'}: {self.where}: {self.what}"


@dataclass
class Report:
    packets: int = 0
    lines: int = 0
    scans: int = 0
    numbered: int = 0  # lines that have a number in the log
    leaves: int = 0
    checkpoints: int = 0
    root: bytes = tree.EMPTY
    root_since: bytes | None = None
    remarks: list[Fault] = field(default_factory=list)
    untold: int = 0  # faults beyond the ones that are told
    broken: set[str] = field(default_factory=set)  # numbers of packets
    of_log: int = 0
    _places: dict[tuple[str | None, str], Fault] = field(default_factory=dict)

    @property
    def faults(self) -> list[Fault]:
        """Packet by packet, line by line, then the log's own in the order they were found."""
        return sorted(self._places.values(), key=lambda fault: (fault.packet is None, fault.packet or "", fault.seq))

    @property
    def holds(self) -> bool:
        return not self._places

    def found(self, fault: Fault) -> None:
        place = fault.packet, fault.where
        if place in self._places:
            return
        if len(self._places) >= MOST:
            self.untold += 1
            return
        self._places[place] = fault
        if fault.packet is None:
            self.of_log += 1
        else:
            self.broken.add(fault.packet)

    def join(self, other: "Report") -> None:
        """What somebody else found in packets and scans that were theirs to look at."""
        self.packets += other.packets
        self.lines += other.lines
        self.numbered += other.numbered
        self.scans += other.scans
        self.untold += other.untold
        self.remarks += other.remarks
        for fault in other._places.values():
            self.found(fault)

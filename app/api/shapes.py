"""Shapes: what the API answers, and what a signed scan says, for the published document. No answer is built from them:
the tests hold every answer they ever get to them, and every scan that was understood (`tests/contract.py`)."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, RootModel, SkipValidation

from app.api.bodies import PRINTABLE
from app.domain.bodies import Extra
from app.domain.devices import Standing
from app.domain.manifests import LineResult, Side
from app.domain.packets import Kind, State, Way
from app.domain.parties import PartyKind
from app.domain.places import OfficeKind
from app.domain.postage import Line, Stream
from app.domain.procedures import PaperForm
from app.domain.scans import Ruling
from app.domain.steps import EVENTS, By, Proof
from app.domain.visits import VisitKind, VisitState

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
Clock = Annotated[str, Field(pattern=r"^\d\d:\d\d$")]
Hex = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256, in hex")]
Base64 = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]
Code = Annotated[str, Field(pattern="^[0-9A-HJKMNP-TV-Z]{16}$", description="a packet's code, ten bytes in base32 (Crockford)")]  # fmt: skip
Word = Annotated[str, Field(min_length=1, pattern=PRINTABLE)]
PartyId = Annotated[Word, Field(max_length=20, description="who has a packet: names nobody")]
Number = Annotated[int, Field(ge=1, lt=2**53)]
ProofWord = Annotated[str, Field(json_schema_extra={"enum": list(Proof)})]
Dong = Annotated[int, Field(description="đồng")]


class Problem(BaseModel):
    """What every refusal is (RFC 9457). `title` and `detail` are sentences for a person, in Vietnamese, or in English where
    the cookie `language=en` is sent; a program goes by `status` and `key`, which do not change."""

    type: Annotated[str, Field(pattern="^urn:hosotannha:")]
    title: str
    status: int
    key: str
    detail: str
    index: int | None = Field(default=None, description="which scan of the batch could not be read, counted from 0")
    reference: str | None = Field(default=None, description="to be told when calling: our log knows the fault by it")


# ---- what is signed and sent ------------------------------------------------------------------------------------


class Shown(BaseModel):
    """One proof; `kind` is a word of the day's steps: SEAL, SHEETS, CODE, REASON, PEER …"""

    kind: Annotated[str, Field(json_schema_extra={"examples": list(Proof)})]
    value: Annotated[str, Field(max_length=200)] = ""


class Made(BaseModel):
    """When a scan was made, by the phone's own clock, and the last time the server vouched for, copied as it was told."""

    wall: Instant
    tz: str | None = None
    server_time: Annotated[str, Field(max_length=40)] | None = None
    server_sig: Annotated[str, Field(max_length=200)] | None = None


class Pin(BaseModel):
    """The checkpoint of the log that this phone saw last."""

    size: Number
    root: Hex


class ScanBody(BaseModel):
    """What a phone signs: UTF-8 JSON of at most 64 KiB, kept for ever to the byte. What is unknown is null or left out.
    A field of the wrong shape never makes a scan refused: it is kept, set aside as `malformed`, and a person looks at it."""

    v: Literal[1] = Field(description="version of the body")
    id: Annotated[Word, Field(max_length=64, description="random, one a scan")]
    device: Annotated[Word, Field(max_length=64)]
    n: Annotated[Number, Field(description="this phone's own count of its scans, without a gap")]
    back: Hex | None = Field(default=None, description="digest of this phone's scan before; null in its first")
    code: Code
    issue: Number | None = Field(default=None, description="of the slip that was scanned")
    event: Annotated[Word, Field(max_length=24, json_schema_extra={"examples": sorted(EVENTS)})]
    giver: PartyId | None = None
    taker: PartyId | None = None
    actor: Annotated[Word, Field(max_length=20, description="`actor` of the phone's enrolment")]
    parent: Hex | None = Field(default=None, description="`head` of the packet as this phone knows it")
    at: Made
    seal: Annotated[Word, Field(max_length=24)] | None = None
    sheets: Number | None = None
    proof: Annotated[list[Shown], Field(max_length=20)] = []
    reason: Annotated[Word, Field(max_length=24)] | None = None
    next: Annotated[Word, Field(max_length=24)] | None = None
    visit: Number | None = Field(default=None, description="the visit that a sticker is used at")
    slips_until: Instant | None = Field(default=None, description="`Slips-Until` of the list this scan was made by")
    pin: Pin | None = None


class SignedScan(BaseModel):
    """`digest`, by which answers name it: SHA-256 over `scan-v1`, a newline, and the bytes of the body."""

    body: str = Field(
        json_schema_extra={
            "contentEncoding": "base64",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/ScanBody"},
        }
    )
    sig: Base64 = Field(description="ES256 (64 bytes, r and s) over `scan-v1`, a newline, and the bytes of the body")
    extras: SkipValidation[Extra] | None = None


# ---- phones -----------------------------------------------------------------------------------------------------


class ReceiptKeys(BaseModel):
    receipt: list[dict[str, str | int]]


class Phone(BaseModel):
    device: str
    label: str
    standing: Standing
    enrolled: Instant
    seen: Instant | None
    valid_until: Instant | None


class Phones(BaseModel):
    """Those that are in service, or wait for their second person."""

    devices: list[Phone]


class Enrolled(Phone):
    """`token`: sent from now on as `Authorization: Bearer`; it is said this once. `party` takes packets over, `actor` signs."""

    party: PartyId
    actor: str
    token: str
    keys: ReceiptKeys


# ---- scans ------------------------------------------------------------------------------------------------------


class Judged(BaseModel):
    """`receipt`: ES256 by the receipt key over the lines `receipt-v1`, digest, device or -, n or -, `recorded_at`, and
    SHA-256 of the checkpoint told beside it. It says that the scan is kept for ever, not that it is believed."""

    digest: Hex
    verdict: Ruling
    why: str | None
    packet: str | None
    seq: int | None
    flags: list[str]
    recorded_at: Instant
    receipt: Base64


class JudgedLater(BaseModel):
    digest: Hex
    nth: int
    verdict: Ruling
    why: str | None


class Vouched(BaseModel):
    """`server_sig`: ES256 over `time-v1`, a newline, `server_time`: a phone copies both into its next scan."""

    server_time: Instant
    server_sig: Base64


class LogNews(BaseModel):
    """The newest signed checkpoint of the log, and the proof that it extends the one the phone named."""

    checkpoint: str | None
    consistency: list[Hex]


class Results(LogNews):
    """One of each scan, in the order they were sent."""

    results: list[Judged]
    receipt_key: int


class Handed(Results, Vouched):
    """`later`: what was decided since `since` about scans of before. `missing`: numbers of this phone that never came."""

    contiguous: int
    missing: list[int]
    later: list[JudgedLater]


class Kept(BaseModel):
    sha256: Hex


# ---- packets and the day ----------------------------------------------------------------------------------------


class Titled(BaseModel):
    title: str
    title_en: str


class Place(BaseModel):
    kind: OfficeKind
    name: str


class Paper(BaseModel):
    position: int
    name: str
    name_en: str
    form: PaperForm | None
    copies: int
    sheets: int | None
    missing: bool
    note: str
    note_en: str


class Spared(BaseModel):
    """A paper nobody may ask for: the ward takes it from a database."""

    name: str
    name_en: str
    note: str
    note_en: str


class Packet(BaseModel):
    code: Code
    number: str
    dossier: str
    issue: int
    way: Way
    kind: Kind
    state: State
    cancelled: bool
    holder: PartyId
    holder_kind: PartyKind
    place: Place | None
    citizen: PartyId
    head: Hex
    seals: list[str]
    papers: list[Paper]
    spared: list[Spared]
    procedure: Titled | None
    desk: str
    goes_back: bool
    same_day: Annotated[bool, Field(description="of a procedure of the same day: it goes before others")]
    desk_party: PartyId
    called_for: str | None


class Blank(BaseModel):
    """A sticker that nobody has used: whoever collects with it names the visit."""

    code: Code
    number: str
    blank: Literal[True]
    issue: int
    way: Way
    state: State
    holder: PartyId
    head: Hex
    seals: list[str]


class Carried(Packet):
    visit_on: Day | None


class FoundPacket(Carried):
    """`scanned`: the issue that the token names."""

    scanned: int | None


class FoundBlank(Blank):
    visit_on: Day | None
    scanned: int | None


class Found(RootModel[FoundPacket | FoundBlank]):
    """What is told of one packet."""


class Person(BaseModel):
    name: str
    phone: str
    second_name: str | None
    second_phone: str | None
    proxy: str | None
    address: list[str]
    notes: str | None
    call_first: bool
    no_code_until: Instant | None
    lat: float | None
    lon: float | None


class Charge(BaseModel):
    kind: Line
    amount: Dong
    stream: Stream


class Exempt(BaseModel):
    name: str
    name_en: str
    source: str


class Invite(BaseModel):
    nth: int
    of: int
    from_: Day | None = Field(alias="from")


class ListedPaper(BaseModel):
    name: str
    form: PaperForm
    sheets: int
    position: int | None = None
    taken: int | None = None


class Stop(BaseModel):
    """One call at a home. Who lives there is said while the visit is open, and no longer."""

    visit: int
    home: Annotated[int, Field(description="the same for stops that are one call at one door: a visit of that home")]
    slot: Annotated[list[Clock], Field(min_length=2, max_length=2)]
    arrives_at: Instant | None
    kind: VisitKind
    state: VisitState
    attempt: int
    person: Person | None
    money: list[Charge]
    exempt: Exempt | None
    give_back: Dong
    id_check: bool
    surrender: list[ListedPaper]
    inside: list[ListedPaper]
    invite: Invite | None
    packets: list[Packet | Blank]


class Round(BaseModel):
    id: int
    date: Day
    started: Instant | None
    stopped: Instant | None


class Step(BaseModel):
    """A row of the table that judges scans, as far as couriers act by it. Phones warn by it and never decide."""

    event: str
    ways: list[Way]
    from_: State | None = Field(alias="from")
    to: State | None
    by: By
    giver: PartyKind | None
    taker: PartyKind | None
    proof: list[list[ProofWord]] = Field(description="any one of these lists is enough")
    flag: str | None


class Called(BaseModel):
    visit: int
    number: str


class Ahead(BaseModel):
    date: Day
    visits: int


class DeclaredCount(BaseModel):
    amount: Dong
    at: Instant


class Counted(DeclaredCount):
    difference: Dong
    reason: str | None


class Purse(BaseModel):
    postage: Dong
    fee: Dong
    by_bank: Dong
    times: Annotated[list[int], Field(min_length=2, max_length=2)]
    given_back: Dong
    scans: list[Hex]
    declared: DeclaredCount | None
    counted: Counted | None


class Unsigned(BaseModel):
    receipt: str
    taker: str | None
    scanned: int
    missing: int
    surplus: int


class HandedIn(BaseModel):
    code: Code
    number: str
    digest: Hex
    taker: PartyId
    place: str
    at: Instant


class Courier(BaseModel):
    name: str
    badge: str | None
    office: dict[str, str | None] | None


class Window(BaseModel):
    key: str
    day: Day
    opens: Clock
    closes: Clock


class Keys(ReceiptKeys):
    slip: list[dict[str, str | int]]
    revoked: list[int]


class Today(Vouched, LogNews):
    """Everything a courier's phone needs to work through today without a network; nothing of tomorrow's homes."""

    expires: Instant
    key: Base64
    phone: Phone
    courier: Courier
    round: Round | None
    stops: list[Stop]
    carrying: list[Carried]
    to_take: list[Packet | Blank]
    cancelled: list[Called]
    ahead: Ahead | None
    money: Purse
    unsigned: list[Unsigned]
    handed_in: list[HandedIn]
    steps: list[Step]
    reasons: dict[str, list[str]]
    next: dict[str, list[str]]
    slots: list[Window]
    texts: dict[str, str]
    language: Literal["vi", "en"]
    keys: Keys
    revoked_slips: str
    revoked_devices: list[str]


class SetOut(BaseModel):
    id: int
    date: Day
    started: Instant


# ---- manifests and money ----------------------------------------------------------------------------------------


class Waiting(BaseModel):
    code: Code
    number: str
    head: Hex
    state: State
    seals: list[str]
    way: Way
    issue: int


class Expected(BaseModel):
    giver: str
    packets: list[Waiting]


class ManifestRow(BaseModel):
    code: Code
    number: str
    result: LineResult
    seal: str | None
    intact: bool
    complete: bool
    digest: Hex | None


class Manifest(BaseModel):
    """`statements`: what each side signs to confirm it. `closed`: when both had."""

    receipt: str
    giver: PartyId
    taker: PartyId
    expected: int
    scanned: int
    missing: int
    surplus: int
    lines: list[ManifestRow]
    confirmed: dict[Side, Instant]
    closed: Instant | None
    statements: dict[Side, str]


class Received(Manifest, Results, Vouched):
    """The list as it was counted, and the verdict on each scan of it."""


class Counting(BaseModel):
    key: str
    amount: Dong
    at: Instant

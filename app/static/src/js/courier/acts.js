// Acts: what a courier does, as a scan. Each names what it follows, who gives and who takes; nothing here decides.
import { append } from "./outbox.js";
import { me } from "./store.js";

const known = (packet, seal) => packet.seals.length === 0 || packet.seals.includes(seal);
/** How a packet was found without its code. */
export const found = (how) => (how?.typed ? [["TYPED", ""]] : how?.listed ? [["LISTED", ""]] : []);

/** The citizen's word, however it was given: {kind: "code" | "shown" | "paper", value}. */
const WORDS = { code: "CODE", shown: "DOOR", paper: "WET_CLAIMED" };
const said = (word) => [[WORDS[word.kind], word.value ?? ""]];
const proves = (word) => word.kind !== "paper";

/** Who stood there and what was looked at: kinds and results, never a number or a name. */
function seen(draft) {
  if (!draft.seen) return [];
  return [["ID_SEEN", draft.seen], ["ID_MATCH", draft.match ?? "eye"], draft.who && ["RECIPIENT", draft.who], draft.who === "authorised" && ["AUTHORISATION", "seen"]].filter(Boolean);
}

/** What was paid, the two streams apart, and which proof was seen of whoever pays no postage; or what was given back. */
function paid(draft) {
  const { paidBy, receipt, lines, proof, givenBack } = draft;
  if (givenBack) return { given_back: givenBack };
  if (!lines) return null;
  const sum = (stream) => lines.filter((line) => line.stream === stream).reduce((total, line) => total + line.amount, 0);
  return { paid_by: paidBy, receipt: receipt || null, postage: sum("postage"), fee: sum("fee"), ...(proof ? { proof } : {}) };
}

/** The erasable side of what was counted and paid; null when there is nothing. */
function beside(papers, money, more = {}) {
  const extras = { ...(papers?.length ? { papers } : {}), ...(money ? { money } : {}), ...more };
  return Object.keys(extras).length ? extras : null;
}

/** The first of these pictures that was taken: a scan names one. */
const photo = (pictures, ...names) => {
  const sha256 = names.map((name) => pictures?.[name]).find(Boolean);
  return sha256 ? { photo_sha256: sha256 } : {};
};
/** What the phone remembers of the money, in đồng: all of it, in cash or by bank code, and how much of it the ward's fee is. */
const took = (money) => (money?.given_back ? { cash: -money.given_back, fee: -money.given_back } : money ? { [money.paid_by === "cash" ? "cash" : "bank"]: money.postage + money.fee, fee: money.fee } : {});

function move(packet, to, taker, takerKind) {
  return { parent: packet.head, to, taker, takerKind };
}

/** draft: {papers, sheets, seal, seen, match, paidBy, receipt, lines, proof, slip}; word: as WORDS. */
export function collect(stop, packet, draft, word) {
  const party = me().party;
  const proof = [...said(word), ...seen(draft), ...found(draft.slip)];
  const money = paid(draft);
  const sticker = draft.slip?.sticker; // a blank packet goes in the booked one's place, and names its visit
  const under = sticker ? { ...packet, ...sticker } : packet;
  return append(
    { event: "collect", packet: under, issue: draft.slip?.issue, visit: sticker ? stop.visit : null, giver: packet.holder, taker: party, parent: under.head, seal: draft.seal, sheets: draft.sheets, proof },
    { ...move(under, "CARRIED", party, "courier"), visit: stop.visit, ends: "done", seal: draft.seal, hadCode: proves(word), ...took(money) },
    beside(draft.papers, money, photo(draft.pictures, "photo.bag", "photo.slip")),
  );
}

/** A scan for a list of a bag remembers it: the page may go before the list knows. */
const listed = (list, packet) => (list ? { list, packetWay: packet.way } : {});

export function take(packet, seal, slip, list = null) {
  const party = me().party;
  return append(
    { event: "take", packet, issue: slip?.issue, giver: packet.holder, taker: party, parent: packet.head, seal, proof: found(slip) },
    { ...move(packet, "CARRIED", party, "courier"), seal, known: packet.seals.at(-1) ?? null, sealDiffers: !known(packet, seal), ...listed(list, packet) },
  );
}

/** A packet was seen, and the number on its bag: evidence, and no change of hands. */
export function sight(packet, seal, slip, list = null) {
  return append(
    { event: "sighting", packet, issue: slip?.issue, giver: packet.holder, taker: packet.holder, parent: null, seal, proof: found(slip) },
    { seal, known: packet.seals.at(-1) ?? null, sealDiffers: !known(packet, seal), ...listed(list, packet) },
  );
}

/** With the citizen's word they have it; signed on paper it stays ours until somebody confirms. */
export function deliver(stop, packet, draft, word) {
  const party = me().party;
  const taker = proves(word) ? packet.citizen : party;
  const proof = [...said(word), ...seen(draft), ...found(draft.slip)];
  const money = paid(draft);
  return append(
    { event: "deliver", packet, issue: draft.slip?.issue, giver: party, taker, parent: packet.head, seal: draft.seal, proof },
    {
      ...move(packet, proves(word) ? "DELIVERED" : "DELIVERED_UNVERIFIED", taker, proves(word) ? "citizen" : "courier"),
      visit: stop.visit, ends: "done", hadCode: proves(word), ...took(money), known: packet.seals.at(-1) ?? null, seal: draft.seal, sealDiffers: !known(packet, draft.seal),
    },
    beside(draft.returned, money, photo(draft.pictures, "photo.slip")),
  );
}

/** The citizen's word afterwards. It names no parent: it may arrive before the delivery itself. */
export function confirm(packet, code) {
  const party = me().party;
  return append(
    { event: "confirm", packet, giver: party, taker: packet.citizen, parent: null, proof: [["CODE", code]] },
    { ...move(packet, "DELIVERED", packet.citizen, "citizen"), hadCode: true },
  );
}

/** The same for what was collected on a wrong code: it moves nothing. */
export function attest(packet, code) {
  return append(
    { event: "attest", packet, giver: packet.holder, taker: packet.holder, parent: null, proof: [["CODE", code]] },
    { hadCode: true },
  );
}

/** A scan of ours was wrong, or one that took a packet from us: said to be so, and never taken away. Whoever had the packet
 *  before answers for it, until two people at the post office have decided. */
export function undo(digest, packet, reason) {
  return append(
    { event: "dispute", packet, giver: packet.holder, taker: packet.holder, parent: packet.head, reason, proof: [["CLAIMS", digest]] },
    { reason, undoes: digest },
  );
}

/** The bag we carry is damaged, as the picture shows that this hash names. */
export function damage(packet, reason, sha256) {
  return append(
    { event: "damaged", packet, giver: packet.holder, taker: packet.holder, parent: null, reason, proof: [["PHOTO", sha256]] },
    { reason },
    { photo_sha256: sha256 },
  );
}

/** event: miss (nobody there) or decline (they would not have it). `slot`: another time that was agreed at the door; `also`: digests of the
 *  same act for the other packets of that home. */
export function fail(stop, packet, event, { reason, next, slot = null, pictures = null, also = null }) {
  return append(
    { event, packet, giver: packet.holder, taker: packet.holder, parent: null, reason, next, proof: slot ? [["SLOT", slot]] : [] },
    { visit: stop.visit, ends: "missed", reason, next, ...(also ? { also } : {}) },
    beside(null, null, photo(pictures, "photo.door")),
  );
}

// Acts: what a courier does, as a scan. Each names what it follows, who gives and who takes; nothing here decides.
import { append } from "./outbox.js";
import { me } from "./store.js";

const known = (packet, seal) => packet.seals.length === 0 || packet.seals.includes(seal);
const typed = (how) => (how?.typed ? [["TYPED", ""]] : []);

function move(packet, to, taker, takerKind) {
  return { parent: packet.head, to, taker, takerKind };
}

/** draft: {papers, sheets, seal, paidBy, receipt, amount, slip}; code: six digits, or null when they signed the slip. */
export function collect(stop, packet, draft, code) {
  const party = me().party;
  const proof = [code ? ["CODE", code] : ["WET_CLAIMED", ""], ...typed(draft.slip)];
  const extras = {};
  if (draft.papers?.length) extras.papers = draft.papers;
  if (draft.paidBy) extras.money = { paid_by: draft.paidBy, receipt: draft.receipt || null };
  return append(
    { event: "collect", packet, issue: draft.slip?.issue, giver: packet.holder, taker: party, parent: packet.head, seal: draft.seal, sheets: draft.sheets, proof },
    { ...move(packet, "CARRIED", party, "courier"), visit: stop.visit, ends: "done", seal: draft.seal, hadCode: Boolean(code), cash: draft.paidBy === "cash" ? draft.amount : 0 },
    Object.keys(extras).length ? extras : null,
  );
}

export function take(packet, seal, slip) {
  const party = me().party;
  return append(
    { event: "take", packet, issue: slip?.issue, giver: packet.holder, taker: party, parent: packet.head, seal, proof: typed(slip) },
    { ...move(packet, "CARRIED", party, "courier"), seal, known: packet.seals.at(-1) ?? null, sealDiffers: !known(packet, seal) },
  );
}

/** With a code the citizen takes it; signed on paper it stays ours until somebody confirms. */
export function deliver(stop, packet, draft, code) {
  const party = me().party;
  const taker = code ? packet.citizen : party;
  const proof = [code ? ["CODE", code] : ["WET_CLAIMED", ""], ["ID_SEEN", draft.seen], ...typed(draft.slip)];
  return append(
    { event: "deliver", packet, issue: draft.slip?.issue, giver: party, taker, parent: packet.head, seal: draft.seal, proof },
    {
      ...move(packet, code ? "DELIVERED" : "DELIVERED_UNVERIFIED", taker, code ? "citizen" : "courier"),
      visit: stop.visit, ends: "done", hadCode: Boolean(code), known: packet.seals.at(-1) ?? null, seal: draft.seal, sealDiffers: !known(packet, draft.seal),
    },
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

/** event: miss (nobody there) or decline (they would not have it). */
export function fail(stop, packet, event, reason, next) {
  return append(
    { event, packet, giver: packet.holder, taker: packet.holder, parent: null, reason, next },
    { visit: stop.visit, ends: "missed", reason, next },
  );
}

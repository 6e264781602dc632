// Peers: a packet goes from one courier to another without a network. The giver's phone signs an offer for each packet,
// the receiver's signs that it took it, and each keeps the other's word; whoever finds a network first tells both.
import { openDB } from "idb";
import { found } from "./acts.js";
import { call } from "./api.js";
import { append, changes, row as own, rows as scans } from "./outbox.js";
import * as receipts from "./receipt.js";
import * as sign from "./sign.js";
import { within } from "./spare.js";
import { KEPT, me } from "./store.js";

const BATCH = 50;
const EVERY = 60000;
const LATE = 4 * 3600000; // an offer nobody took, a promise nobody kept: both are reminded
const SHIFT = 12 * 3600000; // whoever was offered something longer ago no longer stands beside them
let db = null;
let offers = []; // {key, device, side: "giver" | "taker", peer, packets, at, taken: {code: digest}, over}
let words = []; // {digest, device, body, sig, extras, code, number, at, sent, refused: true | "large"}: what another phone signed, told by us as well
let sending = null;
const large = new Set(); // words too large alone since the page was opened or somebody insisted

const changed = () => changes.dispatchEvent(new Event("change"));

export async function open() {
  db = await openDB("courier-peers", 1, {
    upgrade(made) {
      made.createObjectStore("offers", { keyPath: "key" });
      made.createObjectStore("words", { keyPath: "digest" });
    },
  });
  offers = await db.getAll("offers");
  words = await db.getAll("words");
  await prune(Date.now());
  await mend();
  changes.addEventListener("learned", send);
  changes.addEventListener("insisted", () => { large.clear(); send(); });
  window.addEventListener("online", send);
  setInterval(() => { if (!document.hidden) send(); }, EVERY);
  send();
}

async function keep(store, row) {
  await within(() => {
    const tx = db.transaction(store, "readwrite", { durability: "strict" });
    return Promise.all([tx.store.put(row), tx.done]);
  });
  if (store === "offers") offers = [...offers.filter((each) => each.key !== row.key), row];
  else words = [...words.filter((each) => each.digest !== row.digest), row];
  changed();
  return row;
}

/** Let go of words the post office has had for thirty days, and of offers as old that nothing unsent came of. */
async function prune(now) {
  const old = (at) => now - Date.parse(at) > KEPT;
  const unsent = (digest) => words.some((each) => each.digest === digest && !each.sent) || own(digest)?.status === "kept";
  for (const offer of offers.filter((each) => old(each.at) && !Object.values(each.taken).some(unsent))) await db.delete("offers", offer.key);
  for (const word of words.filter((each) => each.sent && old(each.received ?? each.at))) await db.delete("words", word.digest);
  [offers, words] = [await db.getAll("offers"), await db.getAll("words")];
}

/** The page may have gone between a scan, or a word, and its mark: what was signed for was taken over. */
async function mend() {
  const own = (offer, packet) => scans().find(({ device, meta }) => device === offer.device && meta.event === "transfer" && meta.code === packet.code && meta.parent === packet.head);
  const theirs = (packet) => words.find((word) => word.code === packet.code && bodyOf(word).parent === packet.head);
  for (const offer of offers) {
    const signed = (packet) => (offer.side === "taker" ? own(offer, packet) : theirs(packet));
    const found = left(offer).map((packet) => [packet.code, signed(packet)?.digest]).filter(([, digest]) => digest);
    if (found.length) await keep("offers", { ...offer, taken: { ...offer.taken, ...Object.fromEntries(found) } });
  }
}

const mine = () => offers.filter((each) => each.device === me()?.device && !each.over);
export const get = (key) => offers.find((each) => each.key === key) ?? null;
export const left = (offer) => offer.packets.filter((each) => !(each.code in offer.taken));
const age = (offer) => Date.now() - Date.parse(offer.at);
/** Offers that lie open too long: {key, side, packets}. */
export const forgotten = () => mine().filter((each) => age(each) > LATE && (each.side === "giver" || age(each) < SHIFT)).map((each) => ({ key: each.key, side: each.side, packets: left(each) }));
/** The offer this phone was taking over, or making (`side`), when the page went away. */
export const underway = (side = "taker") => mine().filter((each) => each.side === side && left(each).length && age(each) < SHIFT).at(-1) ?? null;
/** Packets this phone has only heard of from another one. */
export const met = () => mine().filter((each) => each.side === "taker").flatMap((each) => each.packets.map((packet) => ({ packet, digest: each.taken[packet.code] ?? null, at: each.at })));
/** What other phones signed about packets, as rows the day can fold. */
export const said = () => words.filter((each) => each.refused !== true && Date.now() - Date.parse(each.at) < KEPT);
/** What of it the post office could not read or take in: kept, and a person's. */
export const refused = () => words.filter((each) => each.refused);

/** What of a packet is kept and told here: nothing of its papers, of its procedure, of anybody. */
const bare = ({ code, head, number, way, issue, seals, citizen, desk, desk_party: party }) => ({ code, head, number, way, issue, seals, citizen, desk, desk_party: party });

/** packets: what is to change hands. Signed anew each time: the head may have moved. */
export async function offer(packets) {
  const { device, party, key } = me();
  const signed = await Promise.all(packets.map(async (packet) => ({ ...bare(packet), peer: await sign.over(key, `offer-v1\n${packet.code}\n${packet.head}`) })));
  return keep("offers", { key: sign.hex(sign.random(16)), device, side: "giver", peer: null, party, packets: signed, at: new Date().toISOString(), taken: {}, over: false });
}

/** What the giver's codes say: as little as the receiver must know to sign for it. No person is in it. */
export const spoken = ({ key, device, party, packets }) => ({
  key, device, party,
  packets: packets.map((packet) => ({ ...bare(packet), peer: packet.peer })),
});

/** The receiver heard an offer: kept, so that a page that goes away forgets nothing. */
export function hear(told) {
  const known = get(told.key);
  if (known) return known;
  const packets = told.packets.map((each) => ({ ...each, state: "CARRIED", holder: told.party, holder_kind: "courier", kind: null, papers: [], place: null, called_for: null, dossier: null, procedure: null }));
  return keep("offers", { key: told.key, device: me().device, side: "taker", peer: told.device, party: told.party, packets, at: new Date().toISOString(), taken: {}, over: false });
}

/** The receiver has the bag in hand: their signature, with the giver's in it. */
export async function takeOver(offered, packet, seal, slip) {
  const { party } = me();
  const row = await append(
    { event: "transfer", packet, issue: slip?.issue, giver: offered.party, taker: party, parent: packet.head, seal, proof: [["PEER", `${offered.peer}:${packet.peer}`], ...found(slip)] },
    { parent: packet.head, to: "CARRIED", taker: party, takerKind: "courier", seal, known: packet.seals.at(-1) ?? null, sealDiffers: packet.seals.length > 0 && !packet.seals.includes(seal) },
  );
  return keep("offers", { ...get(offered.key), taken: { ...get(offered.key).taken, [packet.code]: row.digest } });
}

/** What the receiver's codes say back: every signature they gave, as it will be sent. */
export const receipt = (offered, rows) => ({ key: offered.key, rows: rows.map(({ body, sig }) => ({ body: new TextDecoder().decode(sign.unbase64(body)), sig })) });

/** The giver hears it: each word must be about what was offered here, after the very move that was offered. */
export async function heard(told) {
  let offered = get(told.key);
  if (offered?.side !== "giver") return null;
  for (const { body, sig } of told.rows) {
    const facts = JSON.parse(body);
    const packet = offered.packets.find((each) => each.code === facts.code);
    const fits = packet && facts.event === "transfer" && facts.giver === offered.party && facts.parent === packet.head
      && facts.proof.some(({ kind, value }) => kind === "PEER" && value === `${offered.device}:${packet.peer}`);
    if (!fits) continue;
    const bytes = new TextEncoder().encode(body);
    const digest = await sign.digest(bytes);
    await keep("words", { digest, device: facts.device, n: facts.n, body: sign.base64(bytes), sig, code: facts.code, number: packet.number, at: new Date().toISOString(), sent: false });
    offered = await keep("offers", { ...offered, taken: { ...offered.taken, [facts.code]: digest } });
  }
  send();
  return offered;
}

export const withdraw = (offered) => keep("offers", { ...offered, over: true });

/** Tell the post office what the other phone signed: told twice is told once. */
export function send() {
  sending ??= sendAll().finally(() => { sending = null; });
  return sending;
}

async function sendAll() {
  let most = BATCH;
  while (me() && !me().waiting) {
    const fresh = words.filter((each) => !each.sent && !each.refused).slice(0, most);
    const batch = fresh.length ? fresh : words.filter((each) => !each.sent && each.refused === "large" && !large.has(each.digest)).slice(0, 1);
    if (!batch.length) return;
    const { status, data } = await call("scans", { token: me().token, json: { device: me().device, scans: batch.map(({ body, sig }) => ({ body, sig })) } });
    if (status === 200) {
      const safe = await receipted(batch, data);
      for (const word of safe) await keep("words", { ...word, sent: true, refused: false, received: new Date().toISOString() });
      if (!safe.length) return;
    } else if ([400, 413, 415].includes(status)) {
      const odd = batch.length === 1 ? batch[0] : Number.isInteger(data.index) ? batch[data.index] : null;
      if (odd && status === 413) large.add(odd.digest);
      if (odd) await keep("words", { ...odd, refused: status === 413 ? "large" : true }); // kept for a person, and the others go on
      else most = Math.ceil(batch.length / 2);
    } else return;
  }
}

/** Those of these words that the post office has: their receipts are good. */
async function receipted(batch, data) {
  const told = new Map((Array.isArray(data.results) ? data.results : []).map((each) => [each.digest, each]));
  const good = await Promise.all(batch.map((word) => told.has(word.digest) && receipts.good(numbered(word), told.get(word.digest), data)));
  return batch.filter((_, nth) => good[nth]);
}

const bodyOf = (word) => JSON.parse(new TextDecoder().decode(sign.unbase64(word.body)));
/** Which of its phone's scans it is; older rows have it in the signed bytes alone. */
const numbered = (word) => ({ ...word, n: word.n ?? bodyOf(word).n });

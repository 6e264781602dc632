// The day: what the server told, and what this phone has done since. The server's word is taken as it comes; our own
// scans are laid over it by what they follow, so that a round can be worked through without a network.
//
// It lies on the phone sealed twice: with the key the server gives for this phone and this date, and that key with the one
// of the lock. It is gone after twelve hours, with its date, or when the phone is left; a phone that was taken out of
// service keeps what scanning needs, and nobody's name.
import { fold, next, toldOf } from "../shared/fold.js";
import { call } from "./api.js";
import * as drafts from "./drafts.js";
import * as lock from "./lock.js";
import * as outbox from "./outbox.js";
import * as replaced from "./replaced.js";
import * as peers from "./peers.js";
import { unbase64 } from "./sign.js";
import { learnReceiptKeys, me, note, read, write } from "./store.js";
import { dateOf, support, t } from "./words.js";
import { look } from "./witness.js";

const STALE = 300000;
const ROUND = 60000; // whoever turns to the round looks for what the office has changed on it
const WATCHED = 8000;
const SOON = 2500;
const SHIFT = 12 * 3600000;
const RECENT = 3 * 86400000; // as long as the post office tells by which scans money came
const UNDONE = ["collect", "take", "transfer", "deliver"]; // what a courier may say was scanned by mistake
const ENDED = ["OPENED", "DELIVERED", "WRITTEN_OFF"];
const OPEN = ["scheduled", "assigned", "en_route"];
const UNBELIEVED = ["held", "disputed", "quarantined"];

let told = null;
let sealer = null; // {raw, key}: what the server gave to seal this date's day with
let fetchedAt = 0;
let problem = null; // null, "offline", "signin", "old"
let asking = null;
let again = null;
const lookedUp = new Map();
const readings = new Map(); // signed bodies of our own scans, read once

export const changes = outbox.changes;
const changed = () => changes.dispatchEvent(new Event("change"));
export const fetched = () => fetchedAt;
export const trouble = () => problem;
export const keys = () => [...(told?.keys?.slip ?? []), ...(told?.keys?.revoked ?? []).map((id) => ({ id, withdrawn: true }))];
/** Whether the office has taken that phone of a colleague out of service. */
export const isRetired = (device) => (told?.revoked_devices ?? []).includes(device);
export const courier = () => told?.courier ?? null;
/** The office that may be called, dialled: the courier's own, once the day is known. */
export const officePhone = () => (told?.courier?.office?.phone ?? support).replace(/\s/g, "");
export const slots = () => told?.slots ?? [];
export const unsigned = () => told?.unsigned ?? [];
/** What a counter took in and put on no list yet: [{code, number, digest, taker, place, at}]. */
export const handedIn = () => told?.handed_in ?? [];
/** Homes this phone knew of, called off since: [{visit, number}]. */
export const cancelled = () => told?.cancelled ?? [];
/** Homes of this round that the office has given to somebody else since it set out, and that were not seen to here all the same:
 *  [{visit, number}]. */
export const moved = () => (told?.moved ?? []).filter(({ visit }) => !outbox.rows().some(({ meta }) => meta.ends && meta.visit === visit));
export const reasons = () => ({ reasons: told?.reasons ?? {}, next: told?.next ?? {} });

/** Out of sight: what lies on the phone stays sealed. */
export function forget() {
  told = null;
  sealer = null;
  fetchedAt = 0;
  lookedUp.clear();
}

/** Nothing of the day stays on this phone; the outbox is another matter. */
export async function wipe() {
  forget();
  await drafts.forget();
  await write({ day: null });
  changed();
}

/** Now, as the server would say it: a phone's clock may be a day off. */
export const clockNow = () => Date.now() - (me()?.skew ?? 0);
export const today = () => dateOf(clockNow());
const isOver = (at, expires) => clockNow() > Date.parse(expires ?? "") || dateOf(clockNow()) !== dateOf(at);

/** Put what is known now on the disk, sealed. */
async function keep() {
  if (!sealer || !lock.isOpen() || !told) return;
  const words = JSON.stringify({ told, fetchedAt, lookedUp: [...lookedUp.values()] });
  const sealed = await lock.seal(new TextEncoder().encode(words), sealer.key);
  const wrapped = await lock.seal(sealer.raw);
  await write({ day: { device: me().device, sealed, wrapped } });
}

const keyOf = (raw) => crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);

/** After the lock was opened: the day as it was kept, while it is still today's. */
async function restore() {
  const kept = await read("day");
  if (!kept || kept.device !== me()?.device || told) return;
  try {
    const raw = await lock.unseal(kept.wrapped);
    const key = await keyOf(raw);
    const found = JSON.parse(new TextDecoder().decode(await lock.unseal(kept.sealed, key)));
    if (told) return; // the network was faster
    if (isOver(found.fetchedAt, found.told.expires)) {
      await write({ day: null });
      return;
    }
    [told, fetchedAt, sealer] = [found.told, found.fetchedAt, { raw, key }];
    for (const packet of found.lookedUp) lookedUp.set(packet.code, packet);
  } catch {
    await write({ day: null }); // sealed by other digits, or cut short
  }
  changed();
}

/** The office has taken this phone out of service: what scanning needs stays, who lives where does not. */
async function withhold() {
  const nobody = { name: t("day.withheld"), phone: officePhone(), address: [t("day.withheld")] };
  if (!told?.stops.some((stop) => stop.person && stop.person.name !== nobody.name)) return;
  told = { ...told, stops: told.stops.map((stop) => ({ ...stop, person: stop.person && nobody })) };
  await write({ day: null });
  await keep();
}

/** Ask what is new. What is on its way already may be answered without what is asked about: then once more after it. */
export function refresh() {
  if (!me() || me().waiting || !lock.isOpen()) return Promise.resolve();
  const afresh = () => { again = null; return refresh(); };
  if (asking) return again ??= asking.then(afresh, afresh);
  asking = ask().finally(() => { asking = null; });
  return asking;
}

async function ask() {
  const { device, token, pin } = me();
  const { status, data } = await call(pin ? `day?pin=${pin.size}` : "day", { token });
  if (status === 200 && Array.isArray(data.stops)) {
    const { key, ...rest } = data;
    await look(device, pin ?? null, data);
    await learnReceiptKeys(data.keys?.receipt);
    const skew = Math.round(Date.now() - Date.parse(data.server_time));
    await note(device, { skew: Math.abs(skew) > 120000 ? skew : 0 });
    const raw = key ? unbase64(key) : null;
    if (!lock.isOpen() || device !== me()?.device) return; // locked or left meanwhile: it is asked for again
    const had = new Set([...(told?.stops ?? []), ...(told?.cancelled ?? [])].map(({ visit }) => visit));
    rest.cancelled = (rest.cancelled ?? []).filter(({ visit }) => had.has(visit));
    rest.moved = movedFrom(told, rest);
    rest.stops.push(...begunAt(told, rest)); // whoever stands at that door may finish there
    [told, fetchedAt, problem] = [rest, clockNow(), null];
    sealer = raw && { raw, key: await keyOf(raw) };
    await keep();
    replaced.refresh().catch(() => {}); // with the next day, then
    if (data.phone) changes.dispatchEvent(new CustomEvent("stands", { detail: data.phone }));
  } else {
    problem = { 401: "signin", 403: "signin", 426: "old" }[status] ?? "offline";
    if (problem === "signin") await withhold();
  }
  changed();
}

/** What was on the round under way and is not any more, called off or made by now apart. */
function movedFrom(before, now) {
  if (!before?.round?.started || before.round.id !== now.round?.id) return [];
  const here = new Set([...now.stops, ...now.cancelled].map(({ visit }) => visit));
  const left = before.stops.filter((stop) => isOpen(stop)).map(({ visit, packets: [{ number }] }) => ({ visit, number }));
  return [...(before.moved ?? []), ...left].filter(({ visit }, at, all) => !here.has(visit) && all.findIndex((each) => each.visit === visit) === at);
}

/** Homes that went to somebody else while this courier had the slip read there. */
const begunAt = (before, now) => (before?.stops ?? []).filter((stop) => now.moved.some(({ visit }) => visit === stop.visit) && drafts.begun(stop.visit));

/** Before somebody is told what may be over: ask again, if there is a network that answers soon. False: it is as it was. */
export async function renewed() {
  const before = fetchedAt;
  if (navigator.onLine) await Promise.race([refresh(), new Promise((done) => { setTimeout(done, SOON); })]);
  return fetchedAt !== before;
}

/** Somebody begins at a door: what has changed there is asked for meanwhile, and nobody waits for it. */
export const freshen = () => { if (isOlder(ROUND)) refresh(); };
const isOlder = (age) => !asking && clockNow() - fetchedAt > age;

/** Ask again while a page is shown on which courier and clerk look together. Returns what ends it. */
export function follow() {
  const look = () => { if (!document.hidden && isOlder(WATCHED / 2)) refresh(); };
  look();
  const asked = setInterval(look, WATCHED);
  return () => clearInterval(asked);
}

export function keepFresh() {
  changes.addEventListener("opened", () => drafts.restore().then(restore).then(refresh));
  changes.addEventListener("closed", () => { forget(); changed(); });
  window.addEventListener("online", refresh);
  changes.addEventListener("learned", refresh);
  const fetchAfter = (age) => {
    if (told && isOver(fetchedAt, told.expires)) wipe();
    if (!document.hidden && clockNow() - fetchedAt > age) refresh();
  };
  document.addEventListener("visibilitychange", () => fetchAfter(STALE / 5));
  window.addEventListener("hashchange", () => { if (["", "#/"].includes(window.location.hash)) fetchAfter(ROUND); });
  setInterval(() => fetchAfter(STALE), 60000);
}

/** {round, stops, carrying, toTake, packets: Map by code}: a fresh copy, or null before the first answer. */
export function model() {
  if (!me()) return null;
  const base = structuredClone(told ?? { round: null, stops: [], carrying: [], to_take: [] });
  const packets = new Map();
  const once = (list) => list.map((packet) => packets.get(packet.code) ?? packets.set(packet.code, packet).get(packet.code));
  for (const stop of base.stops) stop.packets = once(stop.packets);
  const listed = [...once(base.carrying), ...once(base.to_take), ...once([...structuredClone([...lookedUp.values()])]), ...once(structuredClone(heardOf()))];
  const mine = outbox.rows().filter((row) => row.meta.party === me().party && !UNBELIEVED.includes(row.verdict) && row.why !== "raw");
  const wrong = outbox.rows().filter((row) => row.meta.undoes && row.meta.party === me().party);
  const stands = mine.filter((row) => !wrong.some((each) => each.meta.undoes === row.digest));
  for (const packet of packets.values()) lay(packet, [...stands.filter((row) => row.meta.code === packet.code), ...peers.said().filter((word) => word.code === packet.code)]);
  for (const { meta, ...row } of wrong) if (packets.has(meta.code) && isNews(row)) packets.get(meta.code).state = "DISPUTED";
  for (const row of mine) close(row, base.stops);
  const held = [...new Set([...base.stops.flatMap((stop) => stop.packets), ...listed])];
  return {
    known: Boolean(told), round: base.round, ahead: base.ahead ?? null, stops: base.stops, packets,
    carrying: pressingFirst(held.filter((packet) => packet.holder === me().party && !ENDED.includes(packet.state))),
    toTake: pressingFirst(listed.filter((packet) => isTakeable(packet) && base.to_take.some((each) => each.code === packet.code))),
  };
}

/** What is for a procedure of the same day is taken, and handed in, before all else. */
const pressingFirst = (packets) => [...packets].sort((a, b) => Boolean(b.same_day) - Boolean(a.same_day));

/** Packets another phone has offered: known here only until the post office knows who has them. */
function heardOf() {
  const recent = Date.now() - SHIFT;
  return peers.met().filter(({ packet, digest, at }) => (digest ? outbox.row(digest)?.status === "kept" : Date.parse(at) > recent)).map(({ packet }) => packet);
}

/** Not in what the server told last: still here, or received since. */
const isNews = (row) => row.status === "kept" || Date.parse(row.recorded_at ?? "") > fetchedAt;

/** The packet whose newest act is this scan of ours, so that it can still be said to be wrong; null otherwise. */
export function undoable(row) {
  const packet = UNDONE.includes(row.meta.event) && !UNBELIEVED.includes(row.verdict) && row.why !== "raw" ? model()?.packets.get(row.meta.code) : null;
  return packet?.head === row.digest && packet.state !== "DISPUTED" ? packet : null;
}

/** Our own scans over what the server said, folded by its own table: they count where they follow. */
function lay(packet, rows) {
  if (!rows.length || !told?.steps) return;
  const [base, law] = toldOf(packet, told.steps, me().party);
  const { links } = fold(base, rows.map(reading), law);
  if (links.length === 1) return;
  const { digest, state, holder } = links.at(-1);
  const kind = links.filter((link) => link.kind).at(-1)?.kind ?? packet.holder_kind;
  Object.assign(packet, { head: digest, state, holder, holder_kind: kind, place: null });
  const sealed = rows.find((row) => row.meta?.seal);
  if (sealed && !packet.seals.length) packet.seals = [sealed.meta.seal];
}

/** What a signed body says, as the fold reads it. A code is believed here until the server says otherwise. */
function reading(row) {
  if (!readings.has(row.digest)) {
    const body = JSON.parse(new TextDecoder().decode(unbase64(row.body)));
    const words = body.proof.map(({ kind }) => kind);
    const proven = [...words, (words.includes("CODE") || words.includes("DOOR")) && "CITIZEN", body.seal && "SEAL", body.sheets && "SHEETS", body.reason && "REASON", body.next && "NEXT"].filter(Boolean);
    const { event, giver, taker, parent, seal } = body;
    readings.set(row.digest, { digest: row.digest, event, giver, taker, parent, seal, by: "courier", party: row.meta?.party ?? taker, proven });
  }
  return readings.get(row.digest);
}

function close(row, stops) {
  const stop = row.meta.visit && stops.find((each) => each.visit === row.meta.visit);
  if (!stop || !isOpen(stop) || !row.meta.ends) return;
  stop.state = row.meta.ends;
  if (row.meta.next === "back_to_desk") for (const packet of stop.packets) packet.goes_back = true;
}

/** The number of another packet that this phone knows under this seal, or null: no two seals are alike. */
export function sealedAlready(seal, packet) {
  const own = (each) => each.code === packet.code;
  const row = outbox.rows().find(({ meta }) => meta.seal === seal && !own(meta));
  return row?.meta.number ?? [...model().packets.values()].find((each) => !own(each) && each.seals.includes(seal))?.number ?? null;
}

/** What is done at a stop, as a word: papers that go home are no result. */
export const errand = ({ kind, packets: [packet] }) => t(`kind.${kind === "deliver" && packet.kind !== "result" ? "home" : kind}`);
export const isOpen = (stop) => OPEN.includes(stop.state);
export const isTakeable = (packet) => next(packet, told?.steps ?? [], "courier").some((step) => step.event === "take");
export const total = (lines) => lines.reduce((sum, line) => sum + line.amount, 0);
export const sum = (stop) => total(stop.money);
/** The lines of the bill at this door: no postage for whoever is exempt, unless their proof was asked for and not shown. */
export const asked = (stop, proof) => stop.money.map((line) => (stop.exempt && proof !== "none" && line.stream === "postage" ? { ...line, amount: 0 } : line));
/** Stops of one home are one call: [[stop, …], …], each home where its first stop stands. */
export function homes(stops) {
  const found = new Map();
  for (const stop of stops) found.set(stop.home ?? stop.visit, [...(found.get(stop.home ?? stop.visit) ?? []), stop]);
  return [...found.values()];
}
/** What is open at the home of this stop: itself first, while it is, then the other packets there. */
export const atHome = (day, stop) => (homes(day.stops).find((each) => each.includes(stop)) ?? []).filter(isOpen).sort((a, b) => (b === stop) - (a === stop));
export const stopOf = (day, visit) => day?.stops.find((stop) => stop.visit === Number(visit)) ?? null;
export const stopFor = (day, code) => day?.stops.find((stop) => isOpen(stop) && stop.packets.some((packet) => packet.code === code)) ?? null;
export const byNumber = (day, number) => [...day.packets.values()].find((packet) => packet.number === number)
  ?? [...day.packets.values()].find((packet) => packet.dossier === number && !ENDED.includes(packet.state)) ?? null;

/** Whether a ward desk is to have it: what was called off goes home instead. */
export const toDesk = (packet) => (packet.way === "in" && !packet.cancelled) || packet.goes_back;

/** What there is to count at a place: {name, packets}, or null when there is nothing. "take" from that party, or "give"
 *  to it: a ward desk gets its own, the post office everything that is left. */
export function bagFor(now, way, place) {
  if (!now) return null;
  if (way === "take") {
    const packets = now.toTake.filter((packet) => packet.holder === place);
    return packets.length ? { name: packets[0].place?.name ?? "", packets } : null;
  }
  const office = told?.courier?.office;
  const carried = now.carrying.filter((packet) => packet.state === "CARRIED");
  const packets = place === office?.party ? carried : carried.filter((packet) => toDesk(packet) && packet.desk_party === place);
  return packets.length ? { name: place === office?.party ? office.name : packets[0].desk, packets } : null;
}

/** Where what is carried can be handed in, most first: [[party, {name, packets}]]. */
export function places(now) {
  const parties = [told?.courier?.office?.party, ...now.carrying.filter(toDesk).map((packet) => packet.desk_party)];
  return [...new Set(parties)].map((party) => [party, bagFor(now, "give", party)]).filter(([party, bag]) => party && bag);
}

/** What this courier holds, {postage, fee, times, byBank}: what the post office knows, and on top of it the scans it has
 *  not heard of yet. What another phone of theirs told as well is in what it knows. */
export function purse() {
  const known = told?.money ?? { postage: 0, fee: 0, by_bank: 0, times: [0, 0], scans: [] };
  const heard = new Set(known.scans);
  const held = { postage: known.postage, fee: known.fee, byBank: known.by_bank, times: [...known.times], givenBack: known.given_back ?? 0, declared: known.declared, counted: known.counted };
  const since = Date.now() - RECENT;
  for (const row of outbox.rows()) {
    if (row.meta.party !== me()?.party || !(row.meta.cash || row.meta.bank) || heard.has(row.digest) || UNBELIEVED.includes(row.verdict) || (row.verdict === "duplicate" && !isNews(row)) || Date.parse(row.at) < since) continue;
    const { cash = 0, bank = 0, fee = 0 } = row.meta;
    held.byBank += dateOf(Date.parse(row.at)) === today() ? bank : 0;
    if (!cash) continue;
    held.fee += fee; // less than nothing where it was given back
    held.givenBack += Math.max(0, -fee);
    held.postage += cash - fee;
    held.times[0] += cash > fee ? 1 : 0;
    held.times[1] += fee > 0 ? 1 : 0;
  }
  return held;
}

/** Ask the server about one packet: {packet}, or {why: "offline" | "none" | "forged" | "damaged" | "signin"}. */
export async function lookUp(by) {
  const { status, data } = await call("lookups", { token: me().token, json: by, patience: 8000 });
  if (status === 200 && data.code) {
    lookedUp.set(data.code, data);
    await keep();
    return { packet: data };
  }
  if (status === 404) return { why: "none" };
  if (status === 422) return { why: data.key === "token_forged" ? "forged" : "damaged" };
  return { why: status === 401 ? "signin" : "offline" };
}

export async function setOut(round) {
  const { status } = await call(`rounds/${round.id}/start`, { token: me().token, method: "POST" });
  if (status === 200) await refresh();
  return status === 200;
}

// The day: what the server told, and what this phone has done since. The server's word is taken as it comes; our own
// scans are laid over it by what they follow, so that a round can be worked through without a network.
import { call } from "./api.js";
import * as outbox from "./outbox.js";
import { learnReceiptKeys, me } from "./store.js";
import { look } from "./witness.js";

const STALE = 300000;
const ENDED = ["OPENED", "DELIVERED", "WRITTEN_OFF"];
const OPEN = ["scheduled", "assigned", "en_route"];
const UNBELIEVED = ["held", "disputed", "quarantined"];

let told = null;
let fetchedAt = 0;
let problem = null; // null, "offline", "signin", "old"
let asking = null;
const lookedUp = new Map();

export const changes = outbox.changes;
const changed = () => changes.dispatchEvent(new Event("change"));
export const fetched = () => fetchedAt;
export const trouble = () => problem;
export const keys = () => told?.keys?.slip ?? [];
export const courier = () => told?.courier ?? null;
export const slots = () => told?.slots ?? [];
export const today = () => new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Ho_Chi_Minh" }).format(new Date());
export const reasons = () => ({ reasons: told?.reasons ?? {}, next: told?.next ?? {} });

export function forget() {
  told = null;
  fetchedAt = 0;
  lookedUp.clear();
}

export function refresh() {
  if (!me() || me().waiting) return Promise.resolve();
  asking ??= ask().finally(() => { asking = null; });
  return asking;
}

async function ask() {
  const { device, token, pin } = me();
  const { status, data } = await call(pin ? `day?pin=${pin.size}` : "day", { token });
  if (status === 200 && Array.isArray(data.stops)) {
    told = data;
    await look(device, pin ?? null, data);
    await learnReceiptKeys(data.keys?.receipt);
    fetchedAt = Date.now();
    problem = null;
    if (data.phone) changes.dispatchEvent(new CustomEvent("stands", { detail: data.phone }));
  } else {
    problem = { 401: "signin", 403: "signin", 426: "old" }[status] ?? "offline";
  }
  changed();
}

export function keepFresh() {
  refresh();
  window.addEventListener("online", refresh);
  changes.addEventListener("learned", refresh);
  const look = () => { if (!document.hidden && Date.now() - fetchedAt > STALE / 5) refresh(); };
  document.addEventListener("visibilitychange", look);
  setInterval(() => { if (!document.hidden && Date.now() - fetchedAt > STALE) refresh(); }, 60000);
}

/** {round, stops, carrying, toTake, packets: Map by code}: a fresh copy, or null before the first answer. */
export function model() {
  if (!me()) return null;
  const base = structuredClone(told ?? { round: null, stops: [], carrying: [], to_take: [] });
  const packets = new Map();
  const once = (list) => list.map((packet) => packets.get(packet.code) ?? packets.set(packet.code, packet).get(packet.code));
  for (const stop of base.stops) stop.packets = once(stop.packets);
  const listed = [...once(base.carrying), ...once(base.to_take), ...once([...structuredClone([...lookedUp.values()])])];
  const mine = outbox.rows().filter((row) => row.meta.party === me().party && !UNBELIEVED.includes(row.verdict) && row.why !== "raw");
  for (const row of mine.sort((a, b) => (a.at < b.at ? -1 : 1))) lay(row, packets, base.stops);
  const held = [...new Set([...base.stops.flatMap((stop) => stop.packets), ...listed])];
  return {
    known: Boolean(told), round: base.round, ahead: base.ahead ?? null, stops: base.stops, packets,
    carrying: held.filter((packet) => packet.holder === me().party && !ENDED.includes(packet.state)),
    toTake: listed.filter((packet) => isTakeable(packet) && base.to_take.some((each) => each.code === packet.code)),
  };
}

/** One of our own scans over what the server said: it counts when it follows the packet's newest move. */
function lay(row, packets, stops) {
  const { meta } = row;
  const packet = packets.get(meta.code);
  if (meta.to && packet && packet.head === meta.parent) {
    Object.assign(packet, { head: row.digest, state: meta.to, holder: meta.taker, holder_kind: meta.takerKind, place: null });
    if (meta.seal && !packet.seals.length) packet.seals = [meta.seal];
  }
  const stop = meta.visit && stops.find((each) => each.visit === meta.visit);
  if (stop && isOpen(stop) && meta.ends) stop.state = meta.ends;
}

export const isOpen = (stop) => OPEN.includes(stop.state);
export const isTakeable = (packet) => packet.holder_kind === "post" ? packet.state === "AT_POST"
  : packet.holder_kind === "desk" && packet.state === "AT_DESK" ? true : packet.holder_kind === "desk" && packet.state === "WAITING";
export const sum = (stop) => stop.money.reduce((total, line) => total + line.amount, 0);
export const stopOf = (day, visit) => day?.stops.find((stop) => stop.visit === Number(visit)) ?? null;
export const stopFor = (day, code) => day?.stops.find((stop) => isOpen(stop) && stop.packets.some((packet) => packet.code === code)) ?? null;
export const byNumber = (day, number) => [...day.packets.values()].find((packet) => packet.number === number)
  ?? [...day.packets.values()].find((packet) => packet.dossier === number && !ENDED.includes(packet.state)) ?? null;

/** Money taken today on this phone. */
export function moneyHeld() {
  const day = new Date().toDateString();
  const taken = outbox.rows().filter((row) => row.meta.party === me()?.party && new Date(row.at).toDateString() === day);
  return taken.reduce((total, row) => total + (UNBELIEVED.includes(row.verdict) ? 0 : row.meta.cash ?? 0), 0);
}

/** Ask the server about one packet: {packet}, or {why: "offline" | "none" | "forged" | "damaged" | "signin"}. */
export async function lookUp(by) {
  const { status, data } = await call("lookups", { token: me().token, json: by, patience: 8000 });
  if (status === 200 && data.code) {
    lookedUp.set(data.code, data);
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

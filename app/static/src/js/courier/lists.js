// Lists: a bag counted in one go. Every scan of it was safe in the outbox before it was ticked off here; the list only
// says what belonged together, and follows when there is a network. It survives the page, and holds no personal data.
import { openDB } from "idb";
import { call } from "./api.js";
import * as outbox from "./outbox.js";
import * as sign from "./sign.js";
import { within } from "./spare.js";
import { KEPT, me } from "./store.js";

const EVERY = 60000;
const REFUSED = [400, 404, 409, 413, 415, 422]; // it will not be written; all else may pass, or wants another sign-in first
const LARGE = "too_large";
let db = null;
let all = [];
let sending = null;
const large = new Set(); // keys of lists that were too large since the page was opened or somebody insisted

const changed = () => outbox.changes.dispatchEvent(new Event("change"));

export async function open() {
  db = await openDB("courier-lists", 1, { upgrade(made) { made.createObjectStore("lists", { keyPath: "key" }); } });
  all = await db.getAll("lists");
  await prune(Date.now());
  await mend();
  outbox.changes.addEventListener("learned", send);
  outbox.changes.addEventListener("insisted", () => { large.clear(); send(); });
  window.addEventListener("online", send);
  setInterval(() => { if (!document.hidden) send(); }, EVERY);
  send();
}

/** Let go of lists that were written at the post office thirty days ago, or closed then where nothing is written. A list it
 *  would not have stays, and one whose scans are not there yet. */
async function prune(now) {
  const over = (list) => (list.receipt ? list.written ?? list.closed : list.way === "give" ? list.closed : null);
  for (const list of all.filter((each) => now - Date.parse(over(each) ?? "") > KEPT)) {
    if (Object.values(list.found).some((each) => outbox.row(each.digest)?.status === "kept")) continue;
    await db.delete("lists", list.key);
    all = all.filter((each) => each !== list);
  }
}

/** The page may have gone between a scan and its tick: what was scanned for a list belongs to it, expected or not, and one
 *  that was taken and of which nothing is missing is closed, for nobody will come back to it. */
async function mend() {
  for (const list of all.filter((each) => !each.closed)) {
    const found = { ...list.found };
    for (const row of outbox.rows().filter((each) => isFor(list, each))) found[row.meta.code] ??= line({ number: row.meta.number, way: row.meta.packetWay }, row, row.meta.seal);
    const whole = list.way === "take" && list.expected.every((each) => each.code in found);
    if (whole || Object.keys(found).length > Object.keys(list.found).length) await keep({ ...list, found, closed: whole ? new Date().toISOString() : null });
  }
}

/** A scan says which list it was made for; of what is expected any other taking of it will do. */
const isFor = (list, { device, at, meta }) => meta.list === list.key
  || (list.way === "take" && meta.event === "take" && device === list.device && at >= list.at && list.expected.some((each) => each.code === meta.code));

const line = ({ number, way }, row, seal) => ({ number, way, digest: row.digest, at: row.at, seal });

/** What is being counted at this place just now, or nothing. way: "take" from `place`, "give" to it. */
export const under = (way, place) => all.find((list) => list.device === me()?.device && list.way === way && list.place === place && !list.closed) ?? null;
export const get = (key) => all.find((list) => list.key === key) ?? null;
/** Lists that have been closed and are not written at the post office yet. */
export const waiting = () => all.filter((list) => list.device === me()?.device && list.way === "take" && list.closed && !list.receipt && (!list.why || (list.why === LARGE && !large.has(list.key))));
/** Lists that the post office would not write: kept, and a person's. */
export const refused = () => all.filter((list) => list.why);

async function keep(list) {
  await within(() => {
    const tx = db.transaction("lists", "readwrite", { durability: "strict" });
    return Promise.all([tx.store.put(list), tx.done]);
  });
  all = [...all.filter((each) => each.key !== list.key), list];
  changed();
  return list;
}

/** packets: what should be there. Nothing is forgotten when the page goes; it is the same list when it comes again. */
export function begin(way, place, name, packets) {
  const expected = packets.map(({ code, number, seals, way: to }) => ({ code, number, seals, way: to }));
  return under(way, place) ?? {
    key: sign.hex(sign.random(16)), device: me().device, way, place, name, expected, found: {}, apart: [],
    at: new Date().toISOString(), closed: null, receipt: null, why: null,
  };
}

/** What is said of a list is said of it as it stands now: a page may hold an older copy, and a closed list stays closed. */
const now = (list) => get(list.key) ?? list;

/** Written before its first scan: what is scanned from then on is known to be for it. */
export const lay = async (list) => get(list.key) ?? keep(list);
/** A packet was scanned: its scan is safe. `seal`: as the bag shows it. */
export const tick = (list, packet, row, seal) => keep({ ...now(list), found: { ...now(list).found, [packet.code]: line(packet, row, seal) } });
/** Something lies there that cannot be taken along: put aside, and said once. */
export const setAside = (list, id, number, why) => (now(list).apart.some((each) => each.id === id) ? now(list) : keep({ ...now(list), apart: [...now(list).apart, { id, number, why }] }));

/** What the eye should see: how many of the list are there, which are missing, which are there without being on it. */
export function balance(list) {
  const here = (each) => each.code in list.found;
  const listed = new Set(list.expected.map((each) => each.code));
  return {
    count: list.expected.filter(here).length,
    missing: list.expected.filter((each) => !here(each)),
    surplus: Object.entries(list.found).filter(([code]) => !listed.has(code)).map(([code, each]) => ({ code, seals: each.seal ? [each.seal] : [], ...each })),
  };
}

export async function close(list) {
  const closed = await keep({ ...now(list), closed: new Date().toISOString() });
  send();
  return closed;
}

// ---- the list follows ------------------------------------------------------------------------------------------

/** Send what is closed; each under its own key, so that twice is once. */
export function send() {
  sending ??= sendAll().finally(() => { sending = null; });
  return sending;
}

async function sendAll() {
  if (!me() || me().waiting) return;
  for (const list of waiting()) {
    const rows = Object.values(list.found).map((each) => outbox.row(each.digest)).filter(Boolean);
    const scans = rows.map(({ body, sig, extras }) => (extras ? { body, sig, extras } : { body, sig }));
    const { status, data } = await call("manifests", { token: me().token, json: { key: list.key, giver: list.place, expected: expectedOf(list), scans } });
    if (status === 201 && agrees(list, data)) {
      const said = await confirm(data, "taker"); // not heard: the list goes again, under its key, and our word with it
      if (said.status === 200 || REFUSED.includes(said.status)) await keep({ ...list, why: null, receipt: data.receipt, written: new Date().toISOString() });
    } else if (status === 201) await keep({ ...list, why: "differs" });
    else if (REFUSED.includes(status)) {
      if (status === 413) large.add(list.key);
      await keep({ ...list, why: status === 413 ? LARGE : data.key ?? "other" });
    }
  }
}

/** A list must name something: what came without one is its own list. */
const expectedOf = (list) => (list.expected.length ? list.expected.map((each) => each.code) : Object.keys(list.found));

/** Whether the post office wrote down what was counted here; no other list gets our word. */
function agrees(list, told) {
  const written = new Set(told.lines.filter((each) => each.result !== "missing").map((each) => each.code));
  const counted = Object.keys(list.found);
  return counted.length === written.size && counted.every((code) => written.has(code));
}

/** Our side's word for a list, signed as it was read. */
export async function confirm(told, side) {
  const sig = await sign.over(me().key, told.statements[side]);
  return call(`manifests/${told.receipt}/confirm`, { token: me().token, json: { side, sig } });
}

export const show = (receipt) => call(`manifests/${receipt}`, { token: me().token });

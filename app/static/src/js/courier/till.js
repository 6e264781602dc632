// The till: what the courier counted at the end, signed on this phone; it follows when there is a network. The newest
// count counts; the post office answers it with its own.
import { openDB } from "idb";
import { call } from "./api.js";
import * as day from "./day.js";
import { changes, rows } from "./outbox.js";
import * as sign from "./sign.js";
import { me } from "./store.js";

const EVERY = 60000;
const REFUSED = [400, 409, 413, 415, 422]; // of this count: it is shown, and counted anew
let db = null;
let last = null; // {key, device, amount, at, sig, state: "kept" | "told" | "refused"}
let sending = null;

export async function open() {
  db = await openDB("courier-till", 1, { upgrade(made) { made.createObjectStore("counts", { keyPath: "device" }); } });
  last = me() ? (await db.get("counts", me().device)) ?? null : null;
  changes.addEventListener("learned", send);
  window.addEventListener("online", send);
  setInterval(() => { if (!document.hidden) send(); }, EVERY);
  send();
}

export const counted = () => (last?.device === me()?.device ? last : null);

async function keep(count) {
  const tx = db.transaction("counts", "readwrite", { durability: "strict" });
  await Promise.all([tx.store.put(count), tx.done]);
  last = count;
  changes.dispatchEvent(new Event("change"));
}

export async function declare(amount) {
  const { device, key } = me();
  const count = { key: sign.hex(sign.random(16)), device, amount, at: new Date().toISOString(), state: "kept" };
  const statement = ["money-v1", device, count.key, String(amount), count.at].join("\n");
  await keep({ ...count, sig: await sign.over(key, statement) });
  return send();
}

/** The home whose money explains what is too little or too much by, newest first: recorded as cash and paid by bank code, or the
 *  other way round. {n: its place on the round, digest, sum}, or null. */
export function suspect(by) {
  const { stops } = day.model();
  const sums = ({ meta }) => {
    const whole = (by < 0 ? meta.cash : meta.bank) ?? 0;
    return [whole, Math.min(meta.fee ?? 0, whole), whole - (meta.fee ?? 0)];
  };
  const found = rows().filter((row) => row.meta.party === me().party && sums(row).includes(Math.abs(by)) && day.stopOf({ stops }, row.meta.visit)).at(-1);
  return found ? { n: stops.indexOf(day.stopOf({ stops }, found.meta.visit)) + 1, digest: found.digest, sum: Math.abs(by) } : null;
}

export function send() {
  sending ??= sendOne().finally(() => { sending = null; });
  return sending;
}

async function sendOne() {
  const count = counted();
  if (count?.state !== "kept" || me().waiting) return;
  const { key, amount, at, sig } = count;
  const { status } = await call("money", { token: me().token, json: { key, amount, at, sig } });
  if (status === 201) await keep({ ...count, state: "told" });
  else if (REFUSED.includes(status)) await keep({ ...count, state: "refused" });
}

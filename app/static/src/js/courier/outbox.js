// The outbox: sign, write, then send. A scan is a row before it is anything else; the network is asked afterwards, and
// no answer of the network deletes a row. Rows are "kept" (on this phone), "arrived", or "person" (somebody must look).
import { call } from "./api.js";
import * as sign from "./sign.js";
import * as store from "./store.js";
import { VERSION } from "./words.js";

const BATCH = 50;
const LARGEST = 180 * 1024;
const EVERY = 60000;
const LONGEST = 300000;
const OVERLAP = 600000;
const BOOT = sign.possible() ? sign.hex(sign.random(8)) : "";

export const changes = new EventTarget();
let all = [];
let line = "ok"; // ok, offline, signin, refused
let failures = 0;
let timer = 0;
let sending = null;

const changed = () => changes.dispatchEvent(new Event("change"));
const serial = { tail: Promise.resolve() };

export async function load() {
  all = await store.rows();
  changed();
}

export const rows = () => all;
export const state = () => line;
export const kept = () => all.filter((row) => row.status === "kept");
export const row = (digest) => all.find((each) => each.digest === digest);

/** A held scan whose errand was done by a later one needs nobody any more. */
const settled = (it) => it.verdict === "held" && all.some((other) => other.meta.code === it.meta.code
  && other.meta.event === it.meta.event && other.at > it.at && ["applied", "duplicate"].includes(other.verdict));
export const status = (it) => (it.status === "person" && settled(it) ? "arrived" : it.status);

export function counts() {
  const found = { kept: 0, arrived: 0, person: 0 };
  for (const each of all) found[status(each)] += 1;
  return found;
}

/** Since when the oldest unsent scan waits, in ms; 0 when nothing does. */
export function waiting() {
  const oldest = kept().map((each) => Date.parse(each.at)).sort((a, b) => a - b)[0];
  return oldest ? Date.now() - oldest : 0;
}

// ---- writing ---------------------------------------------------------------------------------------------------

/** Only one scan is numbered at a time, in this tab and in every other. */
function alone(work) {
  const next = serial.tail.then(() => (navigator.locks ? navigator.locks.request("courier-outbox", work) : work()));
  serial.tail = next.catch(() => {});
  return next;
}

/**
 * scan: {event, packet, giver, taker, parent, seal, sheets, proof: [[kind, value]], reason, next}; meta: what the phone
 * remembers about it, no personal data; extras: what travels beside the signed bytes. Returns the row, safely written.
 */
export const append = (scan, meta, extras = null) => alone(async () => {
  for (let tries = 0; tries < 3; tries += 1) {
    const device = await store.refresh();
    const made = await signed(scan, meta, extras, device);
    if (await store.put(made, device)) {
      all.push(made);
      changed();
      sendSoon(0);
      return made;
    }
  }
  throw new Error("the outbox is busy");
});

async function signed(scan, meta, extras, device) {
  const at = new Date().toISOString();
  const facts = {
    v: 1,
    id: sign.hex(sign.random(16)),
    device: device.device,
    n: device.n + 1,
    back: device.back,
    code: scan.packet.code,
    issue: scan.issue ?? scan.packet.issue,
    visit: null,
    event: scan.event,
    giver: scan.giver,
    taker: scan.taker,
    actor: device.actor,
    parent: scan.parent,
    at: { wall: at, tz: "Asia/Ho_Chi_Minh", mono_ms: Math.round(performance.now()), boot: BOOT, ...device.server },
    seal: scan.seal ?? null,
    sheets: scan.sheets ?? null,
    proof: (scan.proof ?? []).map(([kind, value]) => ({ kind, value })),
    reason: scan.reason ?? null,
    next: scan.next ?? null,
    manifest: null,
    pin: null,
    app: VERSION,
  };
  const body = new TextEncoder().encode(JSON.stringify(facts));
  const digest = await sign.digest(body);
  return {
    device: device.device, n: facts.n, digest, body: sign.base64(body), sig: await sign.signature(device.key, body),
    extras: extras && { salt: sign.base64(sign.random(32)), ...extras },
    at, meta: { ...meta, event: scan.event, code: scan.packet.code, number: scan.packet.number, party: device.party },
    status: "kept", verdict: null, why: null, nth: 0,
  };
}

// ---- sending ---------------------------------------------------------------------------------------------------

export function keepSending() {
  window.addEventListener("online", () => sendSoon(0));
  window.addEventListener("offline", () => { line = "offline"; changed(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) sendSoon(0); });
  setInterval(() => { if (!document.hidden) sendSoon(0); }, EVERY);
  sendSoon(0);
}

function sendSoon(after) {
  clearTimeout(timer);
  timer = setTimeout(() => send(), after);
}

/** Send what is unsent, for whoever signed it on this phone. True when nothing is left. */
export function send() {
  sending ??= sendAll().finally(() => { sending = null; });
  return sending;
}

async function sendAll() {
  clearTimeout(timer);
  let wait = 0;
  let reached = true;
  for (const device of await store.devices()) {
    const unsent = () => kept().filter((each) => each.device === device.device).sort((a, b) => a.n - b.n);
    if (device.device !== store.me()?.device && !unsent().length) continue;
    const answer = await sendFor(device, unsent);
    if (answer.again) {
      reached = false;
      wait = Math.max(wait, answer.wait * 1000);
    }
  }
  failures = reached ? 0 : failures + 1;
  if (!reached) sendSoon(Math.max(wait, Math.random() * Math.min(LONGEST, 1000 * 2 ** Math.min(failures, 9))));
  changed();
  return kept().length === 0;
}

async function sendFor(device, unsent) {
  let most = BATCH;
  let before = -1;
  for (;;) {
    const rest = unsent();
    if (rest.length === before) return { again: rest.length > 0, wait: 0 };
    before = rest.length;
    const batch = cut(rest, most);
    const since = device.since ? new Date(Date.parse(device.since) - OVERLAP).toISOString() : null;
    const scans = batch.map(({ body, sig, extras }) => (extras ? { body, sig, extras } : { body, sig }));
    const answer = await call("scans", { token: device.token, json: { device: device.device, since, scans } });
    const { status: code, data } = answer;
    if (code === 200 && Array.isArray(data.results)) {
      line = "ok";
      await learn(device, data);
      if (!unsent().length) return { again: false, wait: 0 };
    } else if (code === 400) {
      before = -1;
      if (batch.length === 0) return { again: false, wait: 0 };
      const odd = Number.isInteger(data.index) ? batch[data.index] : batch.length === 1 ? batch[0] : null;
      if (odd) await settle([{ ...key(odd), status: "person", why: "raw" }]);
      else most = Math.ceil(batch.length / 2);
    } else if (code === 413 && batch.length > 1) {
      before = -1;
      most = Math.ceil(batch.length / 2);
    } else {
      const mine = device.device === store.me()?.device;
      if (mine) line = code === 401 ? "signin" : code === 403 ? "refused" : "offline";
      return { again: true, wait: answer.wait ?? 0 };
    }
  }
}

function cut(rest, most) {
  const batch = [];
  let size = 0;
  for (const each of rest.slice(0, most)) {
    size += each.body.length + each.sig.length + 400 + JSON.stringify(each.extras ?? "").length;
    if (batch.length && size > LARGEST) break;
    batch.push(each);
  }
  return batch;
}

const key = ({ device, n }) => ({ device, n });

async function settle(said) {
  if (!said.length) return;
  await store.mark(said);
  for (const { device, n, ...facts } of said) Object.assign(all.find((each) => each.device === device && each.n === n), facts);
  changed();
}

async function learn(device, data) {
  const said = [];
  for (const result of data.results) {
    const it = row(result.digest);
    if (it) said.push({ ...key(it), ...judged(it, result), seq: result.seq });
  }
  for (const result of data.later ?? []) {
    const it = row(result.digest);
    if (it && result.nth > it.nth) said.push({ ...key(it), ...judged(it, result), nth: result.nth });
  }
  await settle(said);
  if (data.results.length) changes.dispatchEvent(new Event("learned"));
  await store.note(device.device, { since: data.server_time, server: { server_time: data.server_time, server_sig: data.server_sig } });
}

function judged(it, { verdict, why }) {
  const believed = verdict === "applied" || verdict === "duplicate";
  const doubtful = it.meta.sealDiffers || (why === "collect_unproven" && it.meta.hadCode);
  return { verdict, why, status: believed && !doubtful ? "arrived" : "person" };
}

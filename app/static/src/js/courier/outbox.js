// The outbox: sign, write, then send. A scan is a row before it is anything else; the network is asked afterwards, and
// no answer of the network deletes a row. Rows are "kept" (on this phone), "arrived", or "person" (somebody must look);
// only a good receipt, or the server's word that a row cannot be read, makes a kept row anything else. One that is too
// large alone stays kept, is shown to a person, and goes again when the page is opened anew or somebody insists.
import { call } from "./api.js";
import * as receipt from "./receipt.js";
import * as replaced from "./replaced.js";
import * as sign from "./sign.js";
import { within } from "./spare.js";
import * as store from "./store.js";
import * as witness from "./witness.js";
import { VERSION } from "./words.js";

const BATCH = 50;
const LARGEST = 180 * 1024;
const EVERY = 60000;
const LONGEST = 300000;
const OVERLAP = 600000;
const STRANGE = 3; // answers that were not ours, in a row, before it is said
const BOOT = sign.possible() ? sign.hex(sign.random(8)) : "";

export const changes = new EventTarget();
let all = [];
let line = "ok"; // ok, offline, foreign, signin, refused, old
let failures = 0;
let strangers = 0;
let quietUntil = 0;
let timer = 0;
let sending = null;
let writings = 0; // how many scans were written since the page was opened
let news = false; // rows became safe in this run: it is told at its end, once for all batches
let unread = new Set(); // pictures the post office could not read
const large = new Set(); // digests of scans that were too large alone since the page was opened or somebody insisted
let fits = BATCH; // as many scans as the line carried last: fewer after each that was not answered

const changed = () => changes.dispatchEvent(new Event("change"));
const serial = { tail: Promise.resolve() };

export async function load() {
  await store.prune(Date.now());
  all = await store.rows();
  changed();
}

export const rows = () => all;
export const state = () => line;
/** Whatever is on this phone alone; `kept` of it waits for the line. */
export const unsent = () => all.filter((row) => row.status === "kept");
export const kept = () => unsent().filter((row) => !isLarge(row));
/** The post office would not take it in, though it came alone. */
export const isLarge = (row) => row.status === "kept" && row.why === "large";
export const row = (digest) => all.find((each) => each.digest === digest);

const believed = (it) => ["applied", "duplicate"].includes(it.verdict);

/** Collected on a code that was wrong: it counts, and lacks the citizen's word. */
export const lacksWord = (it) => it.why === "collect_unproven" && it.meta.hadCode
  && !all.some((other) => other.meta.code === it.meta.code && other.meta.event === "attest" && believed(other));

/** A held scan whose errand was done by a later one needs nobody any more, nor a collection whose code came later. */
const settled = (it) => (it.verdict === "held" && all.some((other) => other.meta.code === it.meta.code
  && other.meta.event === it.meta.event && other.at > it.at && believed(other)))
  || (it.why === "collect_unproven" && it.meta.hadCode && !it.meta.sealDiffers && !it.cancelled && !lacksWord(it));
/** What came of the scan itself, and with what it named. */
export const stands = (it) => (it.status === "person" && settled(it) ? "arrived" : isLarge(it) ? "person" : it.status);
export const status = (it) => (unpictured(it) ? "person" : stands(it));

/** It has arrived, but the picture it names could not be read there. */
export const unpictured = (it) => it.status !== "kept" && unread.has(it.extras?.photo_sha256);

export function lackPictures(hashes) {
  unread = new Set(hashes);
  changed();
}

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
    if (await within(() => store.put(made, device))) {
      all.push(made);
      writings += 1;
      changes.dispatchEvent(new Event("written"));
      changed();
      sendSoon(0);
      return made;
    }
  }
  throw new Error("the outbox is busy");
});

/** When nothing is being written or sent any more. */
export async function idle() {
  await serial.tail.catch(() => {});
  await sending?.catch(() => {});
}

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
    visit: scan.visit ?? null,
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
    slips_until: replaced.until(),
    pin: witness.pin(device),
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

/** What is unsent, or all there is, as a file for the post office, with the words of others that it could not read: signed
 *  bytes, no names. */
export function written(others) {
  const rows = [...(unsent().length ? unsent() : all), ...others].map(({ device, n, digest, body, sig, extras }) => ({ device, n, digest, body, sig, extras }));
  return new Blob([JSON.stringify({ format: "outbox-v1", written: new Date().toISOString(), scans: rows }, null, 1)], { type: "application/json" });
}

// ---- sending ---------------------------------------------------------------------------------------------------

export function keepSending() {
  window.addEventListener("online", () => sendSoon(0));
  window.addEventListener("offline", () => { line = "offline"; changed(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) sendSoon(0); });
  setInterval(() => { if (!document.hidden) sendSoon(0); }, EVERY);
  sendSoon(0);
}

/** In `after` ms, and not before the server wants to hear from us again. */
function sendSoon(after) {
  clearTimeout(timer);
  timer = setTimeout(() => send(), Math.max(after, quietUntil - Date.now()));
}

/** Somebody asks for it: what was refused for its size goes once more, with all that lies beside the scans. */
export function insist() {
  large.clear();
  changes.dispatchEvent(new Event("insisted"));
  return send();
}

/** Send what is unsent, for whoever signed it on this phone. True when nothing waits. */
export function send() {
  sending ??= sendAll().finally(() => { sending = null; });
  return sending;
}

async function sendAll() {
  clearTimeout(timer);
  if (Date.now() < quietUntil) {
    sendSoon(0);
    return false;
  }
  let reached = true;
  let moved = false;
  const known = writings;
  for (const device of await store.devices()) {
    const own = () => unsent().filter((each) => each.device === device.device && !large.has(each.digest)).sort((a, b) => isLarge(a) - isLarge(b) || a.n - b.n);
    if (device.device !== store.me()?.device && !own().length) continue;
    const before = own().length;
    const { again, wait } = await sendFor(device, own);
    if (again) reached = false;
    if (own().length < before) moved = true;
    if (wait) quietUntil = Date.now() + wait * 1000;
  }
  failures = reached || moved ? 0 : failures + 1;
  if (news) changes.dispatchEvent(new Event("learned"));
  news = false;
  if (reached) changes.dispatchEvent(new Event("sent"));
  if (reached && writings !== known) sendSoon(0); // written when its phone had had its turn
  if (!reached) sendSoon(Math.random() * Math.min(LONGEST, 1000 * 2 ** Math.min(failures, 9)));
  changed();
  return kept().length === 0;
}

/** Everything one device has unsent, batch by batch. {again: something is left, wait: seconds the server asked for}. */
async function sendFor(device, own) {
  const aside = new Set(); // not receipted: they stay kept, and the others do not wait for them
  let most = fits;
  let bound = BATCH;
  for (;;) {
    const batch = cut(own().filter((each) => !aside.has(each.n)), most);
    const since = device.since ? new Date(Date.parse(device.since) - OVERLAP).toISOString() : null;
    const scans = batch.map(({ body, sig, extras }) => (extras ? { body, sig, extras } : { body, sig }));
    const pin = witness.pin(device);
    const answer = await call("scans", { token: device.token, json: { device: device.device, since, pin, scans } });
    const safe = answer.status === 200 && Array.isArray(answer.data.results) ? await learn(device, batch, answer.data) : null;
    if (safe && (safe.size || !batch.length)) await witness.look(device.device, pin, answer.data);
    if (safe && (safe.size || !batch.length)) {
      reach(device, "ok");
      most = Math.min(bound, most * 2);
      fits = most;
      for (const each of batch) if (!safe.has(each.digest)) aside.add(each.n);
      if (own().every((each) => aside.has(each.n))) return { again: aside.size > 0, wait: 0 };
    } else if ([400, 415].includes(answer.status) && batch.length) {
      const { index } = answer.data;
      const odd = Number.isInteger(index) ? batch[index] : batch.length === 1 ? batch[0] : null;
      if (odd) await settle([{ ...key(odd), status: "person", why: "raw" }]);
      else most = bound = Math.ceil(batch.length / 2);
    } else if (answer.status === 413 && batch.length) {
      most = Math.ceil(batch.length / 2);
      bound = batch.length > 1 ? most : BATCH; // the others may still go together
      if (batch.length === 1) await setLarge(batch[0]);
    } else {
      if (answer.silent && batch.length) fits = Math.ceil(batch.length / 2);
      reach(device, { 401: "signin", 403: "refused", 426: "old" }[answer.status] ?? "offline", safe !== null || answer.foreign);
      return { again: true, wait: answer.wait };
    }
  }
}

/** What the last answer says about the line, as far as the phone's own courier is concerned. */
function reach(device, how, foreign = false) {
  strangers = foreign ? strangers + 1 : 0;
  if (device.device === store.me()?.device) line = strangers >= STRANGE ? "foreign" : how;
}

function cut(rest, most) {
  const batch = [];
  let size = 0;
  for (const each of rest.slice(0, most)) {
    size += each.body.length + each.sig.length + 400 + JSON.stringify(each.extras ?? "").length;
    if (batch.length && (size > LARGEST || isLarge(each))) break;
    batch.push(each);
  }
  return batch;
}

const key = ({ device, n }) => ({ device, n });

async function setLarge(it) {
  large.add(it.digest);
  await settle([{ ...key(it), why: "large" }]);
}

async function settle(said) {
  if (!said.length) return;
  await store.mark(said);
  for (const { device, n, ...facts } of said) Object.assign(all.find((each) => each.device === device && each.n === n), facts);
  changed();
}

/** Take over what the answer says of our rows. The digests of those that are safe there: their receipts are good. */
async function learn(device, batch, data) {
  const said = [];
  const safe = new Set();
  const good = await Promise.all(data.results.map((result) => row(result.digest) && receipt.good(row(result.digest), result, data)));
  for (const result of data.results.filter((_, nth) => good[nth])) {
    const it = row(result.digest);
    safe.add(it.digest);
    said.push({ ...key(it), ...judged(it, result), seq: result.seq, receipt: result.receipt, recorded_at: result.recorded_at });
  }
  for (const result of data.later ?? []) {
    const it = row(result.digest);
    if (it && it.status !== "kept" && result.nth > it.nth) said.push({ ...key(it), ...judged(it, result), nth: result.nth });
  }
  await settle(said);
  if (safe.size) news = true;
  if (safe.size || !batch.length) await store.note(device.device, { since: data.server_time, server: { server_time: data.server_time, server_sig: data.server_sig } });
  return safe;
}

function judged(it, { verdict: said, why, flags }) {
  const verdict = why === "repeats_claim" ? "disputed" : said; // as is what it tells again, maybe on another phone
  const cancelled = flags ? it.meta.event === "collect" && flags.includes("collected_after_cancel") : it.cancelled ?? false;
  const doubtful = it.meta.sealDiffers || cancelled || (why === "collect_unproven" && it.meta.hadCode);
  return { verdict, why, cancelled, status: believed({ verdict }) && !doubtful ? "arrived" : "person" };
}

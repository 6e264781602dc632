// The lock: six digits of the courier's own open what this phone keeps of the day. Digits are kept nowhere: a key is worked
// out of them, slowly, and either it opens the seal or they were wrong. Wrong ones are counted on the disk before they are
// tried; ten of them and only the server can help. The outbox is not behind the lock: it goes on sending.
import { changes } from "./outbox.js";
import * as sign from "./sign.js";
import * as store from "./store.js";

const IDLE = 15 * 60000;
const ROUNDS = 600000; // of PBKDF2, as OWASP asks for SHA-256
const FREE = 4; // wrong digits that cost no time
const WAITS = [60000, 300000, 900000];
const LAST = 10;
const PROOF = new TextEncoder().encode("lock-v1");

let record = null; // {device, salt, rounds, proof, wrong, until}, as it lies on the disk
let key = null; // only while open
let touched = 0;

export const isOpen = () => key !== null;
export const isSet = () => record !== null;
export const isSpent = () => (record?.wrong ?? 0) >= LAST;

/** ms until digits may be tried again. */
export const wait = () => Math.max(0, (record?.until ?? 0) - Date.now());

export async function load() {
  const found = await store.read("lock");
  record = found && found.device === store.me()?.device ? found : null;
  key = null;
}

async function worked(digits, salt, rounds) {
  const from = await crypto.subtle.importKey("raw", new TextEncoder().encode(digits), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, from, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** {iv, bytes} of some bytes under a key. */
export async function seal(bytes, under = key) {
  const iv = sign.random(12);
  return { iv, bytes: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, under, bytes) };
}

/** The bytes again. Throws when this is not their key. */
export const unseal = ({ iv, bytes }, under = key) => crypto.subtle.decrypt({ name: "AES-GCM", iv }, under, bytes);

/** New digits; what was sealed with others before is lost and must be fetched again. */
export async function choose(digits) {
  const salt = sign.random(16);
  const made = await worked(digits, salt, ROUNDS);
  record = { device: store.me().device, salt, rounds: ROUNDS, proof: await seal(PROOF, made), wrong: 0, until: 0 };
  await store.write({ lock: record, day: null, drafts: null });
  enter(made);
}

/** Whether these digits open the lock. */
export async function open(digits) {
  if (isSpent() || wait()) return false;
  const wrong = record.wrong + 1;
  const until = wrong > FREE ? Date.now() + WAITS[Math.min(wrong - FREE, WAITS.length) - 1] : 0;
  record = { ...record, wrong, until };
  await store.write({ lock: record, ...(wrong >= LAST ? { day: null, drafts: null } : {}) });
  const made = await worked(digits, record.salt, record.rounds);
  try {
    await unseal(record.proof, made);
  } catch {
    return false;
  }
  record = { ...record, wrong: 0, until: 0 };
  await store.write({ lock: record });
  enter(made);
  return true;
}

function enter(made) {
  key = made;
  touched = Date.now();
  changes.dispatchEvent(new Event("opened"));
}

export function close() {
  key = null;
  changes.dispatchEvent(new Event("closed"));
}

/** Close after fifteen minutes without a touch or a scan; a phone that slept in a pocket finds out when it wakes. */
export function watch() {
  const look = () => {
    if (isOpen() && Math.abs(Date.now() - touched) > IDLE) close(); // also when the clock was put back
  };
  for (const kind of ["pointerdown", "keydown"]) {
    window.addEventListener(kind, () => { look(); touched = Date.now(); }, { passive: true, capture: true });
  }
  changes.addEventListener("written", () => { touched = Date.now(); });
  document.addEventListener("visibilitychange", look);
  setInterval(look, 10000);
}

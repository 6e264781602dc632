// Drafts: what has been counted and read at a door so far, until it is signed. Each step of it lies on the phone sealed as
// the day is, so that a small phone that loses its page, or a hand that closes it, costs nobody a count. Nothing of it is
// personal, and it goes with the day.
import * as lock from "./lock.js";
import { me, read, write } from "./store.js";

const SHIFT = 12 * 3600000;
const drafts = new Map();
let lastUnknown = {};
let written = "[]"; // as it lies on the disk
let writing = Promise.resolve();

/** After the lock was opened: what was begun on this phone, beside what this page knows itself. */
export async function restore() {
  const kept = await read("drafts");
  if (!kept) written = "[]";
  if (!kept || kept.device !== me()?.device || Date.now() - kept.at > SHIFT) return;
  try {
    const words = new TextDecoder().decode(await lock.unseal(kept.sealed));
    for (const [key, { counts, got, ...rest }] of JSON.parse(words)) if (!drafts.has(key)) drafts.set(key, { ...rest, counts: new Map(counts), got: got && new Set(got) });
    written = words;
  } catch { /* sealed by other digits, or cut short */ }
}

/** Put what is known now on the disk, one writing after the other. */
export function keep() {
  const words = JSON.stringify([...drafts].map(([key, { counts, got, year, warned, ...rest }]) => [key, { ...rest, counts: [...counts], got: got && [...got] }]));
  if (words === written || !lock.isOpen() || !me()) return;
  written = words;
  const { device } = me();
  writing = writing.then(async () => write({ drafts: { device, at: Date.now(), sealed: await lock.seal(new TextEncoder().encode(words)) } })).catch(() => { written = null; }); // a full phone: then as long as the page
}

/** The day is over on this phone, and what was begun in it. */
export function forget() {
  drafts.clear();
  written = "[]";
  writing = writing.then(() => write({ drafts: null }));
  return writing;
}

document.addEventListener("visibilitychange", () => { if (document.hidden) keep(); });

export function draft(visit) {
  if (!drafts.has(visit)) drafts.set(visit, { counts: new Map(), calls: [] });
  return drafts.get(visit);
}

/** What was begun at a home: its slip has been seen, and nothing is signed yet; null otherwise. */
export const begun = (visit) => (drafts.get(visit)?.slip ? drafts.get(visit) : null);

export function drop(visit) {
  drafts.delete(visit);
  keep();
}

export const setUnknown = (facts) => { lastUnknown = facts; };
export const unknownFacts = () => lastUnknown;

// Drafts: what has been counted and read at a door so far, until it is signed. Gone with the page, as a pencil note is; but
// taking a picture may cost a small phone the page, so what is written stays while this window lives. Nothing of it is personal.
const KEPT = "drafts";
const drafts = new Map(restored());
let lastUnknown = {};

function restored() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]").map(([key, { counts, got, ...rest }]) => [key, { ...rest, counts: new Map(counts), got: got && new Set(got) }]);
  } catch {
    return [];
  }
}

function keep() {
  const written = [...drafts].map(([key, { counts, got, year, ...rest }]) => [key, { ...rest, counts: [...counts], got: got && [...got] }]);
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(written));
  } catch { /* a full phone: then as long as the page */ }
}

document.addEventListener("visibilitychange", () => { if (document.hidden) keep(); });
window.addEventListener("pagehide", keep);

export function draft(visit) {
  if (!drafts.has(visit)) drafts.set(visit, { counts: new Map(), calls: [] });
  return drafts.get(visit);
}

export function drop(visit) {
  drafts.delete(visit);
  keep();
}

export const setUnknown = (facts) => { lastUnknown = facts; };
export const unknownFacts = () => lastUnknown;

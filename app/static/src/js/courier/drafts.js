// Drafts: what has been counted and read at a door so far, until it is signed. Gone with the page, as a pencil note is.
const drafts = new Map();
let lastUnknown = {};

export function draft(visit) {
  if (!drafts.has(visit)) drafts.set(visit, { counts: new Map(), calls: [] });
  return drafts.get(visit);
}

export const drop = (visit) => drafts.delete(visit);
export const setUnknown = (facts) => { lastUnknown = facts; };
export const unknownFacts = () => lastUnknown;

// The list of replaced slips: fetched with the day, kept on the phone, asked at every scan, with a network or without. Six
// bytes a packet name nobody, so it lies open, and the next courier's day goes on with it.
import { call } from "./api.js";
import { me, read, write } from "./store.js";
import { merged, replaced } from "./token.js";

const NAME = "replaced";
const WHOLE = 86400000; // after a day it is fetched anew, without those whose journey is over
let kept = null; // {list, until, since}
let asking = null;

export const isReplaced = (token) => Boolean(kept && replaced(kept.list, token));

/** The server's time of the list: every scan says by which one it was made. */
export const until = () => kept?.until ?? null;

/** What lies on the phone, when it starts. */
export async function open() {
  kept = (await read(NAME)) ?? null;
}

export function refresh() {
  asking ??= ask().finally(() => { asking = null; });
  return asking;
}

async function ask() {
  const goesOn = kept?.until && Date.now() - kept.since < WHOLE;
  const path = "slips/revoked";
  const { status, data, until } = await call(goesOn ? `${path}?since=${encodeURIComponent(kept.until)}` : path, { token: me().token });
  if (status !== 200 || !until) return;
  kept = goesOn ? { ...kept, list: merged(kept.list, data), until } : { list: data, until, since: Date.now() };
  await write({ [NAME]: kept });
}

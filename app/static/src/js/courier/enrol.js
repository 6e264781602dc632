// How this phone comes into service, goes on, and leaves: a ticket from the post office, a key made here, six digits that
// a second person compares. Pages hold no rule of it.
import { call } from "./api.js";
import * as day from "./day.js";
import * as lock from "./lock.js";
import { load, send } from "./outbox.js";
import { askToKeep } from "./phone.js";
import * as sign from "./sign.js";
import { learnReceiptKeys, leavePhone, me, note, takePhone } from "./store.js";

const TICKET = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const NEAR = 30 * 86400000; // before its end a phone asks to go on
const bytes = (text) => new TextEncoder().encode(text);

/** The letters as they are signed, or null: spaces and dashes do not matter, O is 0, I and L are 1. */
export function letters(text) {
  const found = String(text ?? "").toUpperCase().replace(/[\s\u00A0._\u2010-\u2015-]+/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return TICKET.test(found) ? found : null;
}

/** The ticket in an address such as #enrol=…, or null. */
export const ticketIn = (path) => letters(/^enrol=(.*)$/.exec(path)?.[1]);

/** Six digits over ticket and key, as the post office's page works them out. */
export async function checkCode(ticket, publicKey) {
  const key = sign.unbase64(publicKey);
  const head = bytes(`check-v1\n${ticket}\n`);
  const message = new Uint8Array(head.length + key.length);
  message.set(head);
  message.set(key, head.length);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", message));
  const number = digest.slice(0, 6).reduce((sum, byte) => sum * 256 + byte, 0);
  return String(number % 1000000).padStart(6, "0");
}

/** Answer a ticket. {status, key, wait} of the answer when it did not work, null when it did. */
export async function answer(ticket) {
  const { key, publicKey } = await sign.makeKey();
  const proof = await sign.over(key, `enrol-v1\n${ticket}`);
  return take(key, { ticket, proof, public_key: publicKey }, { check: await checkCode(ticket, publicKey) });
}

/** The same with name and password, where that is enough. */
export async function signIn(login, password) {
  const { key, publicKey } = await sign.makeKey();
  return take(key, { user: login, password, public_key: publicKey }, { login });
}

async function take(key, said, facts) {
  const label = (navigator.userAgentData?.platform ?? navigator.platform ?? "").slice(0, 60);
  const { status, data, wait } = await call("devices", { json: { ...said, label } });
  if (status !== 201) return { status, key: data.key, wait };
  const { device, party, actor, token } = data;
  await learnReceiptKeys(data.keys?.receipt);
  await takePhone({ device, party, actor, token, key, ...facts, waiting: data.standing === "waiting", n: 0, back: null, since: new Date().toISOString(), server: {} });
  await load();
  await lock.load();
  askToKeep();
  day.forget();
  send();
  return null;
}

/** Ask how this phone stands while it waits: "waiting", "in_service", "over", or null when nobody answered. */
export async function stand() {
  const phone = me();
  const { status, data } = await call("devices/me", { token: phone.token, patience: 8000 });
  if (status !== 200 && status !== 401) return null;
  if (data.standing === "waiting") return "waiting";
  if (data.standing === "in_service") {
    await note(phone.device, { waiting: false });
    send();
    return "in_service";
  }
  await leavePhone();
  return "over";
}

/** Ninety more days for the same key, when the end is near; nobody has to do anything. */
export async function goOn({ device, valid_until: ends }) {
  if (device !== me()?.device || Date.parse(ends) - Date.now() > NEAR) return;
  const proof = await sign.over(me().key, `renew-v1\n${device}\n${ends}`);
  await call("devices/me/renew", { token: me().token, json: { proof } });
}

/** The courier's phones, this one among them; null when nobody answered. */
export async function phones() {
  const { status, data } = await call("devices", { token: me().token });
  return status === 200 ? data.devices : null;
}

export async function retire(device, why) {
  const { status } = await call(`devices/${device}/retire`, { token: me().token, json: { why } });
  return status === 200;
}

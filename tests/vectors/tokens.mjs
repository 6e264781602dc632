// The phone's word on every token of tokens.json, as JSON on the standard output.
import { readFileSync } from "node:fs";
import { genuine, merged, read, readDoor, replaced, unb32 } from "../../app/static/src/js/courier/token.js";

const told = JSON.parse(readFileSync(new URL("tokens.json", import.meta.url)));

async function judge({ text }) {
  if (!unb32(text, 83)) return { why: "token_damaged" };
  const token = read(text);
  if (!token || !(await genuine(token, told.keys))) return { why: "token_forged" };
  return { code: token.code, issue: token.issue, key: token.key, around: token.around };
}

async function judgeDoor({ text }) {
  if (!unb32(text, 83)) return { why: "token_damaged" };
  const token = readDoor(text);
  if (!token || !(await genuine(token, told.keys))) return { why: "token_forged" };
  return { type: token.type, code: token.code, ends: token.ends.toISOString(), key: token.key };
}

const list = told.good.length ? Uint8Array.from(told.good.slice(0, 50).flatMap(({ text, issue }) => [...unb32(read(text).code, 10).subarray(0, 5), issue])) : [];
const later = Uint8Array.from([...list.subarray(0, 5), 250, 9, 9, 9, 9, 9, 1]); // one more of the first, and a stranger
const joined = merged(list, later);
const void_ = told.good.map(({ text }) => replaced(list, read(text)));

const first = read(told.good[0].text);

const all = (list, word) => Promise.all(list.map(word));
console.log(JSON.stringify({
  void: void_, joined: [joined.length - list.length, joined[5]], again: merged(joined, later).join() === joined.join(),
  withdrawn: await genuine(first, [{ id: first.key, withdrawn: true }, ...told.keys]),
  good: await all(told.good, judge), bad: await all(told.bad, judge),
  door: await all(told.door, judgeDoor), no_door: await all(told.no_door, judgeDoor),
}));

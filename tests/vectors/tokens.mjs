// The phone's word on every token of tokens.json, as JSON on the standard output.
import { readFileSync } from "node:fs";
import { genuine, read, readDoor, unb32 } from "../../app/static/src/js/courier/token.js";

const told = JSON.parse(readFileSync(new URL("tokens.json", import.meta.url)));

async function judge({ text }) {
  if (!unb32(text, 83)) return { why: "token_damaged" };
  const token = read(text);
  if (!token || !(await genuine(token, told.keys))) return { why: "token_forged" };
  return { code: token.code, issue: token.issue, key: token.key };
}

async function judgeDoor({ text }) {
  if (!unb32(text, 83)) return { why: "token_damaged" };
  const token = readDoor(text);
  if (!token || !(await genuine(token, told.keys))) return { why: "token_forged" };
  return { type: token.type, code: token.code, ends: token.ends.toISOString(), key: token.key };
}

const all = (list, word) => Promise.all(list.map(word));
console.log(JSON.stringify({
  good: await all(told.good, judge), bad: await all(told.bad, judge),
  door: await all(told.door, judgeDoor), no_door: await all(told.no_door, judgeDoor),
}));

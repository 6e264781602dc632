// The phone's word on every token of tokens.json, as JSON on the standard output.
import { readFileSync } from "node:fs";
import { genuine, read, unb32 } from "../../app/static/src/js/courier/token.js";

const told = JSON.parse(readFileSync(new URL("tokens.json", import.meta.url)));

async function judge({ text }) {
  if (!unb32(text, 83)) return { why: "token_damaged" };
  const token = read(text);
  if (!token || !(await genuine(token, told.keys))) return { why: "token_forged" };
  return { code: token.code, issue: token.issue, key: token.key };
}

console.log(JSON.stringify({ good: await Promise.all(told.good.map(judge)), bad: await Promise.all(told.bad.map(judge)) }));

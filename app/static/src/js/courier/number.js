// Numbers a courier types: the slip's own check digit finds a mistyped one before anybody is asked.
import { parse } from "../shared/codes.js";

const DAMM = [
  "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
  "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
];
const WEIGHTS = [8, 6, 4, 2, 3, 5, 9, 7];

const damm = (digits) => [...digits].reduce((state, digit) => Number(DAMM[state][Number(digit)]), 0);

function s10(serial) {
  const rest = 11 - (WEIGHTS.reduce((sum, weight, at) => sum + weight * Number(serial[at]), 0) % 11);
  return rest === 10 ? 0 : rest === 11 ? 5 : rest;
}

/** {number} or {why: "empty" | "form" | "check"}. */
export function readNumber(text) {
  if (!text.trim()) return { why: "empty" };
  const found = parse(text);
  if (!found || found.kind === "slip") return { why: "form" };
  const digits = found.value.replace(/\D/g, "");
  const right = found.kind === "hs" ? damm(digits) === 0 : s10(digits.slice(0, 8)) === Number(digits[8]);
  return right ? { number: found.value } : { why: "check" };
}

/** {seal: "NP0045821"} or {why: "empty" | "short" | "long", count}: seven digits, NP before them unless other letters stand there. */
export function readSeal(text) {
  const bare = text.toUpperCase().replace(/[^A-Z0-9]/g, "");
  const letters = /^[A-Z]{0,3}/.exec(bare)[0];
  const digits = bare.slice(letters.length).replace(/O/g, "0").replace(/[IL]/g, "1").replace(/\D/g, "");
  if (digits.length === 7) return { seal: (letters || "NP") + digits };
  return { why: !digits ? "empty" : digits.length < 7 ? "short" : "long", count: digits.length };
}

// Words: every sentence comes with the page; the scripts know keys only. %(name)s is filled here.
const said = JSON.parse(document.getElementById("said").textContent);

export const language = said.language;
export const other = said.other; // [code, name] of the language the page is not in
export const support = said.support;
export const icons = said.icons;
export const maps = said.maps;
export const passwordIsEnough = said.password;
export const VERSION = "1";
const HERE = "Asia/Ho_Chi_Minh";
const NBSP = "\u00a0";

export function t(key, values = {}) {
  const text = (values.count === 1 && said.texts[`${key}.one`]) || (said.texts[key] ?? key);
  return text.replace(/%\((\w+)\)s/g, (whole, name) => (values[name] ?? whole));
}

/** The first of these keys that has a sentence. */
export const told = (...keys) => t(keys.find((key) => key in said.texts) ?? keys.at(-1));

/** A word of the record, in the reader's language where the catalogue has it. */
export const inLanguage = (thing, field) => (language === "en" && thing[`${field}_en`]) || thing[field] || "";

const written = language === "vi" ? "vi-VN" : "en-US"; // whose months have three letters, as the pages write them

/** 67000 → "67.000"; "67,000" in English, where a point would begin the decimals */
export const grouped = (number) => new Intl.NumberFormat(written).format(number);

export const money = (amount) => grouped(amount) + NBSP + "đ";

/** "8:05", local to Viet Nam whatever the phone thinks. */
export function clock(at) {
  return new Intl.DateTimeFormat("vi-VN", { hour: "numeric", minute: "2-digit", hourCycle: "h23", timeZone: HERE }).format(new Date(at)).replace(/^0(\d)/, "$1");
}

/** "08:00" → "8:00" */
export const short = (time) => time.replace(/^0/, "");

export const slot = ([opens, closes]) => `${short(opens)}–${short(closes)}`;

/** The hour of an instant as slots have it, "08:05", likewise in Vietnam. */
export const hourOf = (at) => new Intl.DateTimeFormat("sv-SE", { hour: "2-digit", minute: "2-digit", timeZone: HERE }).format(new Date(at));

/** The day of an instant, as "2026-08-28", likewise. */
export const dateOf = (at) => new Intl.DateTimeFormat("sv-SE", { timeZone: HERE }).format(new Date(at));

/** "2026-08-28" → "Thứ Sáu, 28/8" this year, "Thứ Sáu, 28/8/2026" in another; "Friday, 28 Aug", "Friday, 28 Aug 2026" */
export function date(iso) {
  const [year, month, day] = iso.split("-").map(Number);
  const say = (parts) => new Intl.DateTimeFormat(written, { ...parts, timeZone: "UTC" }).format(new Date(Date.UTC(year, month - 1, day)));
  const weekday = say({ weekday: "long" }).replace(/(^|\s)\S/g, (letter) => letter.toUpperCase()).replaceAll(" ", NBSP);
  const another = !dateOf(Date.now()).startsWith(`${year}-`);
  if (language === "vi") return `${weekday}, ${day}/${month}${another ? `/${year}` : ""}`;
  return `${weekday}, ${day}${NBSP}${say({ month: "short" })}${another ? ` ${year}` : ""}`;
}

/** "Thứ Sáu, 28/8, 8:05" */
export const moment = (at) => `${date(dateOf(at))}, ${clock(at)}`;

/** "NP0045821" → "NP 0045 821" */
export function seal(number) {
  const found = /^([A-Z]*)(\d{4})(\d{3})$/.exec(number ?? "");
  return found ? `${found[1]}${NBSP}${found[2]}${NBSP}${found[3]}`.trim() : (number ?? "");
}

/** "+84900000123" → "0900 000 123" */
export function phone(number) {
  const local = number.startsWith("+84") ? `0${number.slice(3)}` : number;
  return local.length === 10 ? [local.slice(0, 4), local.slice(4, 7), local.slice(7)].join(NBSP) : local;
}

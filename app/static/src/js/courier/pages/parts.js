// Parts that several pages share: the theme button, the strip under the bar, the lines of a packet.
import * as day from "../day.js";
import { button, fault, h, icon, notice, tag } from "../dom.js";
import { keep } from "../drafts.js";
import * as lists from "../lists.js";
import * as outbox from "../outbox.js";
import * as peers from "../peers.js";
import { keepPhoto } from "../photos.js";
import { nextTheme, setTheme } from "../phone.js";
import { draw } from "../router.js";
import { newer, renew, speak } from "../shell.js";
import { isTight } from "../spare.js";
import { me } from "../store.js";
import { doubts } from "../witness.js";
import { moment, other, seal, slot, t } from "../words.js";

const THEME_ICONS = { day: "eye", sun: "sun", night: "moon" };
const LONG = 7200000;
const WRONG_CLOCK = 600000;

export function themeButton() {
  const next = nextTheme();
  const turn = () => { setTheme(next); draw(false); document.getElementById("theme")?.focus(); };
  return h("button", { type: "button", id: "theme", onclick: turn }, icon(THEME_ICONS[next], t(`theme.${next}`)));
}

/** The other language, in its own words. */
export function languageButton() {
  const [to, name] = other;
  const says = h("p", { role: "status", class: "danger" });
  const turn = () => speak(to).catch(() => { says.textContent = t("language.offline"); });
  return h("div", { class: "stack-tight" }, h("button", { type: "button", class: "button-quiet button-wide", id: "language", lang: to, onclick: turn }, name), says);
}

/** How many scans are in each of the three places; with what another phone signed, and lists, that were refused. */
export function counts() {
  const found = outbox.counts();
  return { ...found, person: found.person + peers.refused().length + lists.refused().length };
}

/** What the network and the outbox have to say, one line; null when there is nothing to say yet. */
export function strip() {
  const { kept, arrived } = outbox.counts();
  const state = outbox.state();
  if (isTight()) return line("danger", "stop", t("outbox.tight"), "#/outbox");
  if (state === "signin" || day.trouble() === "signin") return line("danger", "lock", t("strip.signin"), "#/enrol");
  if (state === "refused") return line("danger", "stop", t("strip.refused"));
  if (state === "old" || day.trouble() === "old") return line("danger", "sync", t("strip.old_app"), "#/phone");
  if (doubts(me())) return line("danger", "stop", t("strip.log"));
  if (outbox.waiting() > LONG) return line("danger", "offline", t("strip.old", { hours: Math.floor(outbox.waiting() / 3600000) }));
  if (outbox.unsent().length > outbox.kept().length) return line("danger", "stop", t("strip.large"), "#/outbox");
  if (state === "foreign") return line("warning", "offline", t("strip.foreign"));
  if (Math.abs(me()?.skew ?? 0) > WRONG_CLOCK) return line("warning", "clock", t("strip.clock"));
  if (!navigator.onLine) return line("warning", "offline", t("strip.offline"));
  if (kept) return line("stamp", "saved", t("strip.waiting", { count: kept }));
  return arrived ? line("ok", "post", t("strip.all")) : null;
}

const line = (tone, name, text, href = null) => h("div", { class: `strip tone-${tone}`, role: "status" }, icon(name), href ? h("a", { href }, text) : h("span", {}, text));

/** A newer version waits on this phone: it takes over when the courier wants it to. `always`: also where the server asks for one. */
export function renewal(always = false) {
  const asked = always && (outbox.state() === "old" || day.trouble() === "old");
  if (!newer() && !asked) return null;
  return notice("", "sync", h("p", {}, t(newer() ? "renew.ready" : "renew.asked")), button(t(newer() ? "renew.go" : "renew.fetch"), renew, { quiet: true, big: false, id: "renew" }));
}

/** What was offered to another phone, or by one, and lies open for hours: both are reminded, of what their bag still holds or has
 *  not got. */
export function forgotten(now) {
  const here = new Set(now.carrying.map((packet) => packet.code));
  const open = ({ side, packets }) => packets.filter(({ code }) => !now.known || here.has(code) === (side === "giver")).length;
  return peers.forgotten().map((each) => ({ ...each, count: open(each) })).filter(({ count }) => count).map(({ key, side, count }) => notice("warning", "clock", h("p", {}, t(`peer.forgotten_${side}`, { count })),
    h("a", { class: "link-target", href: side === "giver" ? `#/offer/${key}` : "#/receive" }, t("peer.look"))));
}

/** Whether any of these is for a procedure of the same day: before all others, there and back. */
export const sameDay = (stops) => haste(stops.some(({ packets: [packet] }) => packet.same_day));
const haste = (there) => (there ? tag("clock", t("packet.same_day"), "stamp") : null);

export const kindTag = (stop) => tag(stop.kind === "collect" ? "home" : "packet", day.errand(stop));

/** When: the promised hours, and about when the plan expects us. */
export const hours = (stop) => h("p", { class: "time" }, slot(stop.slot));

/** One fact: a picture and its words, the words under each other when they wrap. */
export const fact = (name, words) => h("p", { class: "fact" }, icon(name), h("span", {}, words));

/** Another phone number, less than a day ago: they may have no code for what is brought. The server judges; this only says so. */
export function noCodeYet({ kind, person }) {
  const until = person.no_code_until;
  if (kind !== "deliver" || !until || Date.parse(until) <= day.clockNow()) return null;
  return notice("stamp", "lock", h("p", {}, t("visit.no_code", { time: moment(until) })));
}

export function sealLine(packet) {
  return packet.seals.length ? fact("seal", t("seal.number", { seal: seal(packet.seals.at(-1)) })) : null;
}

/** Instead of an empty list, while this phone has not heard yet what would stand in it; null once it has. */
export function unheard(now) {
  if (now.known) return null;
  if (!day.trouble()) return h("p", { role: "status" }, t("day.asking"));
  return notice("warning", "offline", h("p", {}, t("day.unheard")), retry(t("round.again"), () => day.refresh()));
}

/** Where this scan of ours is said to be wrong; nothing once something follows it. */
export const undoLink = (row, id = "undo") => (row && day.undoable(row) ? h("a", { class: "link-target", href: `#/undo/${row.digest}`, id }, t("undo.link")) : null);

export const retry = (text, work) => button(text, work, { before: "sync", quiet: true });

/** The dossier's number, which the citizen knows; nothing while the packet carries the same. */
export const known = (packet, className) => (packet.dossier && packet.dossier !== packet.number ? h("span", { class: `code ${className}` }, packet.dossier) : null);

/** One packet in a list: its number, what it is, its seal; `more` stands below. */
export function packetLine(packet, tone = null, ...more) {
  return h("li", { class: tone ? `tone-${tone}` : null }, icon("packet"), h("div", {}, h("b", { class: "code" }, packet.number), h("p", { class: "small" }, known(packet, "small"), known(packet, "small") && h("br"), t(`packet.${packet.way}`)),
    haste(packet.same_day), packet.seals.length ? h("p", { class: "small" }, t("seal.number", { seal: seal(packet.seals.at(-1)) })) : null, more));
}

let showPicture = () => {}; // on the page as it is drawn now: a choice may have drawn it anew while the picture was made small

/** A picture for this scan, if the courier wants one: kept on the phone under its hash, sent later. `key` says of what. What is
 *  typed on the page stays. */
export function pictureFor(d, key) {
  const says = fault("photo-says");
  const file = h("input", { type: "file", class: "visually-hidden", id: "photo", accept: "image/*", capture: "environment", onchange: take });
  const label = h("label", { class: "button-quiet button-big button-wide", for: "photo" });
  async function take() {
    const [chosen] = file.files;
    if (!chosen) return;
    try {
      d.pictures = { ...d.pictures, [key]: (await keepPhoto(chosen)).sha256 };
      says.say("");
      keep();
      showPicture();
    } catch (error) {
      says.say(t(error.name === "QuotaExceededError" ? "outbox.tight" : "photo.unread"));
    }
    file.value = "";
  }
  function show() {
    const there = d.pictures?.[key];
    label.replaceChildren(file, icon(there ? "check" : "camera"), h("span", {}, t(there ? "photo.kept" : key)));
  }
  show();
  showPicture = show;
  return h("div", { class: "stack-tight" }, label, says);
}

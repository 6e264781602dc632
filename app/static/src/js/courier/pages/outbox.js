// Every scan on this phone: what needs a person first, then what waits, each newest first. There is no "delete", and three
// states only.
import { bar, bigIcon, button, h, icon, notice, page, thumb } from "../dom.js";
import * as lists from "../lists.js";
import * as outbox from "../outbox.js";
import * as peers from "../peers.js";
import { askToKeep, hand, isTight } from "../phone.js";
import { unsent } from "../photos.js";
import { changed } from "../router.js";
import { isTight as foundTight } from "../spare.js";
import { clock, t, told } from "../words.js";
import { counts, strip } from "./parts.js";

const MOST = 100; // lines; nothing that needs a person is left out
const rank = (row) => ["person", "kept", "arrived"].indexOf(outbox.status(row));
const LOOK = { kept: ["stamp", "saved"], arrived: ["ok", "post"], person: ["warning", "person"] };
const REFUSED = ["danger", "stop"]; // the server could not read it, or its picture, or take it in: no verdict will come of it
const DECIDED = ["taken_back", "settled_against", "after_settle"]; // by people, whatever was said of it before
let tried = false;
const room = { safe: true, tight: false }; // whether the browser keeps this page's memory, and has room for more

async function measure() {
  const [safe, tight] = await Promise.all([askToKeep(), isTight()]);
  if (safe === room.safe && tight === room.tight) return;
  Object.assign(room, { safe, tight });
  changed();
}

function warnings() {
  return [
    unsent() ? h("p", { class: "small" }, t("outbox.photos", { count: unsent() })) : null,
    room.tight && !foundTight() ? notice("danger", "stop", h("p", {}, t("outbox.tight"))) : null,
    room.safe ? null : notice("warning", "warn", h("p", {}, t("strip.not_kept"))),
  ];
}

export function outboxPage() {
  measure();
  const told = counts();
  const others = [...peers.refused().map(theirs), ...lists.refused().map(bag)];
  const rows = [...outbox.rows()].sort((a, b) => rank(a) - rank(b) || (a.at < b.at ? 1 : -1)).slice(0, Math.max(MOST, told.person));
  async function send() {
    tried = !(await outbox.insist());
    changed();
  }
  return {
    live: true,
    nodes: [
      bar(t("outbox.title"), t("outbox.counts", told), { back: "#/" }), strip(),
      rows.length || others.length
        ? page(tried && told.kept ? h("p", { role: "status" }, t("outbox.sent_none")) : null, warnings(), h("ul", { class: "queue" }, others, rows.map(line)), h("p", { class: "small soft" }, t("outbox.never_deleted")))
        : page(bigIcon("saved"), h("p", { class: "h2" }, t("outbox.none")), h("p", {}, t("outbox.never_deleted"))),
      thumb(button(t("outbox.send"), send, { before: "sync", id: "send" }),
        rows.length || others.length ? button(t("outbox.file"), () => hand(outbox.written(peers.refused()), `luot-quet-${new Date().toISOString().slice(0, 10)}.json`), { before: "download", quiet: true, id: "file" }) : null),
    ],
  };
}

function line(row) {
  const status = outbox.status(row);
  const [tone, picture] = row.why === "raw" || outbox.isLarge(row) || outbox.unpictured(row) ? REFUSED : LOOK[status];
  const why = status === "person" ? reason(row) : null;
  return h("li", { class: `tone-${tone}` }, icon(picture), h("div", {}, h("b", {}, t(`sync.${status}`)), h("p", {}, `${clock(row.at)} · ${t(`event.${row.meta.event}`)}`),
    h("p", { class: "small code" }, h("a", { class: "link-target", href: `#/verdict/${row.digest}` }, row.meta.number)), why ? h("p", { class: "small" }, why) : null));
}

/** What another courier's phone signed and this one told for them. */
function theirs(word) {
  const [tone, picture] = REFUSED;
  return h("li", { class: `tone-${tone}` }, icon(picture), h("div", {}, h("b", {}, t("sync.person")), h("p", {}, `${clock(word.at)} · ${t("event.transfer")}`),
    h("p", { class: "small code" }, word.number ?? ""), h("p", { class: "small" }, t(word.refused === "large" ? "outbox.large" : "outbox.raw"))));
}

/** A list of a bag that was counted: its scans have gone their own way. */
function bag(list) {
  const [tone, picture] = REFUSED;
  return h("li", { class: `tone-${tone}` }, icon(picture), h("div", {}, h("b", {}, t("sync.person")), h("p", {}, `${clock(list.closed)} · ${t("outbox.list", { name: list.name })}`),
    h("p", { class: "small" }, t("bulk.refused"))));
}

export function reason(row) {
  if (row.why === "raw") return t("outbox.raw");
  if (outbox.isLarge(row)) return t("outbox.large");
  if (row.status === "arrived" && outbox.unpictured(row)) return t("photo.refused");
  if (!DECIDED.includes(row.why) && (row.meta.undoes || outbox.rows().some((each) => each.meta.undoes === row.digest))) return t("undo.waits");
  if (row.meta.sealDiffers && !row.why) return t("why.seal_differs");
  if (row.cancelled) return t("why.collected_after_cancel");
  if (row.why === "proof_missing" && row.meta.hadCode) return t("verdict.code_wrong");
  return told(`why.${row.why}`, "why.other");
}

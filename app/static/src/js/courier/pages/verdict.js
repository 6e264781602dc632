// The verdict: icon, word, colour, sound, touch. It stays until touched, and it changes when the server says more.
import * as day from "../day.js";
import * as outbox from "../outbox.js";
import { button, code, h, icon, link, page, thumb } from "../dom.js";
import { begun, drop } from "../drafts.js";
import { play } from "../feedback.js";
import { go } from "../router.js";
import { me } from "../store.js";
import { money, seal as spoken, t } from "../words.js";
import { reason } from "./outbox.js";
import { undoLink } from "./parts.js";

const ASK = 2500; // a code is worth this wait for the server's word, when there seems to be a network
const played = new Map();
let asking = null;

/** Show the verdict of a row that is safely written. With a code the server is heard first, if it answers soon. */
export async function asked(row, withCode) {
  if (withCode && navigator.onLine && outbox.state() !== "offline") {
    asking = row.digest;
    go(`/verdict/${row.digest}`, { replace: true });
    await Promise.race([heard(row.digest), new Promise((done) => { setTimeout(done, ASK); })]);
    asking = null;
    outbox.changes.dispatchEvent(new Event("change"));
    return;
  }
  go(`/verdict/${row.digest}`, { replace: true });
}

/** A sending that was already under way may have left without this row: then once more. */
async function heard(digest) {
  await outbox.send();
  if (outbox.row(digest)?.status === "kept") await outbox.send();
}

/** A code that stopped something. What was collected stays collected, whatever its code. */
const stopped = (row) => row.meta.hadCode && row.why === "proof_missing" && row.meta.event !== "attest";

/** {tone, picture, word} of a row now. */
function look(row) {
  if (stopped(row) || row.cancelled || (row.verdict === "disputed" && !row.meta.undoes) || row.verdict === "quarantined") return { tone: "danger", picture: "stop", word: t("verdict.stop") };
  if (row.meta.undoes) return { tone: "stamp", picture: "undo", word: t("verdict.ok_dispute") };
  if (row.meta.sealDiffers || outbox.stands(row) === "person") return { tone: "stamp", picture: "warn", word: t("verdict.amber") };
  return { tone: "ok", picture: "check", word: t(row.meta.to === "DELIVERED_UNVERIFIED" ? "verdict.ok_unverified" : `verdict.ok_${row.meta.event}`) };
}

/** Of the same act for several packets of a home, the one that most wants eyes. */
function gravest(row) {
  const rows = row ? [row, ...(row.meta.also ?? []).map(outbox.row).filter(Boolean)] : [];
  return ["danger", "stamp", "ok"].flatMap((tone) => rows.filter((each) => look(each).tone === tone))[0];
}

export function verdict(digest) {
  const row = gravest(outbox.row(digest));
  if (!row) return { nodes: [page()], ready: () => go("/", { replace: true }) };
  if (asking === digest) return { live: true, nodes: [h("main", { class: "page asking", id: "main" }, icon("saved"), h("h1", { class: "h2", tabindex: "-1", role: "status" }, t("code.asking")))] };
  const { tone, picture, word } = look(row);
  return {
    live: true,
    nodes: [
      h("main", { class: `verdict tone-${tone}`, id: "main", "aria-live": "assertive" }, icon(picture), h("h1", { tabindex: "-1", id: "verdict" }, word), facts(row, tone), where(row), paid(row), undoLink(row)),
      thumb(after(row, tone)),
    ],
    ready() {
      if (played.get(digest) !== tone) play(tone);
      played.set(digest, tone);
    },
  };
}

function facts(row, tone) {
  const { meta } = row;
  if (stopped(row)) return [h("p", { class: "h3" }, t("verdict.code_wrong")), h("p", {}, t("verdict.code_wrong_do"))];
  if (tone === "danger") return [h("p", { class: "h3" }, reason(row)), code(meta.number), h("p", {}, t("verdict.kept"))];
  if (meta.sealDiffers && meta.known) return [h("p", {}, t("verdict.seals", { known: spoken(meta.known), read: spoken(meta.seal) })), h("p", {}, t("verdict.go_on"))];
  if (meta.undoes) return [code(meta.number), h("p", {}, t("undo.told"))];
  if (again(row)) return [h("p", { class: "h3" }, t("verdict.code_wrong")), code(meta.number), h("p", {}, t("verdict.code_wrong_in"))];
  if (tone === "stamp") return [h("p", {}, reason(row)), code(meta.number), outbox.isLarge(row) ? null : h("p", {}, t("verdict.go_on"))];
  return [
    [row, ...(meta.also ?? []).map(outbox.row).filter(Boolean)].map((each) => h("p", {}, code(each.meta.number))),
    meta.seal ? h("p", {}, t("seal.number", { seal: spoken(meta.seal) })) : null,
    ["miss", "decline"].includes(meta.event) ? h("p", {}, t("verdict.told")) : null,
    meta.event === "damaged" ? h("p", {}, t("damaged.lead")) : null,
    meta.to === "DELIVERED_UNVERIFIED" ? h("p", {}, t("verdict.unverified")) : null,
    meta.hadCode && row.status === "kept" ? h("p", {}, t("verdict.code_later")) : null,
  ];
}

const where = (row) => (row.status === "kept" ? h("p", {}, icon("saved"), " ", t("sync.kept")) : row.status === "arrived" ? h("p", {}, icon("post"), " ", t("sync.arrived")) : null);

/** What was taken with it, and where that is counted. */
function paid({ meta, extras }) {
  if (!meta.cash && !meta.bank) return null;
  const receipt = extras?.money?.receipt;
  return h("p", {}, h("a", { class: "link-target", href: "#/money" }, t(meta.cash < 0 ? "fee.given" : meta.cash ? "money.cash" : "money.transfer"), " ", money(Math.abs(meta.cash ?? meta.bank))), receipt ? [h("br"), `${t("money.receipt")}: `, code(receipt)] : null);
}

/** Where the code can be typed once more, after a collection whose code was wrong; null when nothing lacks it. */
function again(row) {
  const lacking = outbox.rows().find((each) => each.meta.code === row.meta.code && outbox.lacksWord(each));
  return lacking && (lacking === row || (row.meta.event === "attest" && row.why === "proof_missing")) ? `#/attest/${row.meta.code}` : null;
}

/** What is still open at the home of a visit that is over. */
function besides(visit) {
  const now = day.model();
  const stop = day.stopOf(now, visit);
  return stop && !day.isOpen(stop) ? day.atHome(now, stop) : [];
}

/** To the slip of the next packet there; to its page, where it is not in the bag yet or was begun. */
const wayTo = ({ kind, visit, packets: [packet] }) => ((kind === "collect" || packet.holder === me().party) && !begun(visit) ? `#/scan/visit/${visit}` : `#/visit/${visit}`);

function forgetful(way, forget) {
  way.addEventListener("click", forget);
  return way;
}

function after(row, tone) {
  const { meta } = row;
  if (stopped(row) && meta.event === "deliver") return [button(t("verdict.type_again"), () => go(`/deliver/${meta.visit}/code`, { replace: true }), { before: "keys", id: "again" }), link(t("visit.deliver_failed"), `#/visit/${meta.visit}/failed`, { quiet: true })];
  if (stopped(row) && meta.event === "confirm") return link(t("verdict.type_again"), `#/confirm/${meta.code}`, { before: "keys" });
  if (tone === "danger") return [h("a", { class: "button button-wide button-big", href: `tel:${day.officePhone()}`, id: "call" }, icon("phone"), " ", t("app.call_office")), link(t("verdict.to_round"), "#/", { quiet: true, id: "on" })];
  const forget = () => { drop(meta.visit); };
  if (meta.event === "take") return [link(t("verdict.next_packet"), "#/scan/take", { before: "qr" }), link(t("take.back"), "#/", { quiet: true })];
  const [beside] = meta.visit ? besides(meta.visit) : [];
  if (beside && !again(row)) return [forgetful(link(t("home.next"), wayTo(beside), { after: "next", id: "beside" }), forget), forgetful(link(t("verdict.to_round"), "#/", { quiet: true, id: "on" }), forget)];
  const on = link(t(tone === "ok" && meta.visit ? "verdict.next_home" : "verdict.to_round"), "#/", { after: "next", quiet: Boolean(again(row)), id: "on" });
  forgetful(on, forget);
  return [again(row) ? link(t("verdict.type_again"), again(row), { before: "keys", id: "again" }) : null, on];
}


// A list of what was handed in: both sides confirm it. What is missing on it stays with the courier.
import * as day from "../day.js";
import { bar, bigIcon, button, fault, h, icon, page, thumb } from "../dom.js";
import { play } from "../feedback.js";
import * as lists from "../lists.js";
import * as outbox from "../outbox.js";
import { changed, goOn } from "../router.js";
import { me } from "../store.js";
import { clock, seal, t } from "../words.js";
import { asked } from "./undo.js";
import { leaveTo } from "./walk.js";

const TONES = { moved: "ok", missing: "warning", surplus: "stamp", held: "stamp" };
let shown = null; // the list as it was fetched: what is read is what is signed

/** What the other side scanned and was never given is said to be so, as long as nobody has. */
const isTold = ({ digest }) => outbox.rows().some((row) => row.meta.undoes === digest);

export function handover(receipt) {
  const head = bar(t("handover.title"), receipt, { back: "#/carrying" });
  if (shown?.receipt !== receipt) return { live: true, nodes: [head, page(bigIcon("wait"), h("p", { role: "status", id: "handover-says" }, t("handover.loading"))), thumb()], ready: () => fetchList(receipt) };
  const says = fault("handover-error");
  const mine = shown.giver === me().party && !shown.confirmed.giver;
  async function sign() {
    const { status } = await lists.confirm(shown, "giver");
    if (status !== 200) return says.say(t("handover.offline"));
    play("ok");
    shown = null;
    await day.refresh();
    return goOn(`/handover/${receipt}`, "/carrying", { replace: true });
  }
  const wrong = (each) => {
    if (shown.giver !== me().party || !each.digest) return null;
    return isTold(each) ? h("p", { class: "small" }, t("undo.waits")) : h("a", { class: "link-target", href: `#/handover/${receipt}/${each.code}` }, t("handover.wrong"));
  };
  const line = (each) => h("li", { class: `tone-${isTold(each) ? "stamp" : TONES[each.result]}` }, icon("packet"), h("div", {}, h("b", { class: "code" }, each.number), h("p", { class: "small" }, t(`handover.${each.result}`)), each.seal ? h("p", { class: "small" }, t("seal.number", { seal: seal(each.seal) })) : null, wrong(each)));
  const first = (each) => (each.result === "moved" ? 1 : 0);
  return {
    nodes: [
      head,
      page(h("div", { class: "tally" }, h("b", {}, String(shown.scanned), h("small", {}, ` / ${shown.expected + shown.surplus}`)), h("p", {}, t("handover.counted"))),
        h("ul", { class: "queue" }, [...shown.lines].sort((a, b) => first(a) - first(b)).map(line)), says,
        shown.missing ? h("p", {}, t("handover.stays")) : null),
      thumb(mine ? button(t("handover.sign"), sign, { before: "pen", id: "sign" }) : h("p", {}, icon("check"), " ", t("handover.signed"))),
    ],
  };
}

/** What a counter took in without a list yet; null when there is nothing. */
export function takenIn() {
  const line = ({ code, number, digest, place, at }) => h("li", { class: isTold({ digest }) ? "tone-stamp" : null }, icon("post"), h("div", {}, h("b", { class: "code" }, number), h("p", { class: "small" }, t("handover.taken_in", { place, time: clock(at) })),
    isTold({ digest }) ? h("p", { class: "small" }, t("undo.waits")) : h("a", { class: "link-target", href: `#/handed/${code}` }, t("handover.wrong"))));
  const found = day.handedIn();
  return found.length ? h("section", { class: "stack-tight", id: "handed-in" }, h("h2", { class: "h3" }, t("handover.title_today")), h("ul", { class: "queue" }, found.map(line))) : null;
}

/** One of these, which this courier did not hand in. */
export function notHandedIn(code) {
  const found = day.handedIn().find((each) => each.code === code);
  if (!found || isTold(found)) return leaveTo("/carrying");
  return asked({ packet: { code, number: found.number, issue: null, holder: found.taker, head: found.digest }, digest: found.digest, under: t("handover.title_today"), back: "/carrying" });
}

/** One line of it: a packet this courier did not hand over. */
export function notGiven(receipt, code) {
  const line = shown?.receipt === receipt ? shown.lines.find((each) => each.code === code && each.digest) : null;
  if (!line) return leaveTo(`/handover/${receipt}`);
  const { number, digest } = line;
  return asked({ packet: { code, number, issue: null, holder: shown.taker, head: digest }, digest, under: t("handover.title"), back: `/handover/${receipt}` });
}

async function fetchList(receipt) {
  const { status, data } = await lists.show(receipt);
  if (status === 200) {
    shown = data;
    changed();
  } else {
    const place = document.getElementById("handover-says");
    if (place) place.textContent = t(status === 404 ? "handover.none" : "handover.offline");
  }
}

// A list of what was handed in: both sides confirm it. What is missing on it stays with the courier.
import * as day from "../day.js";
import { bar, bigIcon, button, fault, h, icon, page, thumb } from "../dom.js";
import { play } from "../feedback.js";
import * as lists from "../lists.js";
import { draw, go } from "../router.js";
import { me } from "../store.js";
import { seal, t } from "../words.js";

const TONES = { moved: "ok", missing: "warning", surplus: "stamp", held: "stamp" };
let shown = null; // the list as it was fetched: what is read is what is signed

export function handover(receipt) {
  const head = bar(t("handover.title"), receipt, { back: "#/carrying" });
  if (shown?.receipt !== receipt) return { nodes: [head, page(bigIcon("wait"), h("p", { role: "status", id: "handover-says" }, t("handover.loading"))), thumb()], ready: () => fetchList(receipt) };
  const says = fault("handover-error");
  const mine = shown.giver === me().party && !shown.confirmed.giver;
  async function sign() {
    const { status } = await lists.confirm(shown, "giver");
    if (status !== 200) return says.say(t("handover.offline"));
    play("ok");
    shown = null;
    await day.refresh();
    return go("/carrying", { replace: true });
  }
  const line = (each) => h("li", { class: `tone-${TONES[each.result]}` }, icon("packet"), h("div", {}, h("b", { class: "code" }, each.number), h("p", { class: "small" }, t(`handover.${each.result}`)), each.seal ? h("p", { class: "small" }, t("seal.number", { seal: seal(each.seal) })) : null));
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

async function fetchList(receipt) {
  const { status, data } = await lists.show(receipt);
  if (status === 200) {
    shown = data;
    draw(true);
  } else {
    const place = document.getElementById("handover-says");
    if (place) place.textContent = t(status === 404 ? "handover.none" : "handover.offline");
  }
}

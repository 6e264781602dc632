// The courier's own phones: which there are, and taking a lost one out of service from this one.
import { bar, button, choices, fault, h, icon, notice, page, thumb } from "../dom.js";
import * as enrol from "../enrol.js";
import { changed, goOn } from "../router.js";
import { me } from "../store.js";
import { moment, t } from "../words.js";
import { retry } from "./parts.js";

const WHYS = ["lost", "stolen", "replaced"];
let listed = null; // null: not asked yet; false: nobody answered
let gone = false;

async function ask() {
  listed = (await enrol.phones()) ?? false;
  changed();
}

export function phonesPage() {
  if (listed === null) ask();
  const parts = listed === null ? h("p", { role: "status" }, t("phones.loading"))
    : listed === false ? notice("warning", "offline", h("p", {}, t("phones.offline")), retry(t("round.again"), ask))
      : h("ul", { class: "queue" }, listed.map(line));
  const said = gone ? notice("ok", "check", h("p", {}, t("phones.gone"))) : null;
  return {
    live: true,
    leave() { if (!/^#\/phones/.test(window.location.hash)) [listed, gone] = [null, false]; },
    nodes: [bar(t("phones.title"), null, { back: "#/phone" }), page(said, parts, h("p", { class: "small soft" }, t("phones.lead")))],
  };
}

function line(phone) {
  const here = phone.device === me().device;
  return h("li", { class: here ? "tone-ok" : "tone" }, icon("phone"), h("div", {}, h("b", {}, phone.label || t("phones.unnamed")),
    h("p", { class: "small" }, here ? t("phones.this") : phone.seen ? t("phones.seen", { time: moment(phone.seen) }) : t("phones.never")),
    here ? null : h("a", { class: "button-quiet", href: `#/phones/${phone.device}` }, icon("stop"), " ", t("phones.retire"))));
}

export function retirePage(device) {
  const says = fault("retire-says");
  let why = null;
  const asked = choices("why", t("phones.why"), WHYS.map((key) => [key, t(`gone.${key}`)]), null, (value) => { why = value; says.say(""); });
  async function work() {
    if (!why) return says.say(t("phones.why_empty"), asked.querySelector("input"));
    if (!(await enrol.retire(device, why))) return says.say(t("phones.offline"));
    [listed, gone] = [null, true];
    return goOn(`/phones/${device}`, "/phones", { replace: true });
  }
  return {
    nodes: [bar(t("phones.retire_title"), null, { back: "#/phones" }), page(h("p", {}, t("phones.retire_lead")), says, asked),
      thumb(button(t("phones.retire"), work, { before: "stop", quiet: true, danger: true }))],
  };
}

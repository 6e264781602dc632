// A whole bag in one go: the camera stays open, every packet beeps once, and the page says what is missing and what is
// there without being on the list. Taking moves a packet with its scan; giving only shows what lies in the bag.
import { parse } from "../../shared/codes.js";
import { sight, take } from "../acts.js";
import * as day from "../day.js";
import { bar, button, fault, h, icon, page, pair, thumb } from "../dom.js";
import { play } from "../feedback.js";
import * as lists from "../lists.js";
import { identify } from "../meeting.js";
import { readNumber } from "../number.js";
import { go, steadily } from "../router.js";
import { me } from "../store.js";
import { t } from "../words.js";
import { camera } from "./finder.js";
import { lastBag } from "./lastbag.js";
import { packetLine, strip } from "./parts.js";

/** way: "take" from the party `place`, or "give" to it. */
export function bulk(way, place) {
  const now = day.model();
  const bag = day.bagFor(now, way, place);
  if (!bag) return { nodes: [page()], ready: () => go(way === "take" ? "/take" : "/carrying", { replace: true }) };
  let list = lists.begin(way, place, bag.name, bag.packets);
  let last = null; // the packet read last, whose seal the eye compares
  let turn = Promise.resolve();
  const tally = h("div", { class: "tally" });
  const beside = lastBag(() => { last = null; say(t("bulk.seal_told")); draw(); });
  const below = h("div", { class: "stack" });
  const typing = typingForm(); // stays where it is whatever the camera sees, and the keyboard with it
  const body = h("div", { class: "stack", id: "bag" }, tally, beside.node, typing, below);
  const seen = camera(onCode);
  const told = h("p", { role: "status", id: "told" }); // what came of the packet read last; the camera has its own words
  const say = (text) => { told.textContent = text; };
  const footer = thumb();

  function onCode(text) {
    const found = parse(text);
    return found ? counted(found, false) : say(t("scan.foreign"));
  }

  /** One after the other, seen or typed: each is weighed against the list the one before has left. */
  function counted(found, typed) {
    turn = turn.catch(() => {}).then(() => count(found, typed));
    return turn;
  }

  async function count(found, typed) {
    await weigh(await identify(found, typed), found);
    steadily(draw);
  }

  async function weigh({ packet, slip, why, tone }, found) {
    if (packet && packet.code in list.found) return say(t("bulk.already", { number: packet.number }));
    if (why === "around") {
      play(tone);
      return say(t("unknown.around"));
    }
    const not = why ?? refusal(packet);
    if (not) {
      list = await lists.setAside(list, packet?.code ?? found.value, packet?.number ?? (found.kind === "slip" ? "" : found.value), not);
      play(tone ?? "danger");
      return say(t(`unknown.${not}`));
    }
    const seal = packet.seals.at(-1);
    await lists.lay(list);
    const row = way === "take" ? await take(packet, seal, slip, list.key) : await sight(packet, seal, slip, list.key);
    play(list.expected.some((each) => each.code === packet.code) ? "ok" : "stamp"); // the scan is written; the list may take its time
    list = await lists.tick(list, packet, row, seal);
    last = { packet, slip, row };
    return say(t("bulk.done", { number: packet.number }));
  }

  /** Why a packet is put aside instead; nothing when it belongs here. */
  function refusal(packet) {
    if (!packet.seals.length) return "no_seal";
    if (way === "give") return null;
    if (packet.holder === me().party) return "yours";
    return day.isTakeable(packet) && packet.holder === place ? null : "not_here";
  }

  function typingForm() {
    const says = fault("number-says");
    const input = h("input", { class: "input code", id: "number", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", enterkeyhint: "go", maxlength: 200, "aria-describedby": "number-says" });
    async function submit(event) {
      event.preventDefault();
      const slip = parse(input.value);
      const { number, why } = slip?.kind === "slip" ? {} : readNumber(input.value);
      if (why) return says.say(t(`type.${why}`), input);
      says.say("", input);
      input.value = "";
      await counted(slip ?? parse(number), !slip || slip.kind !== "slip");
      return input.focus();
    }
    return h("form", { class: "stack-tight", novalidate: true, onsubmit: submit }, h("label", { class: "label", for: "number" }, t("bulk.type")), says,
      h("div", { class: "beside" }, input, h("button", { class: "button-quiet", type: "submit" }, icon("plus", t("bulk.add")))));
  }

  function draw() {
    const { count, missing, surplus } = lists.balance(list);
    const section = (name, title, lines) => (lines.length ? h("section", { class: "stack-tight" }, h("h2", { class: "h3 row" }, icon(name), " ", title), h("ul", { class: "queue" }, lines)) : null);
    tally.replaceChildren(h("b", { id: "tally" }, String(count), h("small", {}, ` / ${list.expected.length}`)), h("p", {}, t("bulk.counted")), told);
    beside.show(last);
    below.replaceChildren(...[
      section("warn", t("bulk.missing", { count: missing.length }), missing.map((each) => packetLine(each, "warning"))),
      section("person", t("bulk.surplus", { count: surplus.length }), surplus.map((each) => packetLine(each, "stamp", h("p", { class: "small" }, t(`bulk.surplus_${way}`))))),
      section("stop", t("bulk.apart", { count: list.apart.length }), list.apart.map(({ number, why }) => h("li", { class: "tone-danger" }, icon("packet"), h("div", {}, h("b", { class: "code" }, number || t("bulk.no_number")), h("p", { class: "small" }, t(`unknown.${why}`)))))),
    ].filter(Boolean));
    const words = t(missing.length ? `bulk.${way}_short` : `bulk.${way}_all`, { count: count + surplus.length, missing: missing.length });
    footer.replaceChildren(...[count + surplus.length ? button(words, finish, { before: "check", id: "finish" }) : null, pair(seen.torch)].filter(Boolean));
  }

  /** What was read before the list is closed still belongs to it. */
  async function finish({ currentTarget: pressed }) {
    pressed.disabled = true;
    seen.leave();
    await turn.catch(() => {});
    await lists.close(list);
    go(`/bag/${list.key}`, { replace: true });
  }

  draw();
  return {
    nodes: [bar(t(`bulk.${way}`), bag.name, { back: way === "take" ? "#/take" : "#/carrying" }), strip(),
      h("div", { class: "finder finder-low" }, seen.video, seen.words), page(body), footer],
    ready: seen.ready,
    leave: seen.leave,
  };
}

/** The sentence with the number of a list in it, which no line ends within. */
const whole = (sentence, receipt) => sentence.split("%(receipt)s").flatMap((part, nth) => (nth ? [h("span", { class: "nowrap" }, receipt), part] : part));

/** What came of a bag that was counted. */
export function bagPage(key) {
  const list = lists.get(key);
  if (!list) return { nodes: [page()], ready: () => go("/", { replace: true }) };
  const { count, missing, surplus } = lists.balance(list);
  const short = missing.length + surplus.length + list.apart.length > 0;
  const next = list.way === "give" ? t("bulk.give_next", { place: list.name }) : list.receipt ? whole(t("bulk.written"), list.receipt) : t(list.why ? "bulk.refused" : "bulk.follows");
  return {
    live: true,
    nodes: [
      h("main", { class: `verdict tone-${short ? "stamp" : "ok"}`, id: "main" }, icon(short ? "warn" : "check"), h("h1", { tabindex: "-1" }, t(`bulk.${list.way}_done`, { count: count + surplus.length })),
        missing.length ? h("p", { class: "h3" }, t("bulk.missing", { count: missing.length })) : null,
        missing.map((each) => h("p", { class: "code" }, each.number)),
        surplus.length ? h("p", { class: "h3" }, t("bulk.surplus", { count: surplus.length })) : null,
        surplus.map((each) => h("p", { class: "code" }, each.number)),
        h("p", { id: "follows" }, next)),
      thumb(h("a", { class: "button button-wide button-big", href: "#/" }, t("verdict.to_round"), " ", icon("next"))),
    ],
  };
}

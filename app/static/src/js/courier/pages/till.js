// Money at the end: what should be there, what was counted, and the difference before anybody else sees it.
import * as day from "../day.js";
import { bar, button, fault, h, link, notice, page, thumb } from "../dom.js";
import { play } from "../feedback.js";
import * as outbox from "../outbox.js";
import { draw } from "../router.js";
import * as till from "../till.js";
import { clock, date, dateOf, grouped, money, t } from "../words.js";
import { strip, unheard } from "./parts.js";

const sense = (differs) => (differs === 0 ? "even" : differs < 0 ? "short" : "over");
let again = false; // they want to count once more
let begun = ""; // what was typed, while they look at a home

export function tillPage() {
  const held = day.purse();
  const due = held.postage + held.fee;
  const line = (term, amount) => h("div", {}, h("dt", {}, term), h("dd", {}, money(amount)));
  const waiting = outbox.unsent().filter((row) => row.meta.cash || row.meta.bank).length;
  const said = till.counted();
  const answered = held.counted && (!said || held.counted.at > said.at) ? held.counted : null;
  const advanced = Math.max(0, Math.min(-due, held.givenBack)); // to a citizen, out of their own money
  const body = [
    answer(answered),
    h("div", {}, h("p", {}, t(advanced ? "till.advanced" : "till.due")), h("p", { class: "number", id: "due" }, money(advanced || due))),
    h("dl", { class: "bill" }, line(t("till.postage", { count: held.times[0] }), held.postage), line(t("till.fee", { count: held.times[1] }), held.fee), line(t("till.bank"), held.byBank)),
    waiting ? notice("warning", "offline", h("p", {}, t("till.unsent", { count: waiting }))) : null,
  ];
  const head = bar(t("till.title"), date(dateOf(Date.now())), { back: "#/" });
  const waits = unheard(day.model());
  if (waits) return { live: true, nodes: [head, strip(), page(waits), thumb(link(t("take.back"), "#/"))] }; // what is due is the office's to say
  if (said && !answered && !again) {
    const words = { kept: "till.kept", told: "till.told", refused: "till.refused" }[said.state];
    return { live: true, nodes: [head, strip(), page(...body, notice(said.state === "refused" ? "warning" : "stamp", "money", h("p", { id: "told-count" }, t(words, { sum: money(said.amount) })))),
      thumb(button(t("till.again"), () => { again = true; draw(true); }, { quiet: true, id: "again" }))] };
  }
  if (advanced) return { live: true, nodes: [head, strip(), page(...body, notice("stamp", "money", h("p", {}, t("till.advanced_do")))), thumb(link(t("take.back"), "#/"))] };
  const { says, input, nodes } = counting(due);
  return {
    get live() { return !input.value; }, // what is being typed is never drawn over
    nodes: [head, strip(), page(...body, ...nodes), thumb(h("div", { id: "go", class: "stack" }, goOn(due, null, says, input)))],
    ready() {
      input.value = begun;
      if (begun) input.dispatchEvent(new Event("input"));
    },
  };
}

function answer(counted) {
  if (!counted) return null;
  const how = sense(counted.difference);
  return notice(how === "even" ? "ok" : "warning", how === "even" ? "check" : "warn",
    h("p", { id: "answer" }, t(`till.done_${how}`, { sum: money(counted.amount), time: clock(counted.at), differs: money(Math.abs(counted.difference)) })));
}

function counting(due) {
  const says = fault("cash-says");
  const differs = h("div", { id: "differs", role: "status" });
  const input = h("input", { class: "input digits", id: "cash", inputmode: "numeric", autocomplete: "off", maxlength: 16, "aria-describedby": "cash-says", oninput: count });
  function count() {
    const amount = typed();
    if (amount !== null) input.value = grouped(amount);
    begun = input.value;
    says.say("", input);
    differs.replaceChildren(...(amount === null ? [] : [weighed(amount - due)]));
    document.getElementById("go").replaceChildren(...goOn(due, amount, says, input));
  }
  function typed() {
    const digits = input.value.replace(/\D/g, "").slice(0, 12);
    return digits ? Number(digits) : null;
  }
  return { says, input, nodes: [h("div", { class: "stack-tight" }, h("label", { class: "label", for: "cash" }, t("till.counted")), says, input), differs] };
}

/** What a difference means, and which home to look at. */
function weighed(by) {
  if (by === 0) return notice("ok", "check", h("p", {}, t("till.even")));
  const home = till.suspect(by);
  return notice("warning", "warn", h("p", {}, t(`till.${sense(by)}`, { sum: money(Math.abs(by)) })),
    home ? h("p", {}, t(`till.look_${sense(by)}`, { n: home.n, sum: money(home.sum) })) : null);
}

function goOn(due, amount, says, input) {
  const by = amount === null ? 0 : amount - due;
  const home = by === 0 ? null : till.suspect(by);
  async function declare() {
    if (amount === null) return says.say(t("till.empty"), input);
    [again, begun] = [false, ""];
    await till.declare(amount);
    play("ok");
    return draw(true);
  }
  const on = button(t(`till.go_${sense(by)}`, { sum: money(by === 0 ? amount ?? due : Math.abs(by)) }), declare, { before: "money", quiet: Boolean(home), id: "declare" });
  return [home ? link(t("till.look_go", { n: home.n }), `#/verdict/${home.digest}`, { after: "next", id: "look" }) : null, on].filter(Boolean);
}

// Collecting, four steps at the door: count, seal, money, the citizen's word. Then one signed scan.
import { collect as sign } from "../acts.js";
import * as day from "../day.js";
import { bar, bigIcon, button, choices, fault, h, legs, notice, page, thumb } from "../dom.js";
import { draft, drop } from "../drafts.js";
import { readSeal } from "../number.js";
import { go } from "../router.js";
import { money, seal as spoken, t } from "../words.js";
import { codeStep } from "./code.js";
import { papersStep } from "./papers.js";
import { asked } from "./verdict.js";
import { missingVisit, overVisit } from "./visit.js";

export function collect(id, step) {
  const stop = day.stopOf(day.model(), id);
  if (!stop) return missingVisit();
  if (!day.isOpen(stop) || !stop.person) return overVisit();
  const steps = day.sum(stop) ? ["papers", "seal", "money", "code"] : ["papers", "seal", "code"];
  const d = draft(stop.visit);
  const at = steps.indexOf(step);
  if (at < 0 || !d.slip || (at > 0 && !d.sheets) || (at > 1 && !d.seal)) {
    if (!d.slip) return leaveTo(`/visit/${stop.visit}`);
    return leaveTo(`/collect/${stop.visit}/papers`);
  }
  const head = (title) => bar(title, `${stop.person.name} · ${t("step.of", { n: at + 1, count: steps.length })}`, { back: at ? `#/collect/${stop.visit}/${steps[at - 1]}` : `#/visit/${stop.visit}` });
  const context = { stop, packet: stop.packets[0], d, head, legs: legs(at + 1, steps.length), next: () => go(`/collect/${stop.visit}/${steps[at + 1]}`) };
  return { papers: papersStep, seal: sealStep, money: moneyStep, code: lastStep }[step](context);
}

const leaveTo = (path) => ({ nodes: [page(bigIcon("wait"))], ready: () => go(path, { replace: true }) });

function sealStep({ d, head, legs: row, next }) {
  const says = fault("seal-says");
  const input = h("input", {
    class: "input digits", id: "seal", name: "seal", inputmode: "numeric", autocomplete: "off", maxlength: 16, enterkeyhint: "next",
    value: d.seal ? spoken(d.seal).replace(/^NP\s/, "") : "", "aria-describedby": "seal-hint seal-says",
  });
  const forward = button(t("seal.go"), null, { after: "next" });
  forward.type = "submit";
  forward.setAttribute("form", "sealing");
  function submit(event) {
    event.preventDefault();
    const { seal, why, count } = readSeal(input.value);
    if (why) return says.say(t(`seal.${why}`, { count }), input);
    d.seal = seal;
    return next();
  }
  return {
    nodes: [
      head(t("seal.title")),
      page(row, bigIcon("seal"),
        h("form", { class: "stack-tight", id: "sealing", novalidate: true, onsubmit: submit },
          h("label", { class: "label h2", for: "seal" }, t("seal.label")), h("span", { class: "hint", id: "seal-hint" }, t("seal.hint")), says, input),
        notice("ok", "check", h("p", {}, t("seal.no_faces")))),
      thumb(forward),
    ],
  };
}

function moneyStep({ stop, d, head, legs: row, next }) {
  const total = day.sum(stop);
  const fee = stop.money.some((line) => line.stream === "fee");
  const says = fault("money-says");
  const receipt = h("input", { class: "input code", id: "receipt", name: "receipt", value: d.receipt ?? "", maxlength: 24, autocomplete: "off", autocapitalize: "characters" });
  function forward() {
    if (!d.paidBy) return says.say(t("money.by_empty"));
    d.receipt = receipt.value.trim();
    d.amount = total;
    return next();
  }
  const line = (term, amount, sum) => h("div", { class: sum ? "sum" : null }, h("dt", {}, term), h("dd", {}, money(amount)));
  return {
    nodes: [
      head(t("money.title")),
      page(row, h("dl", { class: "bill" }, stop.money.map((each) => line(t(`money.${each.kind}`), each.amount)), line(t("money.total"), total, true)),
        says, choices("paid", t("money.by"), [["cash", t("money.cash")], ["transfer", t("money.transfer")]], d.paidBy, (chosen) => { d.paidBy = chosen; says.say(""); }),
        fee ? h("div", { class: "stack-tight" }, h("label", { class: "label", for: "receipt" }, t("money.receipt")), receipt) : null),
      thumb(button(t("money.go", { sum: money(total) }), forward, { after: "next" })),
    ],
  };
}

function lastStep({ stop, packet, d, head, legs: row }) {
  return codeStep({
    head: head(t("code.title")), row, go: t("code.collect_go"), note: t("code.note"),
    async record(code) {
      const made = await sign(stop, packet, d, code);
      drop(stop.visit);
      await asked(made, Boolean(code));
    },
  });
}

// The money of one door, line by line: postage is the post's, the fee is the ward's and has a receipt of its own. Whoever is
// carried for nothing shows the paper that proves it: its kind is kept, no number and no picture; without it they pay.
import * as day from "../day.js";
import { button, choices, fault, h, notice, page, thumb } from "../dom.js";
import { draw } from "../router.js";
import { inLanguage, money, t } from "../words.js";

export function moneyStep({ stop, d, head, legs, next }) {
  const lines = day.asked(stop, d.proof);
  const total = day.total(lines);
  const fee = lines.some((line) => line.stream === "fee");
  const says = fault("money-says");
  const unseen = fault("proof-says");
  const missing = fault("receipt-says");
  const receipt = h("input", {
    class: "input code", id: "receipt", name: "receipt", value: d.receipt ?? "", maxlength: 24, autocomplete: "off", autocapitalize: "characters",
    "aria-describedby": "receipt-says", oninput: () => { d.receipt = receipt.value.trim(); },
  });
  function forward() {
    if (stop.exempt && !d.proof) return unseen.say(t("money.proof_empty"));
    if (total && !d.paidBy) return says.say(t("money.by_empty"));
    if (fee && !receipt.value.trim()) return missing.say(t("money.receipt_empty"), receipt);
    Object.assign(d, { receipt: fee ? receipt.value.trim() : null, paidBy: total ? d.paidBy : null, lines });
    return next();
  }
  const line = (term, amount, sum) => h("div", { class: sum ? "sum" : null }, h("dt", {}, term), h("dd", {}, money(amount)));
  const proof = () => [
    notice("stamp", "info", h("p", {}, h("b", {}, inLanguage(stop.exempt, "name")), ` (${stop.exempt.source}). `, t("money.free"))),
    unseen, choices("proof", t("money.proof"), ["decision", "certificate", "none"].map((kind) => [kind, t(`proof.${kind}`)]), d.proof, (chosen) => { Object.assign(d, { proof: chosen, lines: null }); draw(false); }),
    h("p", { class: "small soft" }, t("money.proof_kept")),
  ];
  return {
    nodes: [
      head(t("money.title")),
      page(legs, stop.exempt ? proof() : null,
        h("dl", { class: "bill" }, lines.map((each) => line(t(`money.${each.kind}`), each.amount)), line(t("money.total"), total, true)),
        total ? [says, choices("paid", t("money.by"), [["cash", t("money.cash")], ["transfer", t("money.transfer")]], d.paidBy, (chosen) => { d.paidBy = chosen; says.say(""); })] : null,
        fee ? h("div", { class: "stack-tight" }, h("label", { class: "label", for: "receipt" }, t("money.receipt")), missing, receipt) : null),
      thumb(button(total ? t("money.go", { sum: money(total) }) : t("money.nothing"), forward, { after: "next", id: "paid" })),
    ],
  };
}

// The money of one door, line by line: postage is the post's, the fee is the ward's and has a receipt of its own.
import * as day from "../day.js";
import { button, choices, fault, h, page, thumb } from "../dom.js";
import { money, t } from "../words.js";

export function moneyStep({ stop, d, head, legs, next }) {
  const total = day.sum(stop);
  const fee = stop.money.some((line) => line.stream === "fee");
  const says = fault("money-says");
  const missing = fault("receipt-says");
  const receipt = h("input", {
    class: "input code", id: "receipt", name: "receipt", value: d.receipt ?? "", maxlength: 24, autocomplete: "off", autocapitalize: "characters",
    "aria-describedby": "receipt-says", oninput: () => { d.receipt = receipt.value.trim(); },
  });
  function forward() {
    if (!d.paidBy) return says.say(t("money.by_empty"));
    if (fee && !receipt.value.trim()) return missing.say(t("money.receipt_empty"), receipt);
    Object.assign(d, { receipt: fee ? receipt.value.trim() : null, lines: stop.money });
    return next();
  }
  const line = (term, amount, sum) => h("div", { class: sum ? "sum" : null }, h("dt", {}, term), h("dd", {}, money(amount)));
  return {
    nodes: [
      head(t("money.title")),
      page(legs, h("dl", { class: "bill" }, stop.money.map((each) => line(t(`money.${each.kind}`), each.amount)), line(t("money.total"), total, true)),
        says, choices("paid", t("money.by"), [["cash", t("money.cash")], ["transfer", t("money.transfer")]], d.paidBy, (chosen) => { d.paidBy = chosen; says.say(""); }),
        fee ? h("div", { class: "stack-tight" }, h("label", { class: "label", for: "receipt" }, t("money.receipt")), missing, receipt) : null),
      thumb(button(t("money.go", { sum: money(total) }), forward, { after: "next", id: "paid" })),
    ],
  };
}

// The citizen's word after the door: a packet reported as delivered is theirs once their code says so, and one that was
// collected on a wrong code is proven by the right one.
import * as acts from "../acts.js";
import * as day from "../day.js";
import { bar, bigIcon, h, page } from "../dom.js";
import { lacksWord, rows } from "../outbox.js";
import { go } from "../router.js";
import { t } from "../words.js";
import { codeStep } from "./code.js";
import { asked } from "./verdict.js";

export function confirm(code) {
  const packet = day.model().packets.get(code);
  if (packet?.state !== "DELIVERED_UNVERIFIED") return { nodes: [page(bigIcon("wait"))], ready: () => go("/carrying", { replace: true }) };
  return codeStep({
    head: bar(t("code.title"), packet.number, { back: "#/carrying" }), go: t("code.confirm_go"), note: t("code.unverified"), slip: false,
    extra: h("p", { class: "code h3" }, packet.number),
    async record({ value }) { await asked(await acts.confirm(packet, value), true); },
  });
}

export function attest(code) {
  const packet = day.model().packets.get(code);
  if (!packet || !rows().some((row) => row.meta.code === code && lacksWord(row))) return { nodes: [page(bigIcon("wait"))], ready: () => go("/", { replace: true }) };
  return codeStep({
    head: bar(t("code.title"), packet.number, { back: "#/" }), go: t("code.attest_go"), note: t("code.attest_note"), slip: false,
    extra: h("p", { class: "code h3" }, packet.number),
    async record({ value }) { await asked(await acts.attest(packet, value), true); },
  });
}

// The citizen's word after the door: a packet reported as delivered is theirs once their code says so.
import { confirm as sign } from "../acts.js";
import * as day from "../day.js";
import { bar, bigIcon, h, page } from "../dom.js";
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
    async record({ value }) { await asked(await sign(packet, value), true); },
  });
}

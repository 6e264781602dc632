// Meeting a packet: a code was seen or a number typed. Which packet is it, is its slip in force, and what is to be done?
import * as day from "./day.js";
import { draft, setUnknown } from "./drafts.js";
import { play } from "./feedback.js";
import { isReplaced } from "./replaced.js";
import { go } from "./router.js";
import { me } from "./store.js";
import { genuine, read } from "./token.js";

/** Which packet this is: {packet, slip}, or {why, tone} when its slip says no or nobody here knows it; with both when its
 *  slip has been replaced. found: {kind: "slip" | "hs" | "s10", value}. */
export async function identify(found, typed) {
  const token = found.kind === "slip" ? read(found.value) : null;
  if (found.kind === "slip" && !token) return { why: "damaged", tone: "stamp" };
  if (token && (await genuine(token, day.keys())) === false) return { why: "forged", tone: "danger" };
  if (token?.around) return { why: "around", tone: "stamp" };
  const now = day.model();
  const isOld = token && isReplaced(token);
  let packet = token ? now.packets.get(token.code) : day.byNumber(now, found.value);
  if (!packet) {
    const answer = await day.lookUp(token ? { token: found.value } : { number: found.value });
    if (!answer.packet && isOld) return { why: "old", tone: "danger" };
    if (!answer.packet) return { why: answer.why === "signin" ? "offline" : answer.why, tone: answer.why === "forged" ? "danger" : "stamp" };
    packet = day.model().packets.get(answer.packet.code) ?? answer.packet;
  }
  const slip = { issue: token?.issue ?? packet.issue, typed };
  if (isOld || slip.issue < packet.issue) return { why: "old", tone: "danger", packet, slip };
  return { packet, slip };
}

/** `mode` and `visit` say what we were looking for. */
export async function meet(found, { mode, visit, typed }) {
  let { packet, slip, why, tone } = await identify(found, typed);
  if (packet && !isExpected(packet) && await day.renewed()) ({ packet, slip, why, tone } = await identify(found, typed)); // the office may have taken it in, or put its home into the round, meanwhile
  return why ? refuse(why, tone, { mode, visit, packet, slip }) : route(packet, slip, mode, visit, day.model());
}

const isExpected = (packet) => day.stopFor(day.model(), packet.code) || day.isTakeable(packet);

/** The packet carries no newer slip: it is recorded under the old one, and the post office looks at it. */
export function goOn({ packet, slip, mode, visit }) {
  return route(packet, slip, mode, visit, day.model());
}

function route(packet, slip, mode, visit, now) {
  const stop = day.stopFor(now, packet.code);
  if (packet.cancelled && packet.way === "in" && packet.state === "WAITING") return refuse("cancelled", "danger", { mode, number: packet.number });
  if (mode === "visit" && stop?.visit !== Number(visit)) return refuse("other", "danger", { mode, visit, number: packet.number });
  if (stop?.kind === "collect" && packet.state === "WAITING") return begin(stop, slip, `/collect/${stop.visit}/papers`);
  if (stop?.kind === "deliver" && packet.holder === me().party) return begin(stop, slip, `/deliver/${stop.visit}/person`);
  const early = packet.visit_on > day.today() ? packet.visit_on : null; // its visit is another day
  if (packet.holder === me().party && packet.way === "out" && early) return refuse("carried_early", "stamp", { mode, on: early });
  if (packet.holder === me().party && packet.cancelled && !early) return refuse("called_off", "stamp", { mode, number: packet.number });
  if (packet.holder === me().party) return refuse("yours", "stamp", { mode, place: packet.way === "out" ? "post" : "desk", name: packet.way === "out" ? null : packet.desk });
  if (day.isTakeable(packet)) {
    draft(packet.code).slip = slip;
    play("read");
    return go(`/take/${packet.code}`);
  }
  if (["OPENED", "DELIVERED", "WRITTEN_OFF"].includes(packet.state)) return refuse("over", "stamp", { mode, number: packet.number });
  if (packet.holder_kind === "citizen" && early) return refuse("not_today", "stamp", { mode, number: packet.number, on: early });
  if (packet.holder_kind === "citizen") return refuse("not_round", "stamp", { mode, number: packet.number });
  return refuse("not_here", "danger", { mode, number: packet.number, state: packet.state });
}

function begin(stop, slip, path) {
  draft(stop.visit).slip = slip;
  play("read");
  day.freshen();
  return go(path);
}

function refuse(why, tone, facts) {
  setUnknown(facts);
  play(tone);
  return go(`/unknown/${why}`);
}

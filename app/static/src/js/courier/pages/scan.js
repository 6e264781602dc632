// Which packet is it? Its code before the camera, a picture of it, its number typed, or the home's own line of the list.
// What is read is found in the day first; only a packet the day does not know is asked for.
import { parse } from "../../shared/codes.js";
import { readPicture } from "../../scanner.js";
import * as day from "../day.js";
import { bar, button, h, icon, link, page, thumb } from "../dom.js";
import { draft } from "../drafts.js";
import { play } from "../feedback.js";
import { isFrame, kindOf } from "../frames.js";
import { meet } from "../meeting.js";
import * as peers from "../peers.js";
import { go } from "../router.js";
import { me } from "../store.js";
import { genesis, genuine, read as readToken } from "../token.js";
import { t } from "../words.js";
import { finder } from "./finder.js";
import { missingVisit, overVisit } from "./visit.js";

/** mode: undefined (any packet), "take", "visit" with its id. */
export function scan(mode, id) {
  const stop = mode === "visit" ? day.stopOf(day.model(), id) : null;

  async function read(text, say) {
    if (!stop && isFrame(text)) return fromPhone(kindOf(text));
    const found = parse(text);
    if (!found) return t("scan.foreign");
    if (found.kind === "slip" && await underSticker(found.value, stop)) return null;
    say(t("scan.looking"));
    await meet(found, { mode, visit: stop?.visit, typed: false });
    return null;
  }

  const path = ["/type", mode, id].filter(Boolean).join("/");
  const page = finder({
    title: t(mode === "take" ? "scan.take" : mode === "visit" ? "scan.title" : "scan.any"),
    under: stop?.person ? `${stop.person.name}, ${stop.person.address[0]}` : null,
    back: mode === "take" ? "#/take" : stop ? `#/visit/${stop.visit}` : "#/",
    read,
    ways: [
      h("a", { class: "button-quiet button-big", href: `#${path}` }, icon("keys"), " ", t("scan.type")),
      picture((text) => page.onCode(text), (sentence) => { document.getElementById("scan-says").textContent = sentence; }),
    ],
  });
  return page;
}

/** Another courier's phone: their offer, or their answer to ours. */
function fromPhone(kind) {
  const offer = kind === "RC" ? peers.underway("giver") : null;
  if (kind === "RC" && !offer) return t("peer.other_receipt");
  play("read");
  go(offer ? `/offer/${offer.key}/receipt` : "/receive");
  return null;
}

/**
 * A sticker from the roll, for papers that have no slip: a blank packet takes the booked one's place at this home. Only
 * where papers are collected; true when it was one.
 */
async function underSticker(letters, stop) {
  const token = readToken(letters);
  if (!token?.sticker || stop?.kind !== "collect" || stop.packets[0].state !== "WAITING") return false;
  if (day.model().packets.has(token.code) || (await genuine(token, day.keys())) === false) return false;
  draft(stop.visit).slip = { issue: token.issue, sticker: { code: token.code, head: await genesis(token.code) } };
  play("read");
  go(`/collect/${stop.visit}`);
  return true;
}

/** A picture of the code, taken by the phone's own camera app or chosen: where this page is not allowed the camera. */
function picture(onCode, say) {
  const file = h("input", { type: "file", class: "visually-hidden", id: "picture", accept: "image/*", capture: "environment", onchange: look });
  async function look() {
    const [chosen] = file.files;
    file.value = "";
    if (!chosen) return;
    say(t("scan.reading"));
    const texts = await readPicture(chosen).catch(() => []);
    const ours = texts.find(parse) ?? texts[0];
    if (ours) onCode(ours);
    else say(t("scan.nothing"));
  }
  return h("label", { class: "button-quiet button-big", for: "picture" }, file, icon("camera"), " ", t("scan.picture"));
}

/** The home's own line: for a slip that cannot be read and whose number is gone. The seal will tie the bag to it. */
export function pick(id) {
  const stop = day.stopOf(day.model(), id);
  if (!stop) return missingVisit(id);
  if (!day.isOpen(stop) || !stop.person) return overVisit();
  const [packet] = stop.packets;
  const begin = () => {
    draft(stop.visit).slip = { issue: packet.issue, listed: true };
    play("read");
    go(stop.kind === "collect" ? `/collect/${stop.visit}` : `/deliver/${stop.visit}`);
  };
  const here = stop.kind === "collect" ? packet.state === "WAITING" : packet.holder === me().party;
  return {
    nodes: [
      bar(t("pick.title"), stop.person.name, { back: `#/type/visit/${stop.visit}` }),
      page(h("p", { class: "h2" }, t("pick.lead")), h("p", { class: "h2 code" }, packet.number), h("p", {}, t("pick.seal"))),
      thumb(here ? button(t("pick.go"), begin, { before: "check", id: "pick" }) : null, link(t("scan.title"), `#/scan/visit/${stop.visit}`, { before: "qr", quiet: true })),
    ],
  };
}

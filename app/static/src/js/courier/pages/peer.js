// From phone to phone, the whole bag in one act: the giver shows codes, the receiver reads them, scans each bag and shows codes
// back. What is not scanned stays with the giver.
import { parse } from "../../shared/codes.js";
import * as day from "../day.js";
import { bar, bigIcon, button, fault, h, icon, link, notice, page, thumb } from "../dom.js";
import { play } from "../feedback.js";
import * as frames from "../frames.js";
import { identify } from "../meeting.js";
import { readNumber } from "../number.js";
import * as outbox from "../outbox.js";
import * as peers from "../peers.js";
import { go, steadily } from "../router.js";
import { seal as spoken, t } from "../words.js";
import { camera } from "./finder.js";
import { lastBag } from "./lastbag.js";
import { packetLine, strip, undoLink } from "./parts.js";

const PACE = 900; // how long one code of several stands

/** Codes that follow one another, with a line that says which one it is. leave() stops them. */
function slides(texts) {
  const place = h("div", { class: "codes", role: "img", "aria-label": t("peer.codes") });
  const count = h("p", { class: "small soft" });
  let at = 0;
  function show() {
    place.replaceChildren(frames.draw(texts[at]));
    count.textContent = texts.length > 1 ? t("peer.code_of", { n: at + 1, count: texts.length }) : "";
    at = (at + 1) % texts.length;
  }
  show();
  const timer = texts.length > 1 ? setInterval(show, PACE) : 0;
  return { nodes: [place, count], leave: () => clearInterval(timer) };
}

/** What was read is not what the other phone wrote: nothing of it is taken over. */
function wrong() {
  play("stamp");
  return notice("warning", "warn", h("p", { id: "misread" }, t("peer.misread")));
}

const wait = (title, back) => ({ nodes: [bar(title, null, { back }), page(bigIcon("wait")), thumb()] });

/** Which packets go to the other courier: all of them, unless somebody says otherwise. */
export function offerPage() {
  const mine = day.model().carrying.filter((packet) => packet.state === "CARRIED" && packet.seals.length);
  if (!mine.length) return { nodes: [bar(t("peer.offer"), null, { back: "#/carrying" }), page(bigIcon("packet"), h("p", { class: "h2" }, t("carrying.none"))), thumb()] };
  const says = fault("offer-says");
  const boxes = mine.map((packet) => h("input", { type: "checkbox", id: `p-${packet.code}`, value: packet.code, checked: true, onchange: count }));
  const turn = button("", () => { const on = !chosen().length; for (const box of boxes) box.checked = on; count(); }, { quiet: true, big: false, id: "turn" });
  const show = button("", make, { before: "qr", id: "show" });
  function chosen() { return mine.filter((_, at) => boxes[at].checked); }
  function count() {
    const { length } = chosen();
    turn.querySelector("span").textContent = t(length ? "peer.none" : "peer.all");
    show.querySelector("span").textContent = t("peer.show", { count: length });
    if (length) says.say("");
  }
  async function make() {
    if (!chosen().length) return says.say(t("peer.none_chosen"));
    const offered = await peers.offer(chosen());
    return go(`/offer/${offered.key}`, { replace: true });
  }
  count();
  return {
    nodes: [bar(t("peer.offer"), null, { back: "#/carrying" }), strip(),
      page(h("p", {}, t("peer.offer_lead")), says, mine.length > 1 ? turn : null, mine.map((packet, at) => h("label", { class: "tick", for: `p-${packet.code}` }, boxes[at], h("span", {}, h("b", { class: "code" }, packet.number), h("br"), t("seal.number", { seal: spoken(packet.seals.at(-1)) }))))),
      thumb(show)],
  };
}

/** The giver's codes; then the other phone's answer is read here. */
export function offered(key) {
  const offer = peers.get(key);
  if (!offer || offer.over) return { nodes: [page()], ready: () => go("/carrying", { replace: true }) };
  const shown = wait(t("peer.offer"), "#/carrying");
  let running = null;
  let gone = false;
  return {
    ...shown,
    async ready() {
      const texts = await frames.write("OF", peers.spoken(offer));
      if (gone) return;
      running = slides(texts);
      document.querySelector("main").replaceChildren(h("p", {}, t("peer.hold", { count: peers.left(offer).length })), ...running.nodes, h("p", { class: "small" }, t("peer.yours_still")));
      document.querySelector("footer").replaceChildren(link(t("peer.read_back"), `#/offer/${key}/receipt`, { before: "qr" }), button(t("peer.withdraw"), async () => { await peers.withdraw(offer); go("/carrying"); }, { quiet: true, id: "withdraw" }));
    },
    leave() { gone = true; running?.leave(); },
  };
}

/** The giver reads the receiver's codes. */
export function receiptPage(key) {
  const offer = peers.get(key);
  if (!offer) return { nodes: [page()], ready: () => go("/carrying", { replace: true }) };
  const add = frames.reader();
  const body = h("div", { class: "stack" }, h("p", {}, t("peer.read_lead")));
  let done = false;
  const seen = camera(async (text) => {
    if (done || !frames.isFrame(text)) return;
    const { kind, have, count, message, misread } = await add(text);
    seen.say(t("peer.parts", { n: have, count }));
    if (misread) body.replaceChildren(wrong());
    if (!message || kind !== "RC" || done) return;
    done = true;
    const after = await peers.heard(message);
    const open = after ? peers.left(after).length : offer.packets.length;
    play(after && !open ? "ok" : "stamp");
    body.replaceChildren(after ? notice(open ? "stamp" : "ok", open ? "warn" : "check", h("p", { id: "given" }, t(open ? "peer.given_some" : "peer.given_all", { count: offer.packets.length - open, left: open }))) : notice("warning", "warn", h("p", {}, t("peer.other_receipt"))));
  });
  return { nodes: [bar(t("peer.read_back"), null, { back: `#/offer/${key}` }), strip(), h("div", { class: "finder finder-low" }, seen.video, seen.words), page(body), thumb(link(t("take.back"), "#/carrying", { quiet: true }))], ready: seen.ready, leave: seen.leave };
}

/** The receiver: reads the offer, then each bag, in one look. */
export function receive() {
  const add = frames.reader();
  const above = h("div", { class: "stack" });
  const typed = typing(); // stays where it is whatever the camera sees
  const beside = lastBag(() => { last = null; told.textContent = t("bulk.seal_told"); draw(); });
  let last = null; // the bag read last, whose seal the eye compares
  const below = h("div", { class: "stack" });
  const footer = thumb();
  let offer = peers.underway();
  let busy = false;
  const told = h("p", { role: "status", id: "told" });
  const seen = camera(async (text) => {
    if (busy) return;
    busy = true;
    try {
      if (frames.isFrame(text)) await heard(text);
      else if (offer) await bag(parse(text), false);
      else seen.say(t("peer.offer_first"));
    } finally {
      busy = false;
    }
  });

  async function heard(text) {
    const { kind, have, count, message, misread } = await add(text);
    if (kind !== "OF" || (message && message.key === offer?.key)) return;
    seen.say(t("peer.parts", { n: have, count }));
    if (misread && !offer) above.replaceChildren(wrong());
    if (!message) return;
    if (day.isRetired(message.device)) {
      play("danger");
      seen.say(t("peer.retired"));
      return;
    }
    offer = await peers.hear(message);
    play("read");
    seen.say(t("peer.now_bags"));
    steadily(draw);
  }

  async function bag(found, typed) {
    if (!found) return;
    const { packet: known, slip } = await identify(found, typed);
    const packet = offer.packets.find((each) => each.code === known?.code);
    if (!packet) {
      play("danger");
      told.textContent = t("peer.not_offered");
      return;
    }
    if (packet.code in offer.taken) return;
    offer = await peers.takeOver(offer, packet, packet.seals.at(-1), slip);
    last = { packet: day.model().packets.get(packet.code) ?? packet, slip, row: outbox.row(offer.taken[packet.code]) };
    play("ok");
    told.textContent = t("bulk.done", { number: packet.number });
    steadily(draw);
  }

  function typing() {
    const says = fault("number-says");
    const input = h("input", { class: "input code", id: "number", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", enterkeyhint: "go", maxlength: 60, "aria-describedby": "number-says" });
    async function submit(event) {
      event.preventDefault();
      const { number, why } = readNumber(input.value);
      if (why) return says.say(t(`type.${why}`), input);
      says.say("", input);
      input.value = "";
      return bag(parse(number), true);
    }
    return h("form", { class: "stack-tight", novalidate: true, onsubmit: submit }, h("label", { class: "label", for: "number" }, t("bulk.type")), says,
      h("div", { class: "beside" }, input, h("button", { class: "button-quiet", type: "submit" }, icon("plus", t("bulk.add")))));
  }

  function draw() {
    typed.hidden = !offer;
    if (!offer) return above.replaceChildren(h("p", {}, t("peer.receive_lead")));
    const left = peers.left(offer);
    const taken = offer.packets.filter((each) => !left.includes(each));
    const count = taken.length;
    above.replaceChildren(h("div", { class: "tally" }, h("b", { id: "tally" }, String(count), h("small", {}, ` / ${offer.packets.length}`)), h("p", {}, t("bulk.counted")), told));
    beside.show(last);
    below.replaceChildren(h("ul", { class: "queue" }, left.map((each) => packetLine(each, "warning", h("a", { class: "link-target", href: `#/receive/${offer.key}/${each.code}` }, t("peer.unread")))),
      taken.map((each) => packetLine(each, "ok", undoLink(outbox.row(offer.taken[each.code]), null)))));
    return footer.replaceChildren(...(count ? [link(t(left.length ? "peer.answer_short" : "peer.answer", { count, left: left.length }), `#/receive/${offer.key}`, { before: "qr", id: "answer" })] : []));
  }

  draw();
  return { nodes: [bar(t("peer.receive"), null, { back: "#/take" }), strip(), h("div", { class: "finder finder-low" }, seen.video, seen.words), page(h("div", { class: "stack" }, beside.node, above, typed, below)), footer], ready: seen.ready, leave: seen.leave };
}

/** One bag of the offer whose code cannot be read: its number and its seal tie it to the offer, as the eye sees both. */
export function byEye(key, code) {
  const offer = peers.get(key);
  const packet = offer && peers.left(offer).find((each) => each.code === code);
  const back = () => go(offer && !peers.left(peers.get(key)).length ? `/receive/${key}` : "/receive", { replace: true });
  if (!packet) return { nodes: [page()], ready: back };
  async function take({ currentTarget: pressed }) {
    pressed.disabled = true;
    await peers.takeOver(offer, packet, packet.seals.at(-1), { issue: packet.issue, listed: true });
    play("ok");
    back();
  }
  return {
    nodes: [bar(t("peer.unread"), null, { back: "#/receive" }), strip(),
      page(h("p", { class: "h2" }, t("peer.by_eye")), h("p", { class: "h2 code" }, packet.number), h("p", {}, t("bulk.seal")), h("p", { class: "number" }, spoken(packet.seals.at(-1))), h("p", {}, t("peer.by_eye_not"))),
      thumb(button(t("peer.by_eye_go"), take, { before: "check", id: "by-eye" }), link(t("peer.by_eye_back"), "#/receive", { quiet: true }))],
  };
}

/** The receiver's codes: their signatures, for the giver to keep. */
export function answer(key) {
  const offer = peers.get(key);
  if (!offer) return { nodes: [page()], ready: () => go("/take", { replace: true }) };
  const rows = Object.values(offer.taken).map((digest) => outbox.row(digest)).filter(Boolean);
  const left = peers.left(offer).length;
  const shown = wait(t("peer.answer_title"), left ? "#/receive" : "#/take");
  let running = null;
  let gone = false;
  return {
    ...shown,
    async ready() {
      const texts = await frames.write("RC", peers.receipt(offer, rows));
      if (gone) return;
      running = slides(texts);
      document.querySelector("main").replaceChildren(h("p", {}, t("peer.hold_back")), ...running.nodes, h("p", { class: "small" }, t("peer.yours_now", { count: rows.length })), left ? h("p", { class: "small", id: "left" }, t("peer.left", { count: left })) : "");
      document.querySelector("footer").replaceChildren(link(t("take.back"), "#/", { before: "check" }));
    },
    leave() { gone = true; running?.leave(); },
  };
}

// The address after # says which page is shown; Back works as people expect. A page is a function that returns
// {nodes, live, leave}: `live` draws it again when scans or the day change, `leave` runs when it goes.
import { changes } from "./outbox.js";
import { keep } from "./drafts.js";
import { ticketIn } from "./enrol.js";
import { isOpen } from "./lock.js";
import { me } from "./store.js";
import { bagPage, bulk } from "./pages/bulk.js";
import { carrying } from "./pages/carrying.js";
import { collect } from "./pages/collect.js";
import { damagedPage } from "./pages/damaged.js";
import { deliver } from "./pages/deliver.js";
import { attest, confirm } from "./pages/confirm.js";
import { failed } from "./pages/failed.js";
import { lockPage } from "./pages/lock.js";
import { card } from "./pages/person.js";
import { handover, notGiven, notHandedIn } from "./pages/handover.js";
import { map, visit } from "./pages/visit.js";
import { outboxPage } from "./pages/outbox.js";
import { tillPage } from "./pages/till.js";
import { answer, byEye, offered, offerPage, receiptPage, receive } from "./pages/peer.js";
import { phonePage } from "./pages/phone.js";
import { round } from "./pages/round.js";
import { pick, scan } from "./pages/scan.js";
import { sealScan } from "./pages/seal.js";
import { shown as shownPage } from "./pages/shown.js";
import { phonesPage, retirePage } from "./pages/phones.js";
import { enrolPage, signIn, waitingPage } from "./pages/signin.js";
import { take, takeOne } from "./pages/take.js";
import { typing } from "./pages/typing.js";
import { undoPage } from "./pages/undo.js";
import { unknown } from "./pages/unknown.js";
import { verdict } from "./pages/verdict.js";

const PAGES = [
  [/^\/$/, round], [/^\/visit\/(\d+)$/, visit], [/^\/visit\/(\d+)\/map$/, map], [/^\/visit\/(\d+)\/failed$/, failed],
  [/^\/collect\/(\d+)(?:\/([a-z]+))?$/, collect], [/^\/deliver\/(\d+)(?:\/([a-z]+))?$/, deliver],
  [/^\/pick\/(\d+)$/, pick], [/^\/card\/(\d+)$/, card], [/^\/seal\/(\d+)$/, sealScan], [/^\/shown\/(\d+)$/, shownPage],
  [/^\/scan(?:\/([a-z]+)(?:\/(\d+))?)?$/, scan], [/^\/type(?:\/([a-z]+)(?:\/(\d+))?)?$/, typing], [/^\/unknown\/([a-z_]+)$/, unknown],
  [/^\/take$/, take], [/^\/take\/([0-9A-Z]{16})$/, takeOne], [/^\/carrying$/, carrying], [/^\/confirm\/([0-9A-Z]{16})$/, confirm], [/^\/attest\/([0-9A-Z]{16})$/, attest], [/^\/damaged\/([0-9A-Z]{16})$/, damagedPage],
  [/^\/bulk\/(take|give)\/(\w+)$/, bulk], [/^\/bag\/([0-9a-f]{32})$/, bagPage], [/^\/handover\/(BB-[0-9-]+)$/, handover], [/^\/handover\/(BB-[0-9-]+)\/([0-9A-Z]{16})$/, notGiven], [/^\/handed\/([0-9A-Z]{16})$/, notHandedIn],
  [/^\/offer$/, offerPage], [/^\/offer\/([0-9a-f]{32})$/, offered], [/^\/offer\/([0-9a-f]{32})\/receipt$/, receiptPage], [/^\/receive$/, receive], [/^\/receive\/([0-9a-f]{32})$/, answer], [/^\/receive\/([0-9a-f]{32})\/([0-9A-Z]{16})$/, byEye],
  [/^\/undo\/([0-9a-f]{64})$/, undoPage], [/^\/outbox$/, outboxPage], [/^\/phone$/, phonePage], [/^\/money$/, tillPage],
  [/^\/phones$/, phonesPage], [/^\/phones\/(\w+)$/, retirePage], [/^\/verdict\/([0-9a-f]{64})$/, verdict],
];

let shown = null;
let shownAt = null;
let owed = false; // something has changed and is not drawn yet
let touching = null; // a finger is on the glass, or has just left it
const lifts = new Set(); // drawings that wait for that
const TAP = 100; // ms a browser may take from the finger to the click

const here = () => window.location.hash.slice(1) || "/";

/** Show another page; `replace` leaves no way back to this one. */
export function go(path, { replace = false } = {}) {
  if (here() === path) draw(true);
  else if (replace) window.location.replace(`#${path}`);
  else window.location.hash = path;
}

export function start() {
  window.addEventListener("hashchange", () => draw(true));
  for (const turn of ["opened", "closed"]) changes.addEventListener(turn, () => draw(true));
  changes.addEventListener("change", changed);
  window.addEventListener("pointerdown", () => { clearTimeout(touching); touching = Infinity; }, true);
  for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, lifted, true);
  draw(true);
}

/** Something has come that a page may show. Whoever waited for it says so here and never draws by themselves: the courier may
 * have a finger on the glass, or may have gone on. */
export function changed() {
  owed = true;
  redraw();
}

/** Go on from the page `from`, which had to wait for an answer; whoever has left it meanwhile is not called back. */
export function goOn(from, path, options) {
  if (here() === from) go(path, options);
}

/** What changes under a finger is drawn once the tap has been heard: a button that is replaced meanwhile hears none. */
function lifted() {
  touching = setTimeout(() => {
    touching = null;
    redraw();
    for (const drawing of lifts) drawing();
    lifts.clear();
  }, TAP);
}

/** What the camera saw is drawn into a page that stays: at once, or when the finger has left the glass. */
export function steadily(drawing) {
  if (touching) lifts.add(drawing);
  else drawing();
}

function redraw() {
  if (!owed || touching) return;
  owed = false;
  if (shown?.live) draw(false);
}

function find(path) {
  const ticket = ticketIn(path);
  if (ticket || path === "/enrol") return () => enrolPage(ticket);
  if (!me()) return () => signIn();
  if (me().waiting && path === "/") return () => waitingPage();
  if (!me().waiting && !isOpen()) return () => lockPage();
  for (const [pattern, page] of PAGES) {
    const found = pattern.exec(path);
    if (found) return () => page(...found.slice(1));
  }
  return () => round();
}

/** What has the keyboard, drawn anew: whoever works without a finger stays where they are. */
function again(app, held) {
  if (held?.id) return document.getElementById(held.id);
  return [...app.querySelectorAll(held?.localName ?? "none")].find((each) => each.isEqualNode(held));
}

export function draw(fresh) {
  const app = document.getElementById("app");
  const path = here();
  const held = fresh ? null : document.activeElement;
  shown?.leave?.();
  shown = find(path)();
  app.replaceChildren(...shown.nodes.filter(Boolean));
  if (fresh) {
    if (shownAt !== null) {
      window.scrollTo(0, 0);
      app.querySelector("h1")?.focus({ preventScroll: true });
    }
    shownAt = path;
  } else again(app, held)?.focus({ preventScroll: true });
  shown.ready?.();
  keep();
}

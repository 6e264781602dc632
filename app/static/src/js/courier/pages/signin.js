// Whose phone is this? A code of the post office answers it, or name and password where that is enough. Once, with a
// network; the private half of the phone's key never leaves it.
import { button, bigIcon, fault, h, link, mark, notice, page, thumb } from "../dom.js";
import * as enrol from "../enrol.js";
import { unsent } from "../outbox.js";
import { draw, go } from "../router.js";
import * as sign from "../sign.js";
import { me } from "../store.js";
import { passwordIsEnough, t, told } from "../words.js";
import { languageButton, themeButton } from "./parts.js";

const ASK = 4000; // while a phone waits for the second person
let ticket = null;
let trouble = null; // what went wrong with the code before

export const signIn = () => (passwordIsEnough ? byPassword() : byLetters());

/** The page for the letters of a code; `read` are those the camera brought along in the address. */
export function enrolPage(read = null) {
  if (read) {
    ticket = read;
    window.history.replaceState(null, "", "#/enrol"); // the letters stay in no history
  }
  return ticket ? byTicket() : byLetters();
}

function frame(lead, form, enter, more = null) {
  const top = h("header", { class: "bar" }, mark(), h("span", { class: "grow", lang: "vi" }, "Hồ sơ tận nhà"), themeButton());
  const before = unsent().length ? notice("stamp", "saved", h("p", {}, t("signin.kept", { count: unsent().length }))) : null;
  const over = trouble ? notice("warning", "stop", h("p", {}, trouble)) : null;
  const head = h("div", { class: "stack-tight" }, h("h1", { class: "h1", tabindex: "-1" }, t("signin.title")), h("p", {}, lead));
  if (!sign.possible()) return { nodes: [top, page(bigIcon("lock"), head, before, notice("danger", "stop", h("p", {}, t("signin.insecure"))))] };
  return { nodes: [top, page(head, over, before, form, languageButton()), thumb(enter, more)] };
}

function byPassword() {
  const says = fault("signin-says");
  const login = field("login", t("signin.login"), { autocomplete: "username", autocapitalize: "none", spellcheck: "false" });
  const password = field("password", t("signin.password"), { type: "password", autocomplete: "current-password" });
  async function work() {
    const [name, secret] = [login.input.value.trim(), password.input.value];
    if (!name) return says.say(t("signin.login_empty"), login.input);
    if (!secret) return says.say(t("signin.password_empty"), password.input);
    const wrong = await enrol.signIn(name, secret);
    if (wrong) return says.say(words(wrong), password.input);
    password.input.value = "";
    return arrive();
  }
  const { form, enter } = sheet(work, says, login.whole, password.whole);
  return frame(t("signin.lead"), form, enter, link(t("enrol.have_code"), "#/enrol", { before: "qr", quiet: true, id: "have-code" }));
}

function byLetters() {
  const says = fault("signin-says");
  const typed = field("letters", t("enrol.label"), { class: "input code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", inputmode: "text" });
  async function work() {
    const read = enrol.letters(typed.input.value);
    if (!typed.input.value.trim()) return says.say(t("enrol.empty"), typed.input);
    if (!read) return says.say(t("enrol.form"), typed.input);
    const wrong = await enrol.answer(read);
    return wrong ? says.say(words(wrong), typed.input) : arrive();
  }
  const { form, enter } = sheet(work, says, typed.whole);
  return frame(t("enrol.lead"), form, enter, passwordIsEnough ? link(t("enrol.password"), "#/", { before: "back", quiet: true }) : null);
}

function byTicket() {
  const says = fault("signin-says");
  async function work() {
    const wrong = await enrol.answer(ticket);
    if (!wrong) return arrive();
    if (wrong.status === 0) return says.say(words(wrong));
    [ticket, trouble] = [null, words(wrong)]; // what was refused once is refused again
    return draw(true);
  }
  const { form, enter } = sheet(work, says, h("p", {}, t("enrol.read")));
  return frame(t("signin.lead"), form, enter);
}

/** A form with its button at the thumb; the button rests while the work is done. */
function sheet(work, ...parts) {
  const enter = button(t("signin.go"), null, { after: "next", id: "enter" });
  enter.type = "submit";
  enter.setAttribute("form", "signin");
  async function submit(event) {
    event.preventDefault();
    if (enter.disabled) return;
    enter.disabled = true;
    try {
      await work();
    } finally {
      enter.disabled = false;
    }
  }
  return { form: h("form", { class: "stack", id: "signin", novalidate: true, onsubmit: submit }, parts), enter };
}

function field(id, label, facts) {
  const input = h("input", { class: "input", id, name: id, "aria-describedby": "signin-says", ...facts });
  return { input, whole: h("div", { class: "stack-tight" }, h("label", { class: "label", for: id }, label), input) };
}

function arrive() {
  [ticket, trouble] = [null, null];
  go("/", { replace: true });
  draw(true);
}

function words({ status, key, wait }) {
  if (status === 429) return t("signin.many", { minutes: Math.ceil((wait || 60) / 60) });
  if (status === 0) return t("signin.offline");
  return told(`refusal.${key}`, "signin.broken");
}

/** The six digits, large, until the second person has spoken. */
export function waitingPage() {
  let over = false;
  async function look() {
    if (over) return;
    const how = document.hidden ? null : await enrol.stand().catch(() => null);
    if (over) return;
    if (how === "in_service" || how === "over") {
      trouble = how === "over" ? t("enrol.refused") : null;
      draw(true);
    } else setTimeout(look, ASK);
  }
  setTimeout(look, ASK / 4);
  const { check } = me();
  return {
    leave() { over = true; },
    nodes: [
      h("header", { class: "bar" }, mark(), h("h1", { class: "grow", tabindex: "-1" }, t("enrol.show_title")), themeButton()),
      page(h("p", {}, t("enrol.show")), h("p", { class: "check-digits", id: "check" }, `${check.slice(0, 3)}\u00a0${check.slice(3)}`), notice("stamp", "person", h("p", {}, t("enrol.second")))),
    ],
  };
}

// The lock's two faces: choosing six digits for this phone, and typing them. Who has forgotten them proves with the
// password, where there is a network, that it is them. The scans are counted here too: they are safe, locked or not.
import { call } from "../api.js";
import { bar, bigIcon, button, fault, h, icon, notice, page, thumb } from "../dom.js";
import * as lock from "../lock.js";
import { counts } from "../outbox.js";
import { draw } from "../router.js";
import { me } from "../store.js";
import { t } from "../words.js";
import { themeButton } from "./parts.js";

const EASY = /^(\d)\1{5}$|^(?:012345|123456|234567|345678|456789|654321|543210)$/;
let forgotten = false; // the password is asked for
let proven = false; // it was right: new digits may be chosen

export function lockPage() {
  if (!lock.isSet() || proven) return choosing();
  return forgotten || lock.isSpent() ? password() : typing();
}

function frame(title, lead, form, enter, more = null) {
  const { kept } = counts();
  const safe = kept ? notice("stamp", "saved", h("p", {}, t("lock.kept", { count: kept }))) : null;
  return { nodes: [bar(title, null, { right: themeButton() }), page(bigIcon("lock"), lead ? h("p", {}, lead) : null, form, safe), thumb(enter, more)] };
}

function digits(id, label, hint, facts) {
  const input = h("input", { class: "input digits", id, name: id, inputmode: "numeric", autocomplete: "off", maxlength: 6, enterkeyhint: "done", "aria-describedby": `${id}-hint lock-says`, ...facts });
  return { input, whole: [h("label", { class: "label h2", for: id }, label), h("span", { class: "hint", id: `${id}-hint` }, hint)] };
}

/** A form of one field and its button; the button rests while the work is done. */
function sheet(words, whole, input, work) {
  const says = fault("lock-says");
  const enter = button(words, null, { before: "lock", id: "enter" });
  enter.type = "submit";
  enter.setAttribute("form", "locking");
  async function submit(event) {
    event.preventDefault();
    if (enter.disabled) return;
    enter.disabled = true;
    const wrong = await work(input.value.trim());
    enter.disabled = false;
    if (wrong) {
      input.value = "";
      says.say(wrong, input);
    }
  }
  return { enter, form: h("form", { class: "stack-tight", id: "locking", novalidate: true, onsubmit: submit }, whole, says, input) };
}

function choosing() {
  const { input, whole } = digits("new-pin", t("lock.new"), t("lock.new_hint"), {});
  const { form, enter } = sheet(t("lock.new_go"), whole, input, async (value) => {
    if (!/^\d{6}$/.test(value)) return t("lock.six");
    if (EASY.test(value)) return t("lock.easy");
    [forgotten, proven] = [false, false];
    await lock.choose(value);
    return null;
  });
  return frame(t("lock.new_title"), t("lock.new_lead"), form, enter);
}

function typing() {
  const { input, whole } = digits("pin", t("lock.label"), t("lock.hint"), { type: "password" });
  const { form, enter } = sheet(t("lock.go"), whole, input, async (value) => {
    if (!/^\d{6}$/.test(value)) return t("lock.six");
    if (lock.wait()) return t("lock.wait", { minutes: Math.ceil(lock.wait() / 60000) });
    if (await lock.open(value)) return null;
    if (lock.isSpent()) return draw(true);
    return lock.wait() ? t("lock.wait", { minutes: Math.ceil(lock.wait() / 60000) }) : t("lock.wrong");
  });
  input.addEventListener("input", () => { if (/^\d{6}$/.test(input.value)) form.requestSubmit(); });
  const lost = button(t("lock.forgotten"), () => { forgotten = true; draw(true); }, { quiet: true, id: "forgotten" });
  return { ...frame(t("lock.title"), null, form, enter, lost), ready() { input.focus({ preventScroll: true }); } };
}

function password() {
  const input = h("input", { class: "input", id: "password", name: "password", type: "password", autocomplete: "current-password", "aria-describedby": "lock-says" });
  const { form, enter } = sheet(t("lock.prove"), h("label", { class: "label h2", for: "password" }, t("signin.password")), input, async (value) => {
    if (!value) return t("signin.password_empty");
    const { status, wait } = await call("devices/me/prove", { token: me().token, json: { password: value } });
    if (status === 429) return t("signin.many", { minutes: Math.ceil((wait || 60) / 60) });
    if (status === 422) return t("lock.password_wrong");
    if (status === 401) return t("strip.signin");
    if (status !== 200) return t("lock.offline");
    proven = true;
    return draw(true);
  });
  const back = lock.isSpent() ? h("a", { class: "button-quiet button-wide button-big", href: "#/enrol" }, icon("qr"), " ", t("enrol.have_code"))
    : button(t("lock.remembered"), () => { forgotten = false; draw(true); }, { quiet: true });
  return frame(t("lock.forgotten_title"), t(lock.isSpent() ? "lock.spent" : "lock.forgotten_lead"), form, enter, back);
}

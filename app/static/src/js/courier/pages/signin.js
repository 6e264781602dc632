// Sign-in: once, with a network. Makes the phone's key; the private half never leaves it.
import { call } from "../api.js";
import * as day from "../day.js";
import { bigIcon, button, fault, h, mark, notice, page, thumb } from "../dom.js";
import { load, kept, send } from "../outbox.js";
import { askToKeep } from "../phone.js";
import { draw, go } from "../router.js";
import * as sign from "../sign.js";
import { takePhone } from "../store.js";
import { t } from "../words.js";
import { themeButton } from "./parts.js";

export function signIn() {
  const top = h("header", { class: "bar" }, mark(), h("span", { class: "grow", lang: "vi" }, "Hồ sơ tận nhà"), themeButton());
  const before = kept().length ? notice("stamp", "saved", h("p", {}, t("signin.kept", { count: kept().length }))) : null;
  if (!sign.possible()) {
    return { nodes: [top, page(bigIcon("lock"), h("h1", { class: "h1" }, t("signin.title")), before, notice("danger", "stop", h("p", {}, t("signin.insecure"))))] };
  }
  const says = fault("signin-says");
  const login = field("login", t("signin.login"), { autocomplete: "username", autocapitalize: "none", spellcheck: "false" });
  const password = field("password", t("signin.password"), { type: "password", autocomplete: "current-password" });
  const enter = button(t("signin.go"), null, { after: "next" });
  enter.type = "submit";
  enter.setAttribute("form", "signin");

  async function submit(event) {
    event.preventDefault();
    const [name, secret] = [login.input.value.trim(), password.input.value];
    if (!name) return says.say(t("signin.login_empty"), login.input);
    if (!secret) return says.say(t("signin.password_empty"), password.input);
    enter.disabled = true;
    const wrong = await register(name, secret);
    enter.disabled = false;
    if (wrong) return says.say(wrong, password.input);
    password.input.value = "";
    go("/", { replace: true });
    return draw(true);
  }

  const form = h("form", { class: "stack", id: "signin", novalidate: true, onsubmit: submit }, says, login.whole, password.whole);
  return { nodes: [top, page(h("div", { class: "stack-tight" }, h("h1", { class: "h1", tabindex: "-1" }, t("signin.title")), h("p", {}, t("signin.lead"))), before, form), thumb(enter)] };
}

function field(id, label, facts) {
  const input = h("input", { class: "input", id, name: id, "aria-describedby": "signin-says", ...facts });
  return { input, whole: h("div", { class: "stack-tight" }, h("label", { class: "label", for: id }, label), input) };
}

/** The sentence that says what went wrong, or null. */
async function register(login, password) {
  const { key, publicKey } = await sign.makeKey();
  const label = navigator.userAgentData?.platform ?? navigator.platform ?? "";
  const { status, data, wait } = await call("devices", { json: { user: login, password, public_key: publicKey, label: label.slice(0, 60) } });
  if (status === 201) {
    await takePhone({ ...data, login, key, n: 0, back: null, since: new Date().toISOString(), server: {} });
    await load();
    askToKeep();
    day.forget();
    day.refresh();
    send();
    return null;
  }
  if (status === 401) return t("signin.wrong");
  if (status === 429) return t("signin.many", { minutes: Math.ceil((wait || 60) / 60) });
  if (status === 403) return t("signin.not_courier");
  return t(status === 0 ? "signin.offline" : "signin.broken");
}

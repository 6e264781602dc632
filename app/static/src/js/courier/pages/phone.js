// This phone: whose it is, its colours, and leaving it to the next courier.
import * as day from "../day.js";
import * as drafts from "../drafts.js";
import { bar, button, h, icon, link, notice, page, thumb } from "../dom.js";
import { retire } from "../enrol.js";
import * as lock from "../lock.js";
import * as outbox from "../outbox.js";
import { askToKeep, setTheme, theme } from "../phone.js";
import { changed, draw, go } from "../router.js";
import { leavePhone, me } from "../store.js";
import { phone, support, t } from "../words.js";
import { languageButton, renewal } from "./parts.js";

let kept = true;

export function phonePage() {
  askToKeep().then((answer) => {
    if (answer !== kept) {
      kept = answer;
      changed();
    }
  });
  const who = day.courier();
  const unsent = outbox.unsent().length;
  const look = (name, picture) => h("button", { type: "button", class: "button-quiet button-big", id: `theme-${name}`, "aria-pressed": String(theme() === name), onclick: () => { setTheme(name); draw(false); } }, icon(picture), " ", t(`theme.${name}`));
  async function leave() {
    const { device } = me();
    await outbox.send();
    const unsentHere = outbox.unsent().some((row) => row.device === device);
    if (!unsentHere && !me().waiting) await retire(device, "returned"); // its place is free for the next
    await drafts.forget();
    await leavePhone();
    lock.close();
    go("/", { replace: true });
    draw(true);
  }
  async function end() {
    await outbox.send();
    await day.wipe();
    lock.close();
    go("/", { replace: true });
    draw(true);
  }
  return {
    live: true,
    nodes: [
      bar(t("app.menu"), who ? [who.name, who.badge].filter(Boolean).join(" · ") : (me().login ?? ""), { back: "#/" }),
      page(renewal(true), h("div", { class: "stack" }, look("sun", "sun"), look("night", "moon"), look("day", "eye"), languageButton()),
        who?.office ? h("a", { class: "button-quiet button-big button-wide", href: `tel:${who.office.phone.replace(/\s/g, "")}` }, icon("phone"), h("span", {}, who.office.name, h("br"), h("span", { class: "nowrap" }, phone(who.office.phone.replace(/\s/g, "")))))
          : h("a", { class: "button-quiet button-big button-wide", href: `tel:${support.replace(/\s/g, "")}` }, icon("phone"), " ", t("app.call_office")),
        kept ? null : notice("warning", "warn", h("p", {}, t("strip.not_kept"))),
        me().waiting ? null : link(t("phones.title"), "#/phones", { before: "phone", quiet: true, id: "phones" }),
        who ? h("section", { class: "stack-tight" }, h("h2", { class: "h3" }, t("shift.title")), h("p", {}, t("shift.lead")), button(t("shift.go"), end, { before: "check", quiet: true, id: "shift-over" })) : null,
        h("section", { class: "stack-tight" }, h("h2", { class: "h3" }, t("signout.title")), h("p", {}, t("signout.lead")), unsent ? notice("stamp", "saved", h("p", {}, t("signout.unsent", { count: unsent }))) : null)),
      thumb(button(t("signout.go"), leave, { before: "leave", quiet: true })),
    ],
  };
}

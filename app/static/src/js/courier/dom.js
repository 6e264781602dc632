// Drawing: elements by name, text as text. Nothing here ever reads HTML.
import { icons, t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

/** h("p", {class: "small", onclick: fn, "aria-label": …}, "text", element, [more], null) */
export function h(name, facts = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(facts)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

function use(id, className, label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("focusable", "false");
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else svg.setAttribute("aria-hidden", "true");
  const inner = document.createElementNS(SVG, "use");
  inner.setAttribute("href", `${icons}#${id}`);
  svg.append(inner);
  return svg;
}

export const icon = (name, label) => use(`i-${name}`, "icon", label);
export const bigIcon = (name) => use(`i-${name}`, "icon icon-big");
export const mark = () => use(document.documentElement.dataset.theme === "night" ? "mark-night" : "mark", "mark");

export function hole() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "hole");
  svg.setAttribute("viewBox", "0 0 248 248");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", "M4 54V24A20 20 0 0124 4h30M194 4h30a20 20 0 0120 20v30M244 194v30a20 20 0 01-20 20h-30M54 244H24a20 20 0 01-20-20v-30");
  svg.append(path);
  return svg;
}

/** The bar on top of every page. `back`: an address, or null where there is none. */
export function bar(title, under, { back = null, right = null } = {}) {
  return h("header", { class: "bar" },
    back === null ? mark() : h("a", { href: back }, icon("back", t("app.back"))),
    h("h1", { class: "grow", tabindex: "-1" }, title, under ? h("small", {}, under) : null),
    right);
}

export const page = (...children) => h("main", { class: "page", id: "main" }, ...children);
export const thumb = (...children) => h("footer", { class: "thumb" }, ...children);
export const pair = (...children) => h("div", { class: "pair" }, ...children);
export const code = (text) => h("span", { class: "code" }, text);
export const tag = (name, text, tone) => h("span", { class: `tag${tone ? ` tone-${tone}` : ""}` }, icon(name), h("span", {}, text));

export function button(text, onclick, { before = null, after = null, quiet = false, danger = false, big = true, id = null } = {}) {
  const look = [quiet ? "button-quiet" : "button", "button-wide", big && "button-big", danger && "button-danger"].filter(Boolean).join(" ");
  return h("button", { class: look, type: "button", onclick, id }, before && icon(before), " ", h("span", {}, text), " ", after && icon(after));
}

export function link(text, href, { before = null, after = null, quiet = false, id = null } = {}) {
  const look = [quiet ? "button-quiet" : "button", "button-wide", "button-big"].join(" ");
  return h("a", { class: look, href, id }, before && icon(before), " ", h("span", {}, text), " ", after && icon(after));
}

export function notice(tone, name, ...children) {
  return h("div", { class: `notice tone-${tone}` }, icon(name), h("div", {}, ...children));
}

/** A place for one error; say(text) shows it, says it, and goes to the field. */
export function fault(id) {
  const words = h("span", {});
  const place = h("p", { class: "error", id, role: "alert", hidden: true }, icon("warn"), words);
  place.say = (text, field) => {
    words.textContent = text;
    place.hidden = !text;
    field?.setAttribute("aria-invalid", text ? "true" : "false");
    if (text) {
      field?.focus();
      place.scrollIntoView({ block: "nearest" });
    }
  };
  return place;
}

/** Radio buttons as large choices: [[value, element or text]]. */
export function choices(name, legend, options, chosen, onchange) {
  return h("fieldset", { class: "reasons" }, h("legend", { class: "label h3" }, legend),
    options.map(([value, words]) => h("label", { class: "choice" },
      h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onchange(value) }),
      typeof words === "string" ? h("b", {}, words) : words)));
}

/** Where we are in a row of steps; the bar's second line says it in words. */
export function legs(now, count) {
  return h("div", { class: "legs", "aria-hidden": "true" },
    Array.from({ length: count }, (_, at) => h("i", { class: at + 1 < now ? "did" : at + 1 === now ? "at" : null })));
}

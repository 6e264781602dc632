// When nothing else works: say that the scans are safe, and how to go on.
import { bigIcon, button, h, page, thumb } from "../dom.js";
import { support, t } from "../words.js";

export function broken(key, error) {
  console.error(error);
  document.getElementById("app").replaceChildren(
    page(bigIcon("stop"), h("h1", { class: "h1" }, t("broken.title")), h("p", {}, t(key)),
      h("p", {}, h("a", { class: "link-target", href: `tel:${support.replace(/\s/g, "")}` }, t("app.call_office")))),
    thumb(button(t("broken.again"), () => window.location.reload(), { before: "sync" })),
  );
}

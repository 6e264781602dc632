// What makes the plain pages quicker. Every page works without it.
import { createAll, Button, CharacterCount, Checkboxes, ErrorSummary, PasswordInput, Radios, SkipLink } from "govuk-frontend";
import { live } from "./shared/live.js";
import { keys } from "./shared/keys.js";
import { printing } from "./shared/printing.js";

const lively = (scope) => [Button, CharacterCount, Checkboxes, ErrorSummary, PasswordInput, Radios, SkipLink].forEach((component) => createAll(component, undefined, scope));
lively(document);
document.addEventListener("refilled", (event) => lively(event.target)); // a part of the page that came later: desk.js

live();
keys();
printing();

// A page that answers a form is kept by no browser: Back would meet the browser's own question whether to send it again.
// Whoever leaves it leaves a page like the others, asked for anew.
const leave = () => history.replaceState(history.state, "", location.href);
document.addEventListener("submit", leave);
document.addEventListener("click", (event) => event.target.closest?.('a[href]:not([href^="#"], [href^="tel:"])') && leave());

// Without a network a form would be lost to the browser's own page: it stays, and says so. The next press is sent all the
// same: a browser may be wrong about the network, as on a machine that has none and serves itself.
const offline = document.getElementById("offline");
document.addEventListener("submit", (event) => {
  if (!offline?.hidden || navigator.onLine) return;
  event.preventDefault();
  (event.submitter ?? event.target.lastElementChild).before(offline);
  offline.hidden = false;
});
window.addEventListener("online", () => offline?.setAttribute("hidden", ""));

// <button type="button" data-copy="id of a field" data-copied="Copied" hidden>: the words stay on the button
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = button.dataset.copied;
  });
}

// <button type="button" data-print hidden>: a printer button exists only where it can print
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// What makes the plain pages quicker. Every page works without it.
import { createAll, Button, CharacterCount, Checkboxes, ErrorSummary, PasswordInput, Radios, SkipLink } from "govuk-frontend";
import { live } from "./shared/live.js";
import { keys } from "./shared/keys.js";
import { printing } from "./shared/printing.js";

for (const component of [Button, CharacterCount, Checkboxes, ErrorSummary, PasswordInput, Radios, SkipLink]) createAll(component);

live();
keys();
printing();

// <button type="button" data-print hidden>: a printer button exists only where it can print
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

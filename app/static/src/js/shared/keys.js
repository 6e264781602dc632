// Shortcuts with a modifier or a function key: <a data-key="Alt+1">, <button data-key="F8">, "Ctrl+Enter". Single letters
// are never shortcuts: speech input and scanners type them. The key is announced with aria-keyshortcuts by the macro.

// With Alt held some keyboards write a sign instead of the digit: the key itself counts.
const cap = (event) => (event.altKey && /^Digit\d$/.test(event.code) ? event.code.slice(5) : event.key);
const name = (event) => [event.ctrlKey && "Ctrl", event.altKey && "Alt", event.shiftKey && "Shift", cap(event)].filter(Boolean).join("+");
const allowed = /^(?:(?:Ctrl|Alt)\+.+|(?:Shift\+)?F\d{1,2}|Escape)$/;

export function keys() {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat || document.querySelector("dialog[open]")) return;
    const pressed = name(event);
    if (!allowed.test(pressed)) return;
    const target = document.querySelector(`[data-key="${CSS.escape(pressed)}"]`);
    if (!target || target.disabled) return;
    event.preventDefault();
    target.click();
  });
}

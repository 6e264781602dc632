// The phone itself: its colours, its memory, its screen.
const THEMES = ["sun", "night", "day"];
let asked = null;

export const theme = () => document.documentElement.dataset.theme;
export const nextTheme = () => THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];

export function setTheme(name) {
  document.documentElement.dataset.theme = name;
  try {
    localStorage.setItem("theme", name);
  } catch { /* remembered until the page is closed */ }
}

/** Ask once that the browser never clears this page's memory; false when it may. */
export function askToKeep() {
  asked ??= navigator.storage?.persist?.().catch(() => false) ?? Promise.resolve(false);
  return asked;
}

/** The screen stays on until the returned function is called. */
export function stayAwake() {
  let lock = null;
  let over = false;
  navigator.wakeLock?.request("screen").then((got) => {
    if (over) got.release();
    else lock = got;
  }).catch(() => {});
  return () => {
    over = true;
    lock?.release().catch(() => {});
  };
}

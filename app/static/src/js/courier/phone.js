// The phone itself: its colours, its memory, its screen.
import { isTight as foundTight, lay } from "./spare.js";

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

const TIGHT = 50 * 1024 * 1024;
const FULL = 0.9;

/** Whether the browser has little room left for this page, as far as it tells, and as was found. */
export async function isTight() {
  await lay();
  if (foundTight()) return true;
  const { usage = 0, quota = Infinity } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
  return usage > quota * FULL || quota - usage < TIGHT;
}

/** Give the courier a file. */
export function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
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

// What a scanner may say to us, and nothing else: the slip's address, a postal S10 number, our own HS number, and at a
// door the letters on the citizen's screen.
// Forgiving about case, spaces and dashes, and about O for 0 and I or L for 1 where only a digit can stand. The check
// digits are the server's business: a doubtful code is shown to a person, never dropped.

const SLIP = /^HTTPS?:\/\/[A-Z0-9.-]+(?::\d{1,5})?\/S\/([0-9A-HJKMNP-TV-Z]{133})$/;
const DOOR = /^[0-9A-HJKMNP-TV-Z]{133}$/;
const S10 = /^[A-Z]{2}\d{9}[A-Z]{2}$/;
const HS = /^HS(\d{6})(\d{6})(\d)$/;
const SEPARATORS = /[\s\u00A0\u2010-\u2015\u2212._-]+/g;

const digits = (text) => text.replace(/O/g, "0").replace(/[IL]/g, "1");

/** What a citizen shows, the letters alone: an address would open a page in any camera app. */
export const shown = (text) => (DOOR.test(String(text ?? "").trim()) ? String(text).trim() : null);

/** parse(text) → {kind: "slip"|"s10"|"hs", value} or null. `value` is the canonical spelling: the slip's 133
 *  characters, RR123456785VN, HS-260826-000123-0. */
export function parse(text) {
  const raw = String(text ?? "").trim().toUpperCase();
  const slip = SLIP.exec(raw);
  if (slip) return { kind: "slip", value: slip[1] };
  const bare = raw.replace(SEPARATORS, "");
  if (/^[A-Z]{2}.{9}[A-Z]{2}$/.test(bare)) {
    const s10 = bare.slice(0, 2) + digits(bare.slice(2, 11)) + bare.slice(11);
    if (S10.test(s10)) return { kind: "s10", value: s10 };
  }
  if (bare.startsWith("HS")) {
    const hs = HS.exec(`HS${digits(bare.slice(2))}`);
    if (hs) return { kind: "hs", value: `HS-${hs[1]}-${hs[2]}-${hs[3]}` };
  }
  return null;
}

/** A scanner behind a Vietnamese keyboard (Telex, VNI) types accents into the code: it cannot be mended, only told. */
export const mangled = (text) => /[^\u0020-\u007E]/.test(String(text ?? "").trim());

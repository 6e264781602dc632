// The code on an identity card: fields between bars, number first, name third, birth day fourth; newer cards may carry more.
// It is not signed, so it proves nothing alone: it spares reading small print.
const BIRTH = /^(\d{2})(\d{2})(\d{4})$/;

/** {name, year, sound}, or null for any other code. `sound`: the number names the same year of birth. */
export function readCard(text) {
  const [number, , name, birth] = String(text ?? "").split("|").map((field) => field.trim());
  const day = BIRTH.exec(birth ?? "");
  if (!/^\d{9}(\d{3})?$/.test(number ?? "") || !name || !day) return null;
  const year = Number(day[3]);
  return { name, year, sound: number.length === 9 || yearOf(number) === year };
}

/** 3 digits of a place, 1 of century and sex (0 and 1 the 20th), 2 of the year. */
const yearOf = (number) => 1900 + 100 * Math.floor(Number(number[3]) / 2) + Number(number.slice(4, 6));

const plain = (name) => name.normalize("NFD").replace(/\p{M}/gu, "").replace(/[\u0110\u0111]/g, "d").toUpperCase().replace(/\s+/g, " ").trim();

export const sameName = (one, other) => plain(one) === plain(other);

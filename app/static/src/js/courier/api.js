// The wire. One answer shape for everything: {status, data, wait}, status 0 when nothing of ours answered; `foreign` when
// somebody else did (a captive portal, a proxy's page), `silent` when the line took it and nothing came back in time. Bytes come as bytes, with the instant up to which they say all.
// Cookies stay out of it; redirects are not followed.
import { VERSION } from "./words.js";

const PATIENCE = 20000;
const SLOWEST = 4; // bytes a millisecond: a line that carries less is as good as none
const nobody = (foreign) => ({ status: 0, data: {}, wait: 0, foreign });

/** A line that takes everything and answers nothing must not hold the phone up. */
function within(patience) {
  if (AbortSignal.timeout) return AbortSignal.timeout(patience);
  const ending = new AbortController(); // browsers of before 2022
  setTimeout(() => ending.abort(), patience);
  return ending.signal;
}

/** `json` or `photo` (bytes of a JPEG) is what is sent. */
export async function call(path, { token = null, json, photo, method = json === undefined && !photo ? "GET" : "POST", patience = PATIENCE } = {}) {
  const headers = { Accept: "application/json", "App-Version": VERSION };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (json !== undefined || photo) headers["Content-Type"] = photo ? "image/jpeg" : "application/json";
  const body = json === undefined ? photo : JSON.stringify(json);
  try {
    const answer = await fetch(`/api/v1/${path}`, {
      method, headers, body, cache: "no-store", credentials: "omit", redirect: "manual", referrerPolicy: "no-referrer",
      signal: within(patience + (body?.length ?? 0) / SLOWEST),
    });
    const kind = answer.headers.get("Content-Type") ?? "";
    if (kind === "application/octet-stream") return { status: answer.status, data: new Uint8Array(await answer.arrayBuffer()), until: answer.headers.get("Slips-Until"), wait: 0, foreign: false };
    if (!/^application\/(problem\+)?json/.test(kind)) return nobody(true);
    return { status: answer.status, data: await answer.json(), wait: Number(answer.headers.get("Retry-After")) || 0, foreign: false };
  } catch (error) {
    return { ...nobody(false), silent: ["TimeoutError", "AbortError"].includes(error.name) };
  }
}

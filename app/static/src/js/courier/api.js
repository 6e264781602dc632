// The wire. One answer shape for everything: {status, data}, status 0 when nothing of ours answered (no network, a
// captive portal, a proxy's page). Cookies stay out of it; redirects are not followed.
const PATIENCE = 20000;

export async function call(path, { token = null, json, method = json === undefined ? "GET" : "POST", patience = PATIENCE } = {}) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (json !== undefined) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(`/api/v1/${path}`, {
      method, headers, body: json === undefined ? undefined : JSON.stringify(json), cache: "no-store",
      credentials: "omit", redirect: "error", referrerPolicy: "no-referrer", signal: AbortSignal.timeout?.(patience),
    });
    if (!/^application\/(problem\+)?json/.test(answer.headers.get("Content-Type") ?? "")) return { status: 0, data: {} };
    return { status: answer.status, data: await answer.json(), wait: Number(answer.headers.get("Retry-After")) || 0 };
  } catch {
    return { status: 0, data: {} };
  }
}

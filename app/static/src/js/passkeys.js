// Passkeys over plain forms: the device is asked, and what it answers is sent with the form. Where a browser has none the
// forms stay hidden and the password stays alone.
//   <form data-passkey="make|show" data-ask="where the question comes from" data-refused="…" hidden>… data-says …</form>
//   <div data-presence>the password's field <button data-touch="where it is asked and answered" data-refused="…">… data-says …</div>
const decoded = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const encoded = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const named = (list) => list?.map((each) => ({ ...each, id: decoded(each.id) }));
const WHY = { NotAllowedError: "refused", AbortError: "refused", InvalidStateError: "known", SecurityError: "address", NotSupportedError: "unable", ConstraintError: "unable", TypeError: "lost" };

class Told extends Error {} // a sentence of the server's

async function post(url, fields) {
  const reply = await fetch(url, { method: "POST", body: fields, headers: { Accept: "application/json" } });
  if (reply.status === 204) return null;
  if (!reply.headers.get("Content-Type")?.includes("json")) throw new Error("another page");
  const said = await reply.json();
  if (!reply.ok) throw new Told(said.says);
  return said;
}

const ASK = {
  async make(options) {
    const { rawId, response } = await navigator.credentials.create({ publicKey: {
      ...options, challenge: decoded(options.challenge), user: { ...options.user, id: decoded(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    } });
    return { rawId, response: {
      attestationObject: encoded(response.attestationObject), clientDataJSON: encoded(response.clientDataJSON), transports: response.getTransports?.() ?? [],
    } };
  },
  async show(options) {
    const { rawId, response } = await navigator.credentials.get({ publicKey: {
      ...options, challenge: decoded(options.challenge), allowCredentials: named(options.allowCredentials),
    } });
    return { rawId, response: {
      authenticatorData: encoded(response.authenticatorData), clientDataJSON: encoded(response.clientDataJSON), signature: encoded(response.signature),
      userHandle: response.userHandle ? encoded(response.userHandle) : null,
    } };
  },
};

/** What the device says, as text. Rejects as the browser does, or with a sentence of the server's. */
async function answer(kind, url, fields) {
  const options = await post(url, fields);
  const { rawId, response } = await ASK[kind](options);
  return JSON.stringify({ id: encoded(rawId), rawId: encoded(rawId), type: "public-key", response });
}

function tell(scope, text) {
  const place = scope.querySelector("[data-says]");
  place.querySelector("p").textContent = text;
  place.hidden = !text;
}

const why = (element, error) => (error instanceof Told ? error.message : element.dataset[WHY[error.name]] ?? element.dataset.broken);

function watch(form) {
  let busy = false;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    tell(form, "");
    try {
      form.elements.passkey.value = await answer(form.dataset.passkey, form.dataset.ask, new FormData(form));
      if (form.elements.password) form.elements.password.value = ""; // it has been typed once, and is not asked again
      form.submit(); // asks no listener
    } catch (error) {
      tell(form, why(form, error));
    }
    busy = false;
  });
}

// PRESENCE by a touch instead of the password. Nothing is sent by it: the next key sends the form, or scans.
async function touch(button) {
  const scope = button.closest("[data-presence]");
  const { form } = button;
  tell(scope, "");
  button.disabled = true;
  try {
    const fields = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
    fields.set("passkey", await answer("show", button.dataset.touch, fields));
    await post(button.dataset.touch, fields);
    const done = document.createElement("p");
    done.setAttribute("role", "status");
    done.textContent = button.dataset.done;
    scope.replaceChildren(done);
    (form.querySelector("input[data-wedge]") ?? form.querySelector("button[type=submit], button:not([type])"))?.focus();
  } catch (error) {
    tell(scope, why(button, error));
    button.disabled = false;
  }
}

if (window.PublicKeyCredential && navigator.credentials) {
  document.querySelector("[data-without]")?.remove();
  document.querySelectorAll("form[data-passkey]").forEach(watch);
  document.addEventListener("click", (event) => { // also what came to the page later: desk.js
    const button = event.target.closest?.("[data-touch]");
    if (button) touch(button);
  });
}

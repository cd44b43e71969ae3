// Saves each answer as it is given. Every action here is also a plain form button; without script the page works as well.
// It holds no key, score or rationale, decides nothing, and says "Saved" only after the server did.
const form = document.getElementById("quiz");
const single = form.dataset.single === "yes";
const status = document.getElementById("save");
const RETRY_MS = 4000;
const OFFLINE = "No connection: not saved, kept on this page, trying again";

document.documentElement.classList.add("js");

const press = (el, on) => el.setAttribute("aria-pressed", String(on));
const isPressed = (el) => el.getAttribute("aria-pressed") === "true";
const field = (n, name) => form.querySelector(`[name="q${n}-${name}"]`);
const numberOf = (el) => (el.name || "").match(/^q(\d+)-/)?.[1];

function say(text, isTrouble = false) {
  status.querySelector("span").textContent = text;
  status.classList.toggle("is-note", isTrouble);
}

// Saving: one request at a time, always the newest state of each question that changed.
const tab = [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("");
let tabSeq = 0;
let sending = false;
let leaving = false; // with a form that carries everything
let retry = 0;
const dirty = new Set();

function fieldsOf(numbers) {
  const data = new FormData();
  data.set("csrf_token", form.elements.csrf_token.value);
  data.set("tab", tab);
  data.set("tab_seq", String(++tabSeq));
  for (const [name, value] of new FormData(form)) {
    const n = name.match(/^q(\d+)-/)?.[1] ?? (name === "n" ? value : null);
    if (n !== null && numbers.includes(n)) data.append(name, value);
  }
  return data;
}

const post = (numbers) => fetch(form.dataset.save, {
  method: "POST", body: fieldsOf(numbers), headers: { Accept: "application/json" }, redirect: "error",
});

// Signing out and in again elsewhere in this browser makes the page's token worthless; a fresh copy holds a good one.
async function renewToken() {
  const fresh = await fetch(form.dataset.save.replace(/\/save$/, ""), { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await fresh.text(), "text/html");
  const token = page.querySelector("#quiz [name=csrf_token]");
  if (token) form.elements.csrf_token.value = token.value;
  return token !== null; // otherwise nobody is signed in, or somebody else
}

async function send() {
  clearTimeout(retry);
  if (sending || !dirty.size) return;
  sending = true;
  const numbers = [...dirty];
  dirty.clear();
  say("Saving…");
  try {
    let response = await post(numbers);
    if (response.status === 400 && await renewToken()) response = await post(numbers);
    const answer = await response.json();
    if (response.ok) settle(answer);
    else refuse(response.status, answer.error, numbers);
  } catch {
    again(numbers, OFFLINE);
  }
  sending = false;
  if (dirty.size && !retry) send();
}

function settle(answer) {
  retry = 0;
  const stale = [];
  for (const slot of answer.slots) {
    const seq = field(slot.number, "seq");
    if (slot.verdict === "stale") stale.push(slot.number);
    else seq.value = String(slot.seq);
  }
  if (stale.length) say(`Not saved: question ${stale.join(", ")} was changed in another tab. Reload to see it.`, true);
  else say(`Saved ${answer.saved_at}`);
}

function refuse(code, message, numbers) {
  if (code === 503 || code === 429) return again(numbers, "Not saved yet: the server is busy, trying again");
  numbers.forEach((n) => dirty.add(n));
  retry = -1; // no use in trying again by itself
  const isSignedOut = code === 400 || code === 401;
  say(isSignedOut ? "Not saved: sign in again in another tab, then come back here" : `Not saved: ${message}`, true);
  return undefined;
}

function again(numbers, message) {
  clearTimeout(retry);
  numbers.forEach((n) => dirty.add(n));
  say(message, true);
  retry = setTimeout(() => { retry = 0; send(); }, RETRY_MS);
}

function changed(n) {
  dirty.add(String(n));
  if (retry) { clearTimeout(retry); retry = 0; }
  redraw();
  send();
}

// The map, the strip and the counts follow what is on the page.
function redraw() {
  const bands = document.querySelectorAll("#strip li");
  for (const button of document.querySelectorAll(".qmap button")) {
    const n = button.value.slice("to-".length);
    if (!field(n, "seq")) continue;
    const answered = form.querySelector(`[name="q${n}-answer"]:checked`) !== null;
    const flagged = field(n, "flag").value === "1";
    for (const el of [button, bands[n - 1]]) {
      el.classList.toggle("done", answered);
      el.classList.toggle("flag", flagged);
    }
    const here = button.classList.contains("here") ? ", this question" : "";
    button.querySelector("span").textContent = `${here}, ${answered ? "answered" : "not answered"}${flagged ? ", flagged" : ""}`;
  }
  const count = (name) => document.querySelectorAll(`.qmap .${name}`).length;
  document.getElementById("counts").textContent = `${count("done")} answered, ${count("flag")} flagged`;
}

function strike(button) {
  const [, n, letter] = button.value.match(/^strike-(\d+):(.+)$/);
  const option = button.closest(".opt");
  const on = !isPressed(button);
  press(button, on);
  option.classList.toggle("struck", on);
  option.querySelector(`input[type=hidden]`)?.remove();
  if (on) {
    const hidden = document.createElement("input");
    Object.assign(hidden, { type: "hidden", name: `q${n}-struck`, value: letter });
    option.append(hidden);
    option.querySelector(`[name="q${n}-answer"]`).checked = false;
  }
  changed(n);
}

function flag(button) {
  const n = button.value.slice("flag-".length);
  press(button, !isPressed(button));
  field(n, "flag").value = isPressed(button) ? "1" : "";
  changed(n);
}

form.addEventListener("change", (e) => {
  const n = numberOf(e.target);
  if (!n) return;
  const struck = e.target.closest(".opt.struck")?.querySelector(".strike");
  if (struck && e.target.checked) { // choosing an option puts it back in play
    press(struck, false);
    struck.closest(".opt").classList.remove("struck");
    struck.closest(".opt").querySelector("input[type=hidden]")?.remove();
  }
  changed(n);
});

form.addEventListener("click", (e) => {
  const button = e.target.closest("button");
  if (!button) return;
  if (button.classList.contains("strike")) { e.preventDefault(); strike(button); }
  else if (button.classList.contains("flag") && button.value.startsWith("flag-")) { e.preventDefault(); flag(button); }
});

form.addEventListener("submit", (e) => {
  if (!navigator.onLine) { // the browser would leave for its own error page
    e.preventDefault();
    again([...form.querySelectorAll("[name=n]")].map((el) => el.value), OFFLINE);
    return;
  }
  form.elements.tab.value = tab;
  form.elements.tab_seq.value = String(++tabSeq);
  leaving = true;
  dirty.clear(); // the form carries everything; the server knows it as newer than any save still under way
});

const sendNow = () => { clearTimeout(retry); retry = 0; send(); };
addEventListener("online", sendNow);
addEventListener("focus", sendNow);
addEventListener("beforeunload", (e) => { if (!leaving && (dirty.size || sending)) e.preventDefault(); });
addEventListener("pageshow", () => { leaving = false; redraw(); });

// Time used, only when asked for.
const time = document.getElementById("time");
let ticking = 0;
function showTime() {
  const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(time.dataset.started)) / 60000));
  const label = time.querySelector("span");
  label.classList.toggle("lbl", !isPressed(time));
  label.textContent = isPressed(time) ? `${minutes} min` : "Show time";
}
time.addEventListener("click", () => {
  press(time, !isPressed(time));
  clearInterval(ticking);
  if (isPressed(time)) ticking = setInterval(showTime, 15000);
  showTime();
});

// Single-key shortcuts: off while typing, and switched off by the box (WCAG 2.1.4), which stays off on this device.
// Where the box does not fit (phones, large zoom) there are none: nobody could switch them off.
const keysOn = document.getElementById("keys-on");
if (keysOn) {
  keysOn.checked = localStorage.getItem("keys") !== "off";
  keysOn.addEventListener("change", () => localStorage.setItem("keys", keysOn.checked ? "on" : "off"));
  document.addEventListener("keydown", (e) => {
    const typing = e.target.matches("textarea, select, input:not([type=radio], [type=checkbox])");
    const canSwitchOff = keysOn.closest("details").getClientRects().length > 0;
    if (!keysOn.checked || !canSwitchOff || typing || e.ctrlKey || e.metaKey || e.altKey || e.repeat) return;
    const key = e.key.toUpperCase();
    const n = form.elements.n.value;
    const option = form.querySelector(`[name="q${n}-answer"][value="${CSS.escape(key)}"]`);
    const sure = form.querySelector(`[name="q${n}-sure"][value="${{ 1: "guess", 2: "think_so", 3: "sure" }[e.key] ?? "-"}"]`);
    const go = (value) => form.querySelector(`.qbar [value="${value}"]`)?.click();
    if (option && e.shiftKey) option.closest(".opt").querySelector(".strike")?.click();
    else if (option || sure) { (option || sure).click(); (option || sure).focus(); }
    else if (key === "F") document.getElementById("flag").click();
    else if (e.key === "]" || (e.key === "Enter" && e.target === document.body)) go("next");
    else if (e.key === "[") go("prev");
    else return;
    e.preventDefault();
  });
}

document.getElementById("alert")?.focus();
if (matchMedia("(max-width: 61.99rem)").matches) document.getElementById("map").open = false;

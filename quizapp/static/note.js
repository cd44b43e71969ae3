// Saves a note a second after typing stops. Without script its form does the same with a button. What is typed goes onto
// this device first (queue.js) and leaves it only when the server has acknowledged it; "Saved" is said only then.
const queue = await import(document.getElementById("queue-js").href);
const form = document.querySelector("form[data-note]");
const { person, storedAt } = document.body.dataset;
const { note: place, title } = form.dataset;
const area = form.elements.text;
const undo = document.getElementById("note-undo");
const status = document.getElementById("note-said");
const MAX = 20_000;
const lengthOf = (text) => [...text].length; // characters as the server counts them: an emoji is one
const PAUSE_MS = 1000;
const RETRY_MS = 4000;
const tab = [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("");
const key = queue.unsentKey({ person, place, tab });

let version = Number(form.elements.version.value);
let ending = "";
let pause = 0;
let retry = 0;
let keeping = Promise.resolve(); // onto the device
let isAsked = false;
let isSending = false;
let isAgain = false;

const here = () => (queue.isDurable ? "kept on this device" : "kept on this page only");
const unsent = (text = area.value) => ({
  person, place, tab, title, text, version, page: location.pathname, url: new URL(form.action).pathname, given_at: Date.now(),
});

function say(text, isTrouble = false) {
  if (status.textContent !== text) status.textContent = text;
  status.classList.toggle("is-note", isTrouble);
  status.classList.toggle("soft", !isTrouble);
}

function knows(newer) {
  version = newer;
  for (const each of [form, undo]) each.elements.version.value = String(newer);
}

// However fast somebody types, one write is under way and at most one waits, which then takes the newest text.
function keep() {
  if (!isAsked) {
    isAsked = true;
    keeping = keeping.then(() => { isAsked = false; return queue.putUnsent(unsent()); });
  }
  return keeping;
}

function changed() {
  say("Saving…");
  keep();
  clearTimeout(pause);
  pause = setTimeout(send, PAUSE_MS);
}

async function send() {
  clearTimeout(pause);
  clearTimeout(retry);
  isAgain = isSending;
  if (isSending) return;
  isSending = true;
  do {
    isAgain = false;
    await keeping;
    if (lengthOf(area.value) > MAX) break;
    const token = !storedAt && ["", "done"].includes(ending) ? form.elements.csrf_token.value : "";
    ending = await queue.sendNotes(person, { token, renewed: renewTokens });
  } while (isAgain);
  isSending = false;
  await report();
}

function renewTokens(token) {
  for (const each of [form, undo]) each.elements.csrf_token.value = token;
}

// What the device knows by now, whichever page has sent it.
async function report() {
  const row = (await queue.listUnsent(person)).find((each) => each.key === key);
  const saved = await queue.findNote(person, place);
  if (saved?.by === key && saved.version > version) knows(saved.version);
  document.getElementById("note-sign-in")?.remove();
  if (lengthOf(area.value) > MAX) {
    const over = (lengthOf(area.value) - MAX).toLocaleString("en-AU");
    say(`Not saved: a note holds up to 20,000 characters. Shorten it by ${over}; until then it is ${here()}.`, true);
  } else if (row?.state === "stale") {
    say("Not saved: this note was changed elsewhere", true);
    offerChoice(row);
  } else if (row?.state === "refused") say(`Not saved, ${here()}: ${row.why}`, true);
  else if (ending === "signed-out") {
    say("Not saved: sign in again", true);
    offerSignIn();
  } else if (ending === "offline" || ending === "busy") {
    say(ending === "offline" ? `Offline: ${here()}` : `Not saved yet: the server is busy, ${here()}, trying again`, true);
    retry = setTimeout(send, RETRY_MS);
  } else if (!row && !isAsked && saved?.by === key) {
    say(area.value.trim() ? `Saved ${saved.at}` : `Removed ${saved.at}`);
    undo.hidden = !saved.can_undo;
    undo.querySelector("span").textContent = area.value.trim() ? "Put back the earlier text" : "Bring the removed note back";
  }
}

function offerSignIn() {
  const link = Object.assign(document.createElement("a"), {
    id: "note-sign-in", className: "hit", href: `/accounts/sign-in?next=${encodeURIComponent(location.pathname)}`, textContent: "Sign in again",
  });
  if (!queue.isDurable) link.target = "_blank"; // leaving would lose the text
  status.after(link);
}

// The server kept something else: both are shown, nothing is overwritten, the person chooses.
function offerChoice(row) {
  document.getElementById("note-choice")?.remove();
  const make = (name, text, css = "") => Object.assign(document.createElement(name), { textContent: text, className: css });
  const box = Object.assign(make("section", "", "note mb-3"), { id: "note-choice" });
  box.setAttribute("role", "alert");
  const kept = make("div", row.kept || "The note was emptied there.", "note-kept");
  const buttons = make("div", "", "row-wrap");
  const choose = (text, act) => {
    const button = Object.assign(make("button", text, "btn btn-quiet"), { type: "button" });
    button.addEventListener("click", async () => { box.remove(); knows(row.kept_version); await act(); area.focus(); });
    buttons.append(button);
  };
  const saveOver = async () => { await keeping; await queue.replaceUnsent({ ...unsent(), sent: null }); await send(); };
  choose("Save mine instead", saveOver);
  choose("Take the kept one", async () => {
    await keeping;
    await queue.discardUnsent([row]);
    area.value = row.kept;
    say("This is the text that is kept");
  });
  if (row.kept) choose("Put both together", () => { area.value = `${row.kept}\n\n${area.value}`; return saveOver(); });
  box.append(
    make("h3", "This note was changed in another tab or on another device", "h6 fw-semibold mt-0"),
    make("p", "Yours, below, is not saved yet. Kept there:", "mb-1"), kept, buttons,
  );
  area.before(box);
}

// What this device knows and the page does not: texts not acknowledged yet and, on a kept page, what was saved since.
async function restore() {
  const early = area.value === area.defaultValue ? [] : [area.value]; // typed before this script was there
  const saved = await queue.findNote(person, place);
  if (storedAt && saved && saved.version > version) {
    area.value = saved.text;
    knows(saved.version);
    say(`Saved ${saved.at}`);
  }
  const rows = (await queue.listUnsent(person)).filter((row) => row.place === place);
  const newest = rows.at(-1);
  if (!newest) {
    if (early.length) { area.value = early[0]; changed(); }
    return false;
  }
  const texts = [...rows.map((row) => row.text), ...early];
  area.value = texts.filter((text, i) => !texts.some((other, j) => j > i && other.includes(text))).join("\n\n");
  version = newest.version;
  await queue.replaceUnsent({ ...newest, tab, text: area.value }, newest.state === "refused" ? "waiting" : newest.state);
  await queue.discardUnsent(rows);
  return true;
}

function listen() {
  area.addEventListener("input", changed);
  form.addEventListener("submit", (event) => { event.preventDefault(); keep(); send(); });
  undo.addEventListener("submit", async (event) => {
    event.preventDefault();
    const isOpen = async () => isAsked || (await queue.listUnsent(person)).some((row) => row.key === key);
    if (await isOpen()) await send();
    if (!navigator.onLine) say("Offline: the earlier text can be put back when the connection is back", true);
    else if (!await isOpen()) undo.submit();
  });
  document.addEventListener("visibilitychange", async () => { if ((await queue.listUnsent(person)).length) send(); });
  addEventListener("online", async () => { if ((await queue.listUnsent(person)).length) send(); });
  addEventListener("beforeunload", (event) => { if (!queue.isDurable && status.classList.contains("is-note")) event.preventDefault(); });
}

if (!form.dataset.unsaved) { // otherwise the page itself shows two texts, and its button saves
  document.getElementById("note-save").hidden = true;
  const fold = form.closest("details");
  listen();
  const isUnsent = await restore();
  if (fold && (isUnsent || area.value || location.hash === "#note")) fold.open = true;
  if (isUnsent) {
    say(`Not saved yet, ${here()}. Sending…`, true);
    await send();
  }
}
document.getElementById("alert")?.focus();

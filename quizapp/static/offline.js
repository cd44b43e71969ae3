// On every page of a signed-in person: installs the worker, sends what waits, says what waits, clears at sign-out.
const queue = await import(document.getElementById("queue-js").href);
const { person, storedAt } = document.body.dataset;
const quiz = document.getElementById("quiz-attempt")?.dataset.attempt; // of a page that shows an attempt
const isAnswering = document.querySelector("form[data-save]") !== null; // quiz.js sends and tells there
const ended = location.pathname.match(/^\/quiz\/attempts\/(\d+)\/(?:result|review)/)?.[1]; // its result is shown here
const isNoting = document.querySelector("form[data-note]:not([data-unsaved])") !== null; // note.js does so for notes
const main = document.getElementById("main");
const RETRY_MS = 10_000;

export const clock = (at) => new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
export const day = (at) => new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
export const answers = (n) => `${n} ${n === 1 ? "answer" : "answers"}`;
const listAll = async () => [...await queue.list(person), ...await queue.listUnsent(person)];
const isNote = (row) => row.place !== undefined;

function counted(rows) {
  const n = rows.filter(isNote).length;
  const parts = [rows.length > n && answers(rows.length - n), n && `${n} ${n === 1 ? "note" : "notes"}`];
  return parts.filter(Boolean).join(" and ");
}

// What is said of late answers to these questions, and of an answer that could not be saved.
export function sayLate(slots) {
  const numbers = [...new Set(slots.map(Number))].sort((a, b) => a - b);
  const many = numbers.length > 1;
  const which = many ? `Your answers to questions ${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}` : `Your answer to question ${numbers[0]}`;
  return `${which} arrived late. ${many ? "They are" : "It is"} kept and marked late: ${many ? "they do" : "it does"} not count unless an educator accepts ${many ? "them" : "it"}.`;
}
export const sayAnswer = (row) => `Question ${row.slot}: ${row.words || "no answer"}`;

export function element(name, text = "", attributes = {}) {
  const made = Object.assign(document.createElement(name), { textContent: text });
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// Ask the worker; null where there is none (no https, private window, switched off).
export async function ask(message) {
  if (!navigator.serviceWorker) return null;
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = (event) => resolve(event.data);
    active.postMessage(message, [port2]);
  });
}

// A line at the top of the page, under a name of its own; empty takes it away.
function note(id, role, ...content) {
  document.getElementById(id)?.remove();
  if (!content.length) return;
  const box = element("section", "", { id, role, class: "note mb-4" });
  box.append(...content);
  main.prepend(box);
}

const isRecent = (at) => new Date(at).toDateString() === new Date().toDateString();
const when = (at) => (isRecent(at) ? clock(at) : `${day(at)}, ${clock(at)}`);

function questionLink(row) {
  return element("a", `question ${row.slot}`, { href: `${placeOf(row)}/${row.single ? `questions/${row.slot}` : `all#q${row.slot}`}` });
}

function describe(row) {
  const line = element("li");
  const link = isNote(row) ? element("a", row.title, { href: row.page }) : questionLink(row);
  const fate = `could not be saved: ${row.why} `;
  if (row.state === "stale" && isNote(row)) line.append("Not saved: your note on ", link, " was changed elsewhere. Open it to choose.");
  else if (row.state === "stale") line.append("Not saved: ", link, ` was changed elsewhere. Kept there: ${row.kept || "no answer"}. Open it to choose.`);
  else if (isNote(row)) line.append("Your note on ", link, `, given ${when(row.given_at)}, ${fate}`, removeButton("Remove it from this device", [row]));
  else line.append(`${sayAnswer(row)}. Given ${when(row.given_at)}, ${fate}`, removeButton("Remove it from this device", [row]));
  return line;
}

async function showWaiting(ending = "") {
  const rows = (await listAll()).filter((row) => !(isNoting && isNote(row)));
  const waiting = rows.filter((row) => row.state === "waiting");
  const hint = { offline: "They are sent when the connection is back.", busy: "The server is busy; trying again.", "signed-out": "Sign in again to send them." }[ending] ?? "Sending…";
  if (waiting.length) {
    const since = Math.min(...waiting.map((row) => row.given_at));
    const text = `${counted(waiting)} ${waiting.length === 1 ? "is" : "are"} waiting to be sent, kept on this device since ${when(since)}. ${hint}`;
    note("waiting", "status", element("p", text, { class: "mb-0" }));
  } else if (document.getElementById("waiting")) {
    note("waiting", "status");
  }
  const other = rows.filter((row) => row.state !== "waiting");
  if (!other.length) return note("not-kept", "status");
  const parts = byAttempt(other.filter(isOver)).map(showOver);
  const open = other.filter((row) => !isOver(row));
  if (open.length) parts.push(element("ul", "", { class: "mb-0" }));
  if (open.length) parts.at(-1).append(...open.map(describe));
  const title = `${other.some(isNote) ? "What is on this device and" : "Answers on this device that are"} not saved`;
  return note("not-kept", "status", element("h2", title, { class: "h3" }), ...parts);
}

const byAttempt = (rows) => [...new Set(rows.map((row) => row.attempt))].map((id) => rows.filter((row) => row.attempt === id));
const isOver = (row) => row.is_over || String(row.attempt) === ended;

// Answers to an attempt that was over before they arrived: readable until the person has read them.
function showOver(rows) {
  const part = element("div");
  const list = element("ul");
  list.append(...rows.map((row) => element("li", `${sayAnswer(row)}. Given ${when(row.given_at)}.`)));
  const row = element("div", "", { class: "row-wrap" });
  row.append(...resultLink(rows[0]), removeButton("I have read this: remove it from this device", rows));
  part.append(element("p", "The attempt was already finished, in another tab or on another device, when this arrived, so it does not count:"), list, row);
  return part;
}

const placeOf = (row) => row.url.replace(/\/save$/, "");
const resultLink = (row) => (String(row.attempt) === ended ? [] : [element("a", "See the result", { href: placeOf(row), class: "btn btn-quiet" })]);

function removeButton(text, rows) {
  const button = element("button", text, { type: "button", class: "btn btn-quiet" });
  button.addEventListener("click", async () => {
    await (rows.some(isNote) ? queue.discardUnsent(rows) : queue.discard(rows));
    await showWaiting();
    main.focus(); // the button is gone
  });
  return button;
}

// What came too late stays said until the page is left; the result says it for good.
const lateOnes = [];
function showLate() {
  const parts = byAttempt(lateOnes).flatMap((rows) => {
    const text = `The time ended${rows[0].due ? ` at ${rows[0].due}` : ""}. What arrived before then counts. ${sayLate(rows.map((row) => row.slot))}`;
    return [element("p", text), ...resultLink(rows[0])];
  });
  note("late", "status", ...parts);
}

let isSending = false;
let retry = 0;
async function sendWaiting() {
  clearTimeout(retry);
  if (isSending) return "busy";
  isSending = true;
  const settled = [];
  const notes = [];
  let ending = await queue.send(person, { tell: (outcome) => settled.push(outcome) });
  if (ending === "done" && !isNoting) ending = await queue.sendNotes(person, { tell: (row) => notes.push(row) });
  isSending = false;
  await showWaiting(ending);
  lateOnes.push(...settled.filter((outcome) => outcome.verdict === "late").map((outcome) => outcome.row));
  if (lateOnes.length) showLate();
  const kept = settled.filter((outcome) => ["accept", "repeat"].includes(outcome.verdict)).map(({ row }) => row);
  kept.push(...notes.filter((row) => Date.now() - row.given_at > RETRY_MS)); // not: just left behind
  if (kept.length) note("sent", "status", element("p", `${counted(kept)} sent and saved at ${clock(Date.now())}.`, { class: "mb-0" }));
  const isOfThis = (row) => String(row.attempt) === quiz;
  const isNews = settled.some((outcome) => isOfThis(outcome.row)) && !lateOnes.some(isOfThis); // of an open attempt
  if (quiz && isNews && !storedAt) location.reload(); // it lists the answers
  if (ending === "offline" || ending === "busy") retry = setTimeout(sendWaiting, RETRY_MS);
  return ending;
}

// Finishing while answers wait would leave them out.
function guardFinish(form) {
  let isGoing = false; // a second click would break off the first
  addEventListener("pageshow", () => { isGoing = false; });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isGoing) return;
    isGoing = true;
    const mine = async () => (await queue.listWaiting(person)).filter((row) => String(row.attempt) === quiz).length;
    if (await mine()) await sendWaiting();
    const left = await mine();
    if (!left) return form.submit();
    isGoing = false;
    return note("unfinished", "alert", element("p", `Not finished: ${answers(left)} of this attempt ${left === 1 ? "is" : "are"} not sent yet. Wait for the connection, then finish.`, { class: "mb-0" }));
  });
}

async function forgetHere() {
  await queue.forgetPerson(person);
  const names = globalThis.caches ? await caches.keys() : [];
  await Promise.all(names.filter((name) => name.startsWith("fascicle-pages-")).map((name) => caches.delete(name)));
}

async function leave(form) {
  await Promise.race([forgetHere(), new Promise((resolve) => { setTimeout(resolve, 5000); })]);
  form.submit();
}

function guardSignOut(form) {
  let isGoing = false;
  addEventListener("pageshow", () => { isGoing = false; });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isGoing) return undefined;
    isGoing = true;
    const rows = await listAll();
    if (!rows.length) return leave(form);
    isGoing = false;
    document.getElementById("leaving")?.remove();
    const box = element("section", "", { id: "leaving", role: "alert", tabindex: "-1", class: "note is-stop mt-3" });
    const row = element("div", "", { class: "row-wrap" });
    const first = element("button", "Send first", { type: "button", class: "btn btn-primary" });
    const lose = element("button", `Sign out and lose ${counted(rows)}`, { type: "button", class: "btn btn-quiet" });
    const said = element("p", `${counted(rows)} on this device ${rows.length === 1 ? "is" : "are"} not saved on the server. Signing out removes what is kept on this device.`);
    first.addEventListener("click", async () => {
      await sendWaiting();
      const left = await listAll();
      if (!left.length) return leave(form);
      said.textContent = `${counted(left)} could not be sent. You are still signed in.`;
      lose.textContent = `Sign out and lose ${counted(left)}`;
      return undefined;
    });
    lose.addEventListener("click", () => leave(form));
    row.append(first, lose);
    box.append(element("h2", "Not everything is saved", { class: "h3" }), said, row);
    form.closest("section, div").after(box);
    box.focus();
    return undefined;
  });
}

// "Next" of a lesson page is a form; without a connection its page, if it is here, opens as a link would.
function guardNext(form) {
  form.addEventListener("submit", (event) => {
    if (navigator.onLine && !storedAt) return;
    event.preventDefault();
    location.assign(form.dataset.next);
  });
}

async function listHere() {
  const place = document.getElementById("on-device");
  const stored = place && await ask({ list: true });
  const pages = (stored ?? []).filter(({ path }) => !/\/questions\/(?!1$)|\/check$/.test(path)); // the first one leads on
  if (!pages.length) return;
  for (const page of pages.sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }))) {
    const title = new DOMParser().parseFromString(page.title, "text/html").documentElement.textContent;
    const line = element("li");
    line.append(element("a", title.replace(/ – Fascicle$/, ""), { href: page.path }), " ", element("span", `from ${when(page.at)}`, { class: "small soft" }));
    place.querySelector("ul").append(line);
  }
  place.hidden = false;
}

async function keepPages() {
  if (person && !storedAt && ended) await queue.forgetAttempt(person, ended);
  if (!navigator.serviceWorker) return;
  const isFirst = !navigator.serviceWorker.controller; // this page was opened before the worker was there
  await navigator.serviceWorker.register("/sw.js");
  if (!person || storedAt) return;
  await ask({ forget: { except: person } });
  await queue.forgetOthers(person);
  if (ended) await ask({ drop: [`/quiz/attempts/${ended}/`] });
  const quizForm = document.querySelector("form[data-save]")?.dataset;
  if (quizForm?.single) await ask({ drop: closedPathsOf(quizForm) });
  const { saveData } = navigator.connection ?? {}; // somebody who saves data has the pages that they opened
  const wanted = saveData ? null : quizForm;
  const paths = wanted ? pathsOf(wanted) : [];
  if (isFirst) await ask({ keep: [location.pathname] });
  if (paths.length) await new Promise((resolve) => { (globalThis.requestIdleCallback ?? setTimeout)(resolve); });
  if (paths.length) await ask({ keep: paths, unless: paths.at(-1) }); // once: the last is there only if the others were had
}

// Every page of an attempt that can be opened, so that all of it can be answered without a connection.
export function pathsOf({ save, single, open }) {
  const place = save.replace(/\/save$/, "");
  const pages = single ? open.split(" ").map((n) => `${place}/questions/${n}`) : [`${place}/all`];
  return [...pages, `${place}/check`];
}

// Pages of questions that were gone on from, where there is no way back.
function closedPathsOf({ save, n, open }) {
  const isOpen = new Set(open.split(" "));
  const numbers = Array.from({ length: Number(n) }, (_, i) => String(i + 1)).filter((each) => !isOpen.has(each));
  return numbers.map((each) => save.replace(/\/save$/, `/questions/${each}`));
}

if (storedAt) note("stored", "status", element("p", `Offline: this page is from ${when(storedAt)}.`, { class: "mb-0" }));
if (person) {
  for (const form of document.querySelectorAll('form[action$="/sign-out"]')) guardSignOut(form);
  for (const form of document.querySelectorAll("form[data-finish]")) guardFinish(form);
  for (const form of document.querySelectorAll("form[data-next]")) guardNext(form);
  if (!isAnswering) {
    const isAny = async () => (await listAll()).some((row) => !(isNoting && isNote(row)));
    if (await isAny()) sendWaiting();
    addEventListener("online", async () => { if (await isAny()) sendWaiting(); });
  }
}
listHere();
keepPages().catch(() => {}); // without a worker everything else works as it does

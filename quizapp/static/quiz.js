// Saves each answer as it is given. Every action here is also a plain form button; without script the page works as well.
// It holds no key, score or rationale, decides nothing, and says "Saved" only after the server did. Each answer is in the
// queue on this device (queue.js) before it is sent, and stays there until the server said what became of it.
const queue = await import(document.getElementById("queue-js").href);
const { clock, element, sayLate, sayAnswer } = await import(document.getElementById("offline-js").src);
const { isAnswered, isAnsweredIn, isTouched, isTyped, putAnswer, putStrike, wordsOf } = await import(document.getElementById("inputs-js").href);
const form = document.getElementById("quiz");
const { person, storedAt } = document.body.dataset;
const { attempt, save } = form.dataset;
const single = form.dataset.single === "yes";
const status = document.getElementById("save");
const place = save.replace(/\/save$/, "");
const RETRY_MS = 4000;
const PAUSE_MS = 700;
const ASK_AGAIN_MS = 60_000;

const press = (el, on) => el.setAttribute("aria-pressed", String(on));
const isPressed = (el) => el.getAttribute("aria-pressed") === "true";
const field = (n, name) => form.querySelector(`[name="q${n}-${name}"]`);
const numberOf = (el) => (el.name || "").match(/^q(\d+)-/)?.[1];
const here = () => (queue.isDurable ? "kept on this device" : "kept on this page only");

function say(text, isTrouble = false) {
  status.querySelector("span").textContent = text;
  status.classList.toggle("is-note", isTrouble);
}

// Saving. `latest` has the key of the newest unsent row of each question of this page.
const tab = [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("");
let tabSeq = 0;
let sending = false;
let askedAgain = false;
let ending = "";
let retry = 0;
let writing = Promise.resolve(); // into the queue
let nWriting = 0;
const latest = new Map();
const shown = new Map(); // the unsent row of an earlier page that this page took over, by question
const elsewhere = new Map(); // how other questions stand on this device, for the map
const trouble = new Map(); // what the server would not keep, by question
const late = new Set(); // questions with an answer that came after the time had ended
let isOver = false; // the attempt has ended, and the page says so
let asking = 0;

function rowOf(n) {
  const fields = [...new FormData(form)].filter(([name]) => name.startsWith(`q${n}-`) && name !== `q${n}-seq`);
  return {
    person, attempt: Number(attempt), slot: Number(n), single, url: save, tab, tab_seq: ++tabSeq, fields,
    known: Number(field(n, "seq").value), after: shown.get(String(n)) ?? "", given_at: Date.now(),
    words: wordsOf(form, n), due: form.dataset.due,
  };
}

function changed(n) {
  if (isOver) return;
  const row = rowOf(n);
  trouble.delete(String(n));
  document.getElementById(`elsewhere-${n}`)?.remove();
  redraw();
  say("Saving…");
  nWriting += 1;
  writing = writing.then(async () => { latest.set(String(n), await queue.put(row)); nWriting -= 1; });
  writing.then(send);
}

async function send() {
  clearTimeout(retry);
  askedAgain = sending;
  if (sending) return;
  sending = true;
  do {
    askedAgain = false;
    const isFresh = !storedAt && ["", "done"].includes(ending); // otherwise the queue asks who is signed in by now
    const token = isFresh ? form.elements.csrf_token.value : "";
    ending = await queue.send(person, { token, tell: settle, renewed: (fresh) => { form.elements.csrf_token.value = fresh; } });
  } while (askedAgain);
  sending = false;
  if (!nWriting) await report(); // otherwise something newer follows at once
}

function settle({ row, verdict, seq, kept, caution, saved_at }) {
  if (String(row.attempt) !== attempt) return;
  const n = String(row.slot);
  const isNewest = !latest.has(n) || latest.get(n) === row.key;
  if (isNewest) latest.delete(n);
  if (verdict === "stale") {
    trouble.set(n, `Not saved: question ${n} was changed elsewhere`);
    offerChoice(n, seq, kept);
  } else if (verdict === "late") late.add(n);
  else {
    trouble.delete(n);
    const known = field(n, "seq");
    if (known && seq > Number(known.value)) known.value = String(seq);
    const told = document.getElementById(`q${n}-caution`);
    if (told && isNewest && caution !== undefined) told.textContent = caution;
    status.dataset.at = saved_at;
  }
}

// What the page says once a round of sending has ended.
async function report() {
  const asOf = tabSeq;
  const rows = (await queue.list(person)).filter((row) => String(row.attempt) === attempt);
  if (ending !== "signed-out") for (const n of latest.keys()) await takeOver(n, rows);
  tellIfOver(rows);
  if (ending === "offline" || ending === "busy") {
    say(ending === "offline" ? `Offline: ${here()}` : `Not saved yet: the server is busy, ${here()}, trying again`, true);
    retry = setTimeout(send, RETRY_MS);
    return;
  }
  if (ending === "signed-out") {
    say("Not saved: sign in again", true);
    offerSignIn();
    return;
  }
  document.getElementById("sign-in-again")?.remove();
  if (isOver || tabSeq !== asOf) return; // something newer was given meanwhile: it is not "Saved" yet
  for (const row of rows.filter((each) => each.state === "refused")) trouble.set(String(row.slot), `Not saved: ${row.why}`);
  if (trouble.size) say([...trouble.values()].at(-1), true);
  else if (status.dataset.at) say(`Saved ${status.dataset.at}`);
}

// Another page of this browser has sent what this one gave.
async function takeOver(n, rows) {
  const key = latest.get(n);
  if (rows.some((row) => row.key === key && row.state !== "stale")) return;
  const stale = rows.find((row) => row.key === key && row.state === "stale");
  const saved = (await queue.listSaved(person, attempt)).find((row) => String(row.slot) === n);
  if (stale) settle({ row: stale, verdict: "stale", seq: stale.seq, kept: stale.kept });
  else if (saved) settle({ row: { attempt, slot: n, key }, verdict: saved.is_late ? "late" : "accept", seq: saved.by === key ? saved.seq : 0, saved_at: saved.at });
  else if (latest.get(n) === key) changed(n); // and has cleared up since: ask again what became of it
}

function box(id, role, ...content) {
  document.getElementById(id)?.remove();
  const made = Object.assign(document.createElement("section"), { id, className: "note mb-4" });
  made.setAttribute("role", role);
  made.append(...content);
  return made;
}

function line(...content) {
  const made = document.createElement("p");
  made.append(...content);
  return made;
}

function button(text, css, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: text, className: `btn ${css}` });
  made.addEventListener("click", act);
  return made;
}

// The server kept something else: both are shown, nothing is overwritten, the person chooses.
function offerChoice(n, seq, kept) {
  const panel = document.getElementById(`q${n}`);
  if (!panel) return; // on another page: told there, and on the pages outside the quiz
  const what = Object.assign(document.createElement("strong"), { textContent: kept || "no answer" });
  const title = Object.assign(document.createElement("h2"), { className: "h3", textContent: `Question ${n} was changed in another tab or on another device` });
  const choices = Object.assign(document.createElement("div"), { className: "row-wrap" });
  choices.append(
    button("Keep this one instead", "btn-quiet", async () => {
      await forget(n);
      field(n, "seq").value = String(seq);
      changed(n);
    }),
    button("Show the kept one", "btn-quiet", async () => {
      await forget(n);
      location.assign(`${place}/${single ? `questions/${n}` : "all"}`);
    }),
  );
  panel.prepend(box(`elsewhere-${n}`, "alert", title, line("Kept there: ", what, ". Below you see the answer from this device; it is not saved."), choices));
}

// The attempt has ended. The page stays as it is and says what became of each answer; one link leads on.
function tellIfOver(rows) {
  const refused = rows.filter((row) => row.is_over);
  if (refused.length) tellOver("This attempt was already finished", sayRefused(refused));
  else if (late.size) tellOver(`The time ended${form.dataset.due ? ` at ${form.dataset.due}` : ""}`, [line("What arrived before then counts."), line(sayLate([...late]))]);
}

function sayRefused(rows) {
  const list = element("ul");
  list.append(...rows.map((row) => element("li", sayAnswer(row))));
  return [
    line("It was finished in another tab or on another device before what you see here arrived. What was saved before that counts. Not counted:"),
    list, line("This stays readable on this device until you remove it, on the page with the result."),
  ];
}

function tellOver(title, content) {
  clearTimeout(asking);
  const before = document.getElementById("over");
  if (before?.dataset.said === title + content.map((each) => each.textContent)) return;
  const moves = !before || before.contains(document.activeElement);
  const link = element("a", "See the result", { href: place, class: "btn btn-primary" });
  const made = box("over", "alert", element("h2", title, { class: "h3" }), ...content, link);
  made.dataset.said = title + content.map((each) => each.textContent);
  made.tabIndex = -1;
  form.before(made);
  isOver = true;
  for (const el of form.elements) el.disabled = true;
  for (const el of [form.querySelector(".qbar"), document.getElementById("ends")]) if (el) el.hidden = true;
  for (const each of document.querySelectorAll("[id^=elsewhere-]")) each.remove();
  say(title, true);
  if (moves) made.focus();
}

// When the time should have ended, ask the server whether it has: its clock decides, not the one here.
async function askEnd() {
  clearTimeout(asking);
  if (isOver || !form.dataset.closes) return;
  const left = Date.parse(form.dataset.closes) - Date.now();
  asking = setTimeout(askEnd, left > 0 ? left + 1000 : ASK_AGAIN_MS);
  if (left > 0) return;
  await send();
  try {
    const response = await fetch(`${place}/${single ? "questions/1" : "all"}`, { redirect: "manual", headers: { Accept: "application/json" } });
    if (response.type === "opaqueredirect" && !isOver) tellOver(`The time ended at ${form.dataset.due}`, [line("What was saved by then is graded.")]);
  } catch { // without a connection: asked again
  }
}

async function forget(n) {
  latest.delete(n);
  shown.delete(n);
  const rows = await queue.list(person);
  await queue.discard(rows.filter((row) => String(row.attempt) === attempt && String(row.slot) === n));
}

function offerSignIn() {
  const link = Object.assign(document.createElement("a"), { href: `/accounts/sign-in?next=${encodeURIComponent(location.pathname)}`, textContent: "Sign in again" });
  if (!queue.isDurable) link.target = "_blank"; // leaving would lose them
  form.firstElementChild.prepend(box("sign-in-again", "status", line(`Your answers are ${here()}. `, link, " to save them.")));
}

// What this device knows and the page does not: answers not acknowledged yet and, on a stored page, those saved since.
async function restore() {
  const rows = (await queue.list(person)).filter((row) => String(row.attempt) === attempt);
  const told = (form.dataset.told || "").split(" ");
  await queue.discard(rows.filter((row) => told.includes(String(row.slot)))); // the server's page shows them and asks
  const acknowledged = await queue.listSaved(person, attempt);
  for (const saved of acknowledged.filter((each) => each.is_late)) late.add(String(saved.slot));
  if (storedAt) {
    for (const saved of acknowledged) {
      const known = field(saved.slot, "seq");
      if (!known) elsewhere.set(String(saved.slot), saved.fields);
      else if (saved.seq > Number(known.value)) {
        show(saved.slot, saved.fields);
        known.value = String(saved.seq);
        say(`Saved ${saved.at}`);
      }
    }
  }
  const waiting = rows.filter((row) => !told.includes(String(row.slot)));
  for (const row of waiting) {
    const n = String(row.slot);
    if (!field(n, "seq")) elsewhere.set(n, row.fields);
    else {
      show(n, row.fields);
      shown.set(n, row.key);
      if (row.state === "stale") { trouble.set(n, `Not saved: question ${n} was changed elsewhere`); offerChoice(n, row.seq, row.kept); }
    }
  }
  redraw();
  tellIfOver(rows);
  const first = waiting.find((row) => row.state === "waiting");
  const isNews = first && (field(first.slot, "seq") || Date.now() - first.given_at > RETRY_MS); // not: just left behind
  if (isNews) say(`Kept on this device since ${clock(first.given_at)}, sending…`, true);
  if (form.dataset.unsaved) for (const el of form.querySelectorAll("[name=n]")) changed(el.value);
  else if (waiting.length) await send();
}

// Put an answer into the form. A question whose reasons were shown stays as it is.
function show(n, fields) {
  const values = (name) => fields.filter(([key]) => key === `q${n}-${name}`).map(([, value]) => value);
  if (!putAnswer(form, n, values)) return;
  for (const input of form.querySelectorAll(`[name="q${n}-sure"]`)) input.checked = values("sure").includes(input.value);
  field(n, "flag").value = values("flag")[0] ?? "";
  const flagButton = form.querySelector(`button.flag[value="flag-${n}"]`);
  if (flagButton) press(flagButton, field(n, "flag").value === "1");
}

// The map, the strip and the counts follow what is on the page.
function redraw() {
  const bands = document.querySelectorAll("#strip li");
  for (const button of document.querySelectorAll(".qmap button")) {
    const n = button.value.slice("to-".length);
    const isHere = field(n, "seq") !== null;
    const known = elsewhere.get(n);
    if (!isHere && !known) continue;
    const answered = isHere ? isAnswered(form, n) : isAnsweredIn(known, n);
    const flagged = isHere ? field(n, "flag").value === "1" : known.some(([name, value]) => name === `q${n}-flag` && value === "1");
    for (const el of [button, bands[n - 1]]) {
      el.classList.toggle("done", answered);
      el.classList.toggle("flag", flagged);
    }
    const place = button.classList.contains("here") ? ", this question" : "";
    button.querySelector("span").textContent = `${place}, ${answered ? "answered" : "not answered"}${flagged ? ", flagged" : ""}`;
  }
  const count = (name) => document.querySelectorAll(`.qmap .${name}`).length;
  document.getElementById("counts").textContent = `${count("done")} answered, ${count("flag")} flagged`;
}

function strike(button) {
  const [, n, letter] = button.value.match(/^strike-(\d+):(.+)$/);
  const on = !isPressed(button);
  putStrike(button, n, letter, on);
  if (on) button.closest(".opt").querySelector(`[name="q${n}-answer"]`).checked = false;
  changed(n);
}

function flag(button) {
  const n = button.value.slice("flag-".length);
  press(button, !isPressed(button));
  field(n, "flag").value = isPressed(button) ? "1" : "";
  changed(n);
}

// What is typed is saved in a pause, and when the field is left.
const typed = new WeakMap(); // field → what it held when it was last saved
let pause = 0;
function typing(el) {
  clearTimeout(pause);
  if (!numberOf(el) || typed.get(el) === el.value) return;
  typed.set(el, el.value);
  changed(numberOf(el));
}
form.addEventListener("input", (e) => {
  if (!isTyped(e.target)) return;
  clearTimeout(pause);
  pause = setTimeout(typing, PAUSE_MS, e.target);
});

form.addEventListener("change", (e) => {
  const n = numberOf(e.target);
  if (!n) return;
  if (isTyped(e.target)) { typing(e.target); return; }
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

// Without a connection, or on a page from this device, buttons lead on as links would: the answers are in the queue.
function whereTo(go) {
  const n = Number(form.elements.n.value ?? 1);
  const [verb, rest] = go.split("-");
  if (verb === "leave") return "/learn/";
  const target = { prev: n - 1, next: n + 1, to: Number(rest) }[verb];
  return !single || !target || target > Number(form.dataset.n) ? `${place}/check` : `${place}/questions/${target}`;
}

form.addEventListener("submit", async (e) => {
  const go = e.submitter?.value ?? "next";
  if (navigator.onLine && !storedAt && ending !== "offline") {
    form.elements.tab.value = tab;
    form.elements.tab_seq.value = String(++tabSeq); // the server knows it as newer than any save still under way
    latest.clear();
    return;
  }
  e.preventDefault();
  await writing;
  if (go.startsWith("mark-")) say("Offline: answers are checked when the connection is back", true);
  else if (!single && go.startsWith("to-")) document.getElementById(`q${go.slice(3)}`).scrollIntoView();
  else if (navigator.serviceWorker?.controller && queue.isDurable) location.assign(whereTo(go));
  else send(); // nothing leads on from here, and the browser would show an error page of its own
});

addEventListener("online", () => { send(); askEnd(); });
addEventListener("focus", () => send());
addEventListener("beforeunload", (e) => { if (!queue.isDurable && latest.size) e.preventDefault(); });
addEventListener("pageshow", redraw);

document.getElementById("alert")?.focus();
if (matchMedia("(max-width: 61.99rem)").matches) document.getElementById("map").open = false;
// What was chosen before this script was there to notice. (The form asks browsers not to fill it in by themselves.)
const early = new Set([...form.elements].filter((el) => numberOf(el) && isTouched(el)).map(numberOf));
document.documentElement.classList.add("js"); // from here on keys and buttons save by themselves
await restore();
for (const n of early) if (!shown.has(n)) changed(n);
askEnd();

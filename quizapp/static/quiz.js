// Saves each answer as it is given. Every action here is also a plain form button; without script the page works as well.
// It holds no key, score or rationale, decides nothing, and says "Saved" only after the server did. Each answer is in the
// queue on this device (queue.js) before it is sent, and stays there until the server said what became of it.
const queue = await import(document.getElementById("queue-js").href);
const { clock } = await import(document.getElementById("offline-js").src);
const timer = await import(document.getElementById("clock-js").href);
const { isTouched, isTyped, putAnswer, putStrike, wordsOf } = await import(document.getElementById("inputs-js").href);
const { offerChoice, offerSignIn, say, tellLocked, tellOver } = await import(document.getElementById("notices-js").href);
const { redraw } = await import(document.getElementById("map-js").href);
const form = document.getElementById("quiz");
const { person, storedAt } = document.body.dataset;
const { attempt, save } = form.dataset;
const single = form.dataset.single === "yes";
const status = document.getElementById("save");
const place = save.replace(/\/save$/, "");
const RETRY_MS = 4000;
const PAUSE_MS = 700;

const press = (el, on) => el.setAttribute("aria-pressed", String(on));
const isPressed = (el) => el.getAttribute("aria-pressed") === "true";
const field = (n, name) => form.querySelector(`[name="q${n}-${name}"]`);
const numberOf = (el) => (el.name || "").match(/^q(\d+)-/)?.[1];
const here = () => (queue.isDurable ? "kept on this device" : "kept on this page only");

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
  redraw(elsewhere);
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

function settle({ row, verdict, seq, kept, locked, caution, saved_at, time }) {
  if (String(row.attempt) !== attempt) return;
  if (time) timer.moveEnd(time);
  const n = String(row.slot);
  const isNewest = !latest.has(n) || latest.get(n) === row.key;
  if (isNewest) latest.delete(n);
  if (verdict === "stale") {
    trouble.set(n, `Not saved: question ${n} ${locked ? "is locked" : "was changed elsewhere"}`);
    if (!locked) letChoose(n, seq, kept);
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
  tellWhatIsClosed(rows);
  if (ending === "offline" || ending === "busy") {
    say(ending === "offline" ? `Offline: ${here()}` : `Not saved yet: the server is busy, ${here()}, trying again`, true);
    retry = setTimeout(send, RETRY_MS);
    return;
  }
  if (ending === "signed-out") {
    say("Not saved: sign in again", true);
    offerSignIn(here(), !queue.isDurable); // leaving would lose them
    return;
  }
  document.getElementById("sign-in-again")?.remove();
  if (isOver || tabSeq !== asOf) return; // something newer was given meanwhile: it is not "Saved" yet
  for (const row of rows.filter((each) => each.state === "refused" && !each.is_locked)) trouble.set(String(row.slot), `Not saved: ${row.why}`);
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

// The server kept something else: the person chooses.
function letChoose(n, seq, kept) {
  offerChoice(n, kept, async () => {
    await forget(n);
    field(n, "seq").value = String(seq);
    changed(n);
  }, async () => {
    await forget(n);
    location.assign(`${place}/${single ? `questions/${n}` : "all"}`);
  });
}

// What can no longer be kept: the attempt has ended, or a question was locked.
function tellWhatIsClosed(rows) {
  const refused = rows.filter((row) => row.is_over);
  if (refused.length || late.size) end(tellOver({ refused, late: [...late], due: form.dataset.due }));
  for (const row of rows.filter((each) => each.is_locked)) {
    tellLocked(row, async () => {
      await queue.discard([row]);
      location.assign(place);
    });
  }
}

function end(isNew) {
  isOver = true;
  timer.stop();
  if (isNew) for (const el of form.elements) el.disabled = true;
}

async function forget(n) {
  latest.delete(n);
  shown.delete(n);
  const rows = await queue.list(person);
  await queue.discard(rows.filter((row) => String(row.attempt) === attempt && String(row.slot) === n));
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
      if (row.state === "stale") { trouble.set(n, `Not saved: question ${n} was changed elsewhere`); letChoose(n, row.seq, row.kept); }
    }
  }
  redraw(elsewhere);
  tellWhatIsClosed(rows);
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
  timer.restoreSpent(n, values("spent")[0]);
  const flagButton = form.querySelector(`button.flag[value="flag-${n}"]`);
  if (flagButton) press(flagButton, field(n, "flag").value === "1");
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
// Empty where they cannot: checking, and going on where that locks a question, are for the server.
const numbersIn = (text) => text.split(" ").filter(Boolean).map(Number);
function whereTo(go) {
  const [verb, rest] = go.split("-");
  const at = Number(form.dataset.at || rest);
  if (verb === "leave") return "/learn/";
  if (["mark", "pass", "skip", "report", "pause"].includes(verb)) return "";
  if (verb === "next" && single && numbersIn(form.dataset.locks).includes(at)) return "";
  const open = numbersIn(form.dataset.open);
  const target = { prev: open.findLast((n) => n < at), next: open.find((n) => n > at), to: Number(rest) }[verb];
  return single && open.includes(target) ? `${place}/questions/${target}` : `${place}/check`;
}

const NEEDS_SERVER = { mark: "checking an answer", report: "reporting a problem", pause: "pausing the clock, which goes on," };
const sayOffline = (go) => say(`Offline: ${NEEDS_SERVER[go.split("-")[0]] ?? "going on locks this question, which"} needs a connection. Your answer is ${here()}`, true);

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
  if (!whereTo(go)) sayOffline(go);
  else if (!single && go.startsWith("to-")) document.getElementById(`q${go.slice(3)}`).scrollIntoView();
  else if (navigator.serviceWorker?.controller && queue.isDurable) location.assign(whereTo(go));
  else send(); // nothing leads on from here, and the browser would show an error page of its own
});

addEventListener("online", () => { send(); timer.askEnd(); });
addEventListener("focus", () => send());
addEventListener("beforeunload", (e) => { if (!queue.isDurable && latest.size) e.preventDefault(); });
addEventListener("pageshow", () => redraw(elsewhere));

document.getElementById("alert")?.focus();
if (matchMedia("(max-width: 61.99rem)").matches) document.getElementById("map").open = false;
// What was chosen before this script was there to notice. (The form asks browsers not to fill it in by themselves.)
const early = new Set([...form.elements].filter((el) => numberOf(el) && isTouched(el)).map(numberOf));
document.documentElement.classList.add("js"); // from here on keys and buttons save by themselves
await restore();
for (const n of early) if (!shown.has(n)) changed(n);
await timer.watchEnd({ send, tellOver: () => end(tellOver({ due: form.dataset.due })) });

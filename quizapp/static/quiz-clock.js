// The time on a question page: shown when asked for, two warnings before the end, how long each question was looked at.
// It goes by the server's clock, for that of a device may be wrong, and decides nothing: the server closes the quiz.
const form = document.getElementById("quiz");
const time = document.getElementById("time");
const warning = document.getElementById("warning");
const { storedAt } = document.body.dataset;
const { attempt } = form.dataset;
const WARN_MINUTES = [5, 1];
const IDLE_SECONDS = 600; // of one visit to a question no more is counted: who looks longer is somewhere else
const MINUTE = 60_000;
const ASK_AGAIN_MS = 60_000;
const warnedKey = `warned-${attempt}`;

// What the server's clock is ahead of the one here. A page from this device was made when it was stored.
let ahead = Date.parse(form.dataset.now) - (storedAt ? Date.parse(storedAt) : Date.now());
export const serverNow = () => Date.now() + ahead;
const endsAt = () => Date.parse(form.dataset.dueAt); // NaN without a limit
let isStopped = false;
let page = null; // what the page does at the end: send, tellOver
let asking = 0;

const sayEnd = () => `At ${form.dataset.due} the quiz closes by itself, and what is saved by then is graded.`;

// What a save, or asking, tells of the time: the end may have been moved.
export function moveEnd({ now, due, due_at: dueAt, closes_at: closes }) {
  ahead = Date.parse(now) - Date.now();
  const isMoved = form.dataset.closes !== closes;
  Object.assign(form.dataset, { due, dueAt, closes });
  document.getElementById("ends").textContent = `Ends at ${due}`;
  document.getElementById("closes").textContent = sayEnd();
  if (isMoved) tick();
  if (isMoved) askEnd();
}

// When the time should have ended, ask the server whether it has: its clock decides, not the one here.
export async function askEnd() {
  clearTimeout(asking);
  if (isStopped || !page || !form.dataset.closes) return;
  const left = Date.parse(form.dataset.closes) - serverNow();
  asking = setTimeout(askEnd, left > 0 ? left + 1000 : ASK_AGAIN_MS);
  if (left > 0) return;
  await page.send();
  try {
    const response = await fetch(`/clock/${attempt}`, { redirect: "error", headers: { Accept: "application/json" } });
    const told = response.ok ? await response.json() : null;
    if (told?.is_over && !isStopped) page.tellOver(`The time ended at ${form.dataset.due}`);
    else if (told?.time) moveEnd(told.time);
  } catch { // without a connection: asked again
  }
}

export function watchEnd(what) {
  page = what;
  return askEnd();
}

// The attempt has ended: no more warnings, nothing is counted.
export function stop() {
  clearTimeout(asking);
  isStopped = true;
  warning.replaceChildren();
  showTime();
}

// Time left, or used where there is no limit; hidden until asked for, which this device remembers.
const isShown = () => time.getAttribute("aria-pressed") === "true";

function sayTime() {
  if (isStopped) return "Time is over";
  const left = endsAt() - serverNow();
  if (Number.isNaN(left)) return `${Math.max(0, Math.floor((serverNow() - Date.parse(form.dataset.started)) / MINUTE))} min used`;
  return left < MINUTE ? "Under 1 min left" : `${Math.floor(left / MINUTE)} min left`;
}

function showTime() {
  const label = time.querySelector("span");
  const text = isShown() ? sayTime() : "Show time";
  label.classList.toggle("lbl", !isShown());
  if (label.textContent !== text) label.textContent = text;
}

time.addEventListener("click", () => {
  time.setAttribute("aria-pressed", String(!isShown()));
  localStorage.setItem("time", isShown() ? "shown" : "hidden");
  showTime();
});

// Each warning once for an attempt, in whichever page of this tab it falls due. A later end gets its own.
function warn() {
  const left = endsAt() - serverNow();
  if (isStopped || Number.isNaN(left)) return;
  const isNear = (minutes) => left <= minutes * MINUTE;
  const known = JSON.parse(sessionStorage.getItem(warnedKey) ?? "[]");
  const given = known.filter(isNear);
  const whole = endsAt() - Date.parse(form.dataset.started);
  const fresh = WARN_MINUTES.filter((minutes) => isNear(minutes) && !given.includes(minutes) && whole > minutes * MINUTE);
  if (fresh.length || given.length !== known.length) sessionStorage.setItem(warnedKey, JSON.stringify([...given, ...fresh]));
  if (!isNear(Math.max(...WARN_MINUTES))) warning.replaceChildren();
  else if (fresh.length && left > 0) tell(Math.round(left / MINUTE));
}

function tell(minutes) {
  const said = minutes < 1 ? "Less than 1 minute" : `${minutes} minute${minutes === 1 ? "" : "s"}`;
  warning.replaceChildren(Object.assign(document.createElement("p"), { className: "note mb-4", textContent: `${said} left. ${sayEnd()}` }));
}

// How long each question was on the screen, in its hidden field: all visits that the server knows of, and this one. On a
// page of several, the one that takes most of the window counts.
const visits = new Map(); // question → seconds of this visit
const spentOf = (n) => form.elements[`q${n}-spent`];

function findLookedAt() {
  const seen = [...form.querySelectorAll("fieldset.question")].map((each) => {
    const { top, bottom } = each.getBoundingClientRect();
    return [Math.min(bottom, innerHeight) - Math.max(top, 0), each.dataset.n];
  });
  return seen.sort(([a], [b]) => b - a)[0]?.[1];
}

function count() {
  const n = findLookedAt();
  const field = n && spentOf(n);
  const visit = visits.get(n) ?? 0;
  if (isStopped || !field || document.visibilityState !== "visible" || visit >= IDLE_SECONDS) return;
  visits.set(n, visit + 1);
  field.value = String(Number(field.value) + 1);
}

// What an unsent answer of an earlier page had counted.
export function restoreSpent(n, seconds) {
  const field = spentOf(n);
  if (field) field.value = String(Math.max(Number(field.value), Number(seconds) || 0));
}

function tick() {
  showTime();
  warn();
}

form.elements.shown_at.value = ""; // counted here, so the server need not guess
time.setAttribute("aria-pressed", String(localStorage.getItem("time") === "shown"));
tick();
setInterval(() => { count(); tick(); }, 1000);

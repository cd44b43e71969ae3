// Answers that the server has not acknowledged yet, on this device, by person, attempt and question. See decision 11.
// An answer goes into the queue before it is sent, and leaves it only when the server said what became of it. Own notes
// do the same, at the end of this file.
const STORES = ["queue", "saved", "modules", "notes"]; // unsent answers · each slot as last acknowledged · what was taken along · notes
const PATIENCE_MS = 20_000;
const BUSY = [408, 425, 429, 502, 503, 504]; // of all that is sent, not of this row
const FINAL = [403, 404, 409, 410, 413, 422]; // if the answer is ours: a proxy may say the same and mean itself

export let isDurable = true; // false: something is on the open page only, for this browser would not keep it

// What IndexedDB refused: all of it in some private windows, the newest where the disk is full.
const beside = Object.fromEntries(STORES.map((name) => [name, new Map()]));
const nothingBeside = () => beside.queue.size === 0 && beside.notes.size === 0;
let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("fascicle", 2);
    request.onupgradeneeded = () => STORES.filter((name) => !request.result.objectStoreNames.contains(name))
      .forEach((name) => request.result.createObjectStore(name, { keyPath: "key" }));
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close(); // a newer version of this file is open elsewhere
      request.result.onclose = () => { opening = null; }; // the browser closed it: open it anew
      resolve(request.result);
    };
    request.onerror = request.onblocked = () => reject(request.error);
  });
  opening.catch(() => { opening = null; });
  return opening;
}

async function work(name, mode, act) {
  const base = await open();
  return new Promise((resolve, reject) => {
    const change = base.transaction(name, mode, { durability: "strict" }); // on disk, not just on its way
    const request = act(change.objectStore(name));
    change.oncomplete = () => resolve(request?.result);
    change.onerror = change.onabort = () => reject(change.error);
  });
}

async function all(name) {
  let rows = [];
  try {
    rows = await work(name, "readonly", (store) => store.getAll());
  } catch {
    isDurable = false;
  }
  return [...new Map([...rows.map((row) => [row.key, row]), ...beside[name]]).values()];
}

// Put one row (or none) in and take others out, in one go.
async function change(name, row, gone = []) {
  gone.forEach((key) => beside[name].delete(key));
  try {
    await work(name, "readwrite", (rows) => {
      gone.forEach((key) => rows.delete(key));
      if (row) rows.put(row);
    });
    if (row) beside[name].delete(row.key);
    isDurable = nothingBeside();
  } catch {
    if (row) beside[name].set(row.key, row);
    isDurable = false;
  }
}

const remove = (name, keys) => keys.length && change(name, null, keys);
const isOf = (person) => (row) => row.person === String(person);
const slotKey = (row) => `${row.person}/${row.attempt}/${row.slot}`;
const isSameSlot = (a, b) => slotKey(a) === slotKey(b);

// A row: person, attempt, slot, tab, tab_seq, known (the slot's seq that the page had seen), after (the key of the
// unsent row that the page showed when this answer was given), fields, words (the answer as the page showed it), due (when
// the time ends, as the page showed it), given_at, url, state (waiting, stale, refused); of a refused one also why, and
// is_over: its attempt had been finished, or is_locked: the question takes no other answer any more.
export async function put(row) {
  const key = `${slotKey(row)}/${row.tab}/${row.tab_seq}`;
  const older = (await all("queue")).filter((r) => isSameSlot(r, row) && r.tab === row.tab && r.tab_seq < row.tab_seq);
  await change("queue", { ...row, key, state: "waiting" }, older.map((r) => r.key));
  return key;
}

export async function list(person) {
  const rows = (await all("queue")).filter(isOf(person));
  return rows.sort((a, b) => a.given_at - b.given_at || a.tab_seq - b.tab_seq);
}

export const listWaiting = async (person) => (await list(person)).filter((row) => row.state === "waiting");
export const listSaved = async (person, attempt) => (await all("saved")).filter((r) => isOf(person)(r) && String(r.attempt) === String(attempt));
export const discard = (rows) => remove("queue", rows.map((row) => row.key));

export async function forgetAttempt(person, attempt) {
  await remove("saved", (await listSaved(person, attempt)).map((row) => row.key));
}

// What was taken along: person, module, at, words, paths.
export const findTaken = async (person, module) => (await all("modules")).find((r) => r.key === `${person}/${module}`);
export const addTaken = (row) => change("modules", { ...row, key: `${row.person}/${row.module}` });
export const removeTaken = (row) => remove("modules", [row.key]);

// Another person's unsent answers stay for them; copies of what is on the server do not.
export async function forgetOthers(person) {
  for (const name of ["saved", "modules"]) {
    await remove(name, (await all(name)).filter((row) => !isOf(person)(row)).map((row) => row.key));
  }
}

export async function forgetPerson(person) {
  for (const name of STORES) await remove(name, (await all(name)).filter(isOf(person)).map((row) => row.key));
}

// A token for forms, if the same person is still signed in: null if nobody or somebody else is.
async function getToken(person) {
  const response = await fetch("/offline/token", {
    headers: { Accept: "application/json" }, redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (response.status === 401) return null;
  if (!response.ok) throw new Error("busy");
  const answer = await response.json();
  return answer.person === String(person) ? answer.token : null;
}

async function post(row, token) {
  const saved = (await all("saved")).find((r) => r.key === slotKey(row));
  const known = row.after && saved?.by === row.after ? Math.max(row.known, saved.seq) : row.known;
  const data = new FormData();
  data.set("csrf_token", token);
  data.set("tab", row.tab);
  data.set("tab_seq", String(row.tab_seq));
  data.set("n", String(row.slot));
  data.set(`q${row.slot}-seq`, String(known));
  for (const [name, value] of row.fields) data.append(name, value);
  return fetch(row.url, {
    method: "POST", body: data, headers: { Accept: "application/json" }, redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
}

// The slot's state is written down before the row goes: a later answer that was given on top of it refers to it.
async function settle(row, answer) {
  const slot = answer.slots.find((s) => s.number === row.slot);
  if (!slot) throw new Error("not an answer to this");
  if (slot.verdict === "stale") {
    const stillThere = (await all("queue")).some((r) => r.key === row.key);
    const why = `The question takes no other answer since it was checked or gone on from. Kept, and it counts: ${slot.kept || "no answer"}.`;
    const fate = slot.locked ? { state: "refused", why, is_locked: true } : { state: "stale", seq: slot.seq, kept: slot.kept };
    if (stillThere) await change("queue", { ...row, ...fate });
  } else {
    const { person, attempt, slot: number, fields } = row;
    const before = (await all("saved")).find((r) => r.key === slotKey(row));
    const isLate = slot.verdict === "late" || before?.is_late === true; // other pages of this attempt learn it from here
    await change("saved", {
      key: slotKey(row), person, attempt, slot: number, fields, seq: slot.seq, by: row.key, at: answer.saved_at, is_late: isLate,
    });
    await discard([row]);
  }
  return { row, verdict: slot.verdict, seq: slot.seq, kept: slot.kept, locked: slot.locked, caution: slot.caution, saved_at: answer.saved_at, time: answer.time };
}

// Send what waits, oldest first, one at a time. `given.token` is a token of the page, if it has one; `given.tell` hears
// of each row that was settled. Says how it ended: done, offline, busy or signed-out. A row leaves only on a verdict; what
// the server refuses for good, with a reason of its own, stays as refused until the person removes it; all else is tried
// again: no network, a sign-in page or other page that is not ours, a busy or faulty server, a token that is not taken.
export async function send(person, given = {}) {
  let token = given.token;
  let isFresh = false;
  const skipped = new Set(); // slots over which the server stumbled; they must not hold up the others
  const settled = new Set(); // a row that this browser cannot delete is not sent twice in a round
  const renew = async () => { token = await getToken(person); isFresh = true; if (token) given.renewed?.(token); return token; };
  try {
    for (let row; (row = (await listWaiting(person)).find((each) => !skipped.has(slotKey(each)) && !settled.has(each.key)));) {
      if (!token && !await renew()) return "signed-out";
      let response = await post(row, token);
      if ([400, 403, 404].includes(response.status) && !isFresh) { // an old token, or somebody else signed in
        if (!await renew()) return "signed-out";
        response = await post(row, token);
      }
      if (response.status === 401) return "signed-out";
      if (BUSY.includes(response.status)) return "busy";
      const isOurs = response.headers.get("Content-Type")?.startsWith("application/json");
      if (!response.ok && !(isOurs && FINAL.includes(response.status))) { skipped.add(slotKey(row)); continue; }
      const answer = await response.json();
      if (response.ok) given.tell?.(await settle(row, answer));
      else if (!await getToken(person)) return "signed-out";
      else await change("queue", { ...row, state: "refused", why: answer.error, is_over: response.status === 409 });
      settled.add(row.key);
    }
    return skipped.size ? "busy" : "done";
  } catch (error) {
    return error.message === "busy" ? "busy" : "offline";
  }
}

// Notes. A row is one tab's unsent text: person, place (module/section), tab, title, page, url, text, version (that it
// was written on), sent (the text under way, while nobody knows whether it arrived), given_at, state (waiting, stale,
// refused). Beside them lies each note as last acknowledged (state: saved), to bring a kept page up to date.
const placeKey = (row) => `${row.person}/${row.place}`;
export const unsentKey = (row) => `${placeKey(row)}/${row.tab}`;

// Read and write in one transaction; what `alter` makes of the row takes its place, nothing takes it away.
async function alterNote(key, alter) {
  let made;
  try {
    await work("notes", "readwrite", (rows) => {
      const asked = rows.get(key);
      asked.onsuccess = () => {
        made = alter(beside.notes.get(key) ?? asked.result);
        if (made) rows.put(made); else rows.delete(key);
      };
    });
    beside.notes.delete(key);
    isDurable = nothingBeside();
  } catch {
    made = alter((await all("notes")).find((row) => row.key === key));
    if (made) beside.notes.set(key, made); else beside.notes.delete(key);
    isDurable = false;
  }
  return made;
}

export const putUnsent = (row) => alterNote(unsentKey(row), (old) => ({
  ...old, ...row, key: unsentKey(row), version: old?.version ?? row.version, sent: old?.sent ?? null,
  state: old?.state === "stale" ? "stale" : "waiting",
}));
export const replaceUnsent = (row, state = "waiting") => alterNote(unsentKey(row), () => ({ ...row, key: unsentKey(row), state }));
export const discardUnsent = (rows) => remove("notes", rows.map((row) => row.key));
export const findNote = async (person, place) => (await all("notes")).find((row) => row.key === `${person}/${place}`);

export async function listUnsent(person) {
  const rows = (await all("notes")).filter((row) => isOf(person)(row) && row.state !== "saved");
  return rows.sort((a, b) => a.given_at - b.given_at);
}

async function postNote(row, token) {
  const saved = await findNote(row.person, row.place);
  const data = new FormData();
  data.set("csrf_token", token);
  data.set("text", row.sent);
  data.set("version", String(saved?.by === row.key ? Math.max(row.version, saved.version) : row.version));
  return fetch(row.url, {
    method: "POST", body: data, headers: { Accept: "application/json" }, redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
}

async function settleNote({ key, person, place, sent }, answer) {
  if (answer.verdict === "saved") {
    const { version, can_undo, saved_at: at } = answer;
    await change("notes", { key: `${person}/${place}`, person, place, state: "saved", text: sent, version, can_undo, at, by: key });
  }
  await alterNote(key, (old) => {
    if (!old) return null;
    if (answer.verdict === "stale") return { ...old, sent: null, state: "stale", kept: answer.kept, kept_version: answer.version };
    if (answer.verdict !== "saved") return { ...old, sent: null, state: "refused", why: answer.error };
    return old.text === sent ? null : { ...old, sent: null, version: answer.version };
  });
}

// Send the notes that wait, oldest first. A text of which nobody knows whether it arrived is sent again before any newer
// one: the server recognises it. Ends as `send` does; `given.tell` hears of each that was saved.
export async function sendNotes(person, given = {}) {
  let token = given.token;
  let isFresh = false;
  const skipped = new Set();
  const settled = new Map(); // a row that this browser cannot delete is not sent twice in a round
  const isOpen = (each) => each.state === "waiting" && !skipped.has(each.key) && settled.get(each.key) !== each.text;
  const renew = async () => { token = await getToken(person); isFresh = true; if (token) given.renewed?.(token); return token; };
  try {
    for (let row; (row = (await listUnsent(person)).find(isOpen));) {
      row = await alterNote(row.key, (old) => old && { ...old, sent: old.sent ?? old.text });
      if (!row) continue;
      if (!token && !await renew()) return "signed-out";
      let response = await postNote(row, token);
      let answer = await response.json().catch(() => ({}));
      if ([400, 403, 404].includes(response.status) && !answer.verdict && !isFresh) {
        if (!await renew()) return "signed-out";
        response = await postNote(row, token);
        answer = await response.json().catch(() => ({}));
      }
      if (response.status === 401) return "signed-out";
      if (!answer.verdict && BUSY.includes(response.status)) return "busy";
      const isRefused = FINAL.includes(response.status) && answer.error; // a proxy's own page says no reason of ours
      if (!answer.verdict && !isRefused) { skipped.add(row.key); continue; }
      if (!answer.verdict && !await getToken(person)) return "signed-out";
      await settleNote(row, answer);
      settled.set(row.key, row.sent);
      if (answer.verdict === "saved") given.tell?.(row);
    }
    return skipped.size ? "busy" : "done";
  } catch (error) {
    return error.message === "busy" ? "busy" : "offline";
  }
}

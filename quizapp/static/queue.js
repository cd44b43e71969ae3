// Answers that the server has not acknowledged yet, on this device, by person, attempt and question. See decision 11.
// An answer goes into the queue before it is sent, and leaves it only when the server said what became of it.
const STORES = ["queue", "saved", "modules"]; // unsent answers · each slot as last acknowledged · what was taken along
const PATIENCE_MS = 20_000;

export let isDurable = true; // false: this browser keeps nothing, answers are on the open page only

// Stands in where the browser has no IndexedDB or refuses it, as some private windows do.
class Memory {
  #rows = new Map();
  put(row) { this.#rows.set(row.key, row); return {}; }
  delete(key) { this.#rows.delete(key); return {}; }
  getAll() { return { result: [...this.#rows.values()] }; }
}
const memory = Object.fromEntries(STORES.map((name) => [name, new Memory()]));
let opening = null;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("fascicle", 1);
    request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name, { keyPath: "key" }));
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close(); // a newer version of this file is open elsewhere
      resolve(request.result);
    };
    request.onerror = request.onblocked = () => reject(request.error);
  });
  return opening;
}

async function work(name, mode, act) {
  if (isDurable) {
    try {
      const base = await open();
      return await new Promise((resolve, reject) => {
        const change = base.transaction(name, mode, { durability: "strict" }); // on disk, not just on its way
        const request = act(change.objectStore(name));
        change.oncomplete = () => resolve(request?.result);
        change.onerror = change.onabort = () => reject(change.error);
      });
    } catch {
      isDurable = false;
    }
  }
  return act(memory[name])?.result;
}

const all = (name) => work(name, "readonly", (rows) => rows.getAll());
const remove = (name, keys) => keys.length && work(name, "readwrite", (rows) => { keys.forEach((k) => rows.delete(k)); });
const isOf = (person) => (row) => row.person === String(person);
const slotKey = (row) => `${row.person}/${row.attempt}/${row.slot}`;
const isSameSlot = (a, b) => slotKey(a) === slotKey(b);

// A row: person, attempt, slot, tab, tab_seq, known (the slot's seq that the page had seen), after (the key of the
// unsent row that the page showed when this answer was given), fields, given_at, url, state (waiting, stale, refused).
export async function put(row) {
  const key = `${slotKey(row)}/${row.tab}/${row.tab_seq}`;
  const older = (await all("queue")).filter((r) => isSameSlot(r, row) && r.tab === row.tab && r.tab_seq < row.tab_seq);
  await work("queue", "readwrite", (rows) => {
    older.forEach((r) => rows.delete(r.key));
    rows.put({ ...row, key, state: "waiting" });
  });
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
export const addTaken = (row) => work("modules", "readwrite", (rows) => rows.put({ ...row, key: `${row.person}/${row.module}` }));
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
    if (stillThere) await work("queue", "readwrite", (rows) => rows.put({ ...row, state: "stale", seq: slot.seq, kept: slot.kept }));
  } else {
    const { person, attempt, slot: number, fields } = row;
    await work("saved", "readwrite", (rows) => rows.put({
      key: slotKey(row), person, attempt, slot: number, fields, seq: slot.seq, by: row.key, at: answer.saved_at,
    }));
    await discard([row]);
  }
  return { row, verdict: slot.verdict, seq: slot.seq, kept: slot.kept, saved_at: answer.saved_at };
}

// Send what waits, oldest first, one at a time. `given.token` is a token of the page, if it has one; `given.tell` hears
// of each row that was settled. Says how it ended: done, offline, busy or signed-out.
export async function send(person, given = {}) {
  let token = given.token;
  let isFresh = false;
  const skipped = new Set(); // slots over which the server stumbled; they must not hold up the others
  const renew = async () => { token = await getToken(person); isFresh = true; if (token) given.renewed?.(token); return token; };
  try {
    for (let row; (row = (await listWaiting(person)).find((each) => !skipped.has(slotKey(each))));) {
      if (!token && !await renew()) return "signed-out";
      let response = await post(row, token);
      if ([400, 403, 404].includes(response.status) && !isFresh) { // an old token, or somebody else signed in
        if (!await renew()) return "signed-out";
        response = await post(row, token);
      }
      if (response.status === 401) return "signed-out";
      if ([400, 429, 502, 503, 504].includes(response.status)) return "busy";
      if (response.status >= 500) { skipped.add(slotKey(row)); continue; }
      const answer = await response.json();
      if (response.ok) given.tell?.(await settle(row, answer));
      else if (!await getToken(person)) return "signed-out";
      else await work("queue", "readwrite", (rows) => rows.put({ ...row, state: "refused", why: answer.error }));
    }
    return skipped.size ? "busy" : "done";
  } catch (error) {
    return error.message === "busy" ? "busy" : "offline";
  }
}

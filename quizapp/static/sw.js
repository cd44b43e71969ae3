// Keeps pages readable without a connection. The server marks what may be kept (X-Keep-Offline: whose page it is); all
// else is never stored. It sends nothing by itself. PRECACHE is written above by the server. See decision 11.
const STATIC = "fascicle-static";
const PAGES = "fascicle-pages-"; // then the person's number
const WAIT_MS = 10_000; // for the network, when there is a copy
const NOT_KEPT = ["content-encoding", "content-length"];

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("message", (event) => event.waitUntil(answer(event)));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(request.method === "GET" ? getPage(event) : fetch(request).catch(showOffline));
  } else if (request.method === "GET" && url.pathname.startsWith("/static/") && url.searchParams.has("v")) {
    event.respondWith(getStatic(request.url));
  }
});

async function install() {
  const cache = await caches.open(STATIC);
  await cache.addAll(PRECACHE.map((url) => new Request(url, { credentials: "omit" }))); // as nobody in particular
  await self.skipWaiting();
}

async function activate() {
  const cache = await caches.open(STATIC);
  const current = new Map(PRECACHE.map((url) => [url.split("?")[0], new URL(url, location.origin).href]));
  for (const { url } of await cache.keys()) {
    const newer = current.get(new URL(url).pathname);
    if (newer && newer !== url) await cache.delete(url);
  }
  await self.clients.claim();
}

// An address with a content hash never changes its content.
async function getStatic(url) {
  const cache = await caches.open(STATIC);
  const stored = await cache.match(url, { ignoreVary: true });
  if (stored) return stored;
  try {
    const response = await fetch(url);
    if (response.ok) await cache.put(url, response.clone());
    return response;
  } catch (error) {
    const other = await cache.match(url, { ignoreSearch: true, ignoreVary: true }); // of another version, better than none
    if (other) return other;
    throw error;
  }
}

async function getPage(event) {
  const { request } = event;
  const stored = await find(request.url);
  const enough = new Promise((_, reject) => { if (stored) setTimeout(reject, WAIT_MS, new Error("slow")); });
  try {
    const response = await Promise.race([fetch(request), enough]);
    if (stored && [502, 503, 504].includes(response.status)) return showStored(stored);
    event.waitUntil(keep(request.url, response.clone()));
    return response;
  } catch {
    return stored ? showStored(stored) : await findStart(request.url) ?? showOffline();
  }
}

const pageCaches = async () => (await caches.keys()).filter((name) => name.startsWith(PAGES));

async function find(url) {
  for (const name of await pageCaches()) {
    const stored = await (await caches.open(name)).match(url.split("#")[0], { ignoreVary: true });
    if (stored) return stored;
  }
  return undefined;
}

// "Continue the quiz" leads to a place that the server chooses; without it, to the first page there is.
async function findStart(url) {
  const { pathname } = new URL(url);
  if (!/^\/quiz\/attempts\/\d+$/.test(pathname)) return undefined;
  for (const page of [`${pathname}/questions/1`, `${pathname}/all`]) {
    if (await find(new URL(page, location.origin).href)) return Response.redirect(page);
  }
  return undefined;
}

async function showStored(stored) {
  const at = stored.headers.get("X-Stored-At");
  const html = (await stored.text()).replace("<body", `<body data-stored-at="${at}"`);
  return new Response(html, { headers: stored.headers });
}

async function showOffline() {
  return await (await caches.open(STATIC)).match("/offline/", { ignoreVary: true }) ?? Response.error();
}

// Store a page if the server says so; otherwise remove the copy, for it is no longer what the server shows.
async function keep(url, response) {
  const person = response.headers.get("X-Keep-Offline");
  if (!response.ok || response.redirected || !person) {
    if (response.status < 429) for (const name of await pageCaches()) await (await caches.open(name)).delete(url.split("#")[0]);
    return false;
  }
  await forget({ except: person });
  const headers = new Headers([...response.headers].filter(([name]) => !NOT_KEPT.includes(name)));
  headers.set("X-Stored-At", new Date().toISOString());
  const html = await response.text();
  await (await caches.open(PAGES + person)).put(url.split("#")[0], new Response(html, { headers }));
  const files = new Set(html.match(/\/static\/[^"'#\s<>]+\?v=\w+/g));
  await Promise.all([...files].map((file) => getStatic(new URL(file, location.origin).href).catch(() => null)));
  return true;
}

// What pages ask for: { keep: [paths], again, unless } · { drop: [paths] } · { forget: { except } } · { list: true }
async function answer(event) {
  const asked = event.data;
  let result = true;
  if (asked.keep) result = await keepAll(asked);
  if (asked.drop) result = await drop(asked.drop);
  if (asked.forget) result = await forget(asked.forget);
  if (asked.list) result = await list();
  event.ports[0]?.postMessage(result);
}

async function keepAll({ keep: paths, again, unless }) {
  const kept = [];
  if (unless && await find(new URL(unless, location.origin).href)) return kept;
  for (const path of paths) {
    const url = new URL(path, location.origin).href;
    try {
      const isThere = !again && await find(url);
      if (isThere || await keep(url, await fetch(url, { redirect: "manual", headers: { Accept: "text/html" } }))) kept.push(path);
    } catch { // no connection: what was kept stays
      break;
    }
  }
  return kept;
}

async function drop(paths) {
  for (const name of await pageCaches()) {
    const cache = await caches.open(name);
    for (const { url } of await cache.keys()) {
      const { pathname } = new URL(url);
      if (paths.some((path) => pathname === path || pathname.startsWith(path.replace(/\/?$/, "/")))) await cache.delete(url);
    }
  }
  return true;
}

async function forget({ except }) {
  const others = (await pageCaches()).filter((name) => name !== PAGES + except);
  await Promise.all(others.map((name) => caches.delete(name)));
  return true;
}

async function list() {
  const pages = [];
  for (const name of await pageCaches()) {
    const cache = await caches.open(name);
    for (const { url } of await cache.keys()) {
      const stored = await cache.match(url, { ignoreVary: true });
      const title = (await stored.text()).match(/<title>(.*?)<\/title>/s)?.[1] ?? url;
      pages.push({ path: new URL(url).pathname, title, at: stored.headers.get("X-Stored-At") });
    }
  }
  return pages;
}

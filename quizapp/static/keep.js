// "Keep for offline" on a module page: its lesson with figures and its practice set, never a graded question.
const { ask, clock, day, pathsOf } = await import(document.getElementById("offline-js").src);
const queue = await import(document.getElementById("queue-js").href);
const panel = document.getElementById("keep");
const { module, practice } = panel.dataset;
const { person, storedAt } = document.body.dataset;
const [said, keepButton, removeButton] = ["keep-said", "keep-go", "keep-remove"].map((id) => document.getElementById(id));
const place = `/learn/modules/${module}`;
const sections = [...document.querySelectorAll(".toc a")].map((a) => a.getAttribute("href")).filter((path) => path.startsWith(`${place}/sections/`));
const count = (n, thing) => `${n} ${thing}${n === 1 ? "" : "s"}`;

// The practice set is an attempt without a score; it is opened if it is not open yet.
async function openPractice() {
  const form = document.querySelector(`form[action="${practice}"]`);
  const link = document.querySelector('a[data-practice]');
  const response = form ? await fetch(form.action, { method: "POST", body: new FormData(form) }) : link && await fetch(link.href);
  if (!response?.ok) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.querySelector("form[data-save]")?.dataset ?? null;
}

async function keep() {
  keepButton.disabled = true;
  said.textContent = "Fetching…";
  try {
    const set = await openPractice();
    const pages = set ? pathsOf(set) : [];
    const wanted = [place, ...sections, ...pages];
    const kept = await ask({ keep: wanted, again: true });
    if (kept?.length !== wanted.length) throw new Error("incomplete");
    const words = [count(sections.length, "section"), set && `practice set of ${count(Number(set.n), "question")}`];
    await queue.addTaken({ person, module, at: Date.now(), words: words.filter(Boolean).join(", "), paths: wanted });
    await show();
  } catch {
    said.textContent = "Not everything could be fetched. Try again with a connection.";
  }
  keepButton.disabled = false;
}

async function remove(taken) {
  await ask({ drop: [place, ...taken.paths] });
  await queue.removeTaken(taken);
  await show();
  keepButton.focus();
}

async function show() {
  const taken = await queue.findTaken(person, module);
  keepButton.hidden = Boolean(taken);
  removeButton.hidden = !taken;
  removeButton.onclick = () => remove(taken);
  said.textContent = taken ? `On this device since ${day(taken.at)}, ${clock(taken.at)}: ${taken.words}.` : "";
}

if (navigator.serviceWorker) {
  keepButton.addEventListener("click", keep);
  await show();
  keepButton.disabled = Boolean(storedAt);
  panel.hidden = !queue.isDurable;
}

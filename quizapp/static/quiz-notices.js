// On a question page: how saving stands, and what became of answers that were not kept. Each notice has one way on, or
// lets the person choose; none decides anything, none moves by itself (decision 14).
const { element, sayLate, sayAnswer } = await import(document.getElementById("offline-js").src);
const form = document.getElementById("quiz");
const status = document.getElementById("save");
const place = form.dataset.save.replace(/\/save$/, "");

export function say(text, isTrouble = false) {
  status.querySelector("span").textContent = text;
  status.classList.toggle("is-note", isTrouble);
}

function box(id, role, ...content) {
  document.getElementById(id)?.remove();
  const made = element("section", "", { id, role, class: "note mb-4" });
  made.append(...content);
  return made;
}

function line(...content) {
  const made = element("p");
  made.append(...content);
  return made;
}

function button(text, act) {
  const made = element("button", text, { type: "button", class: "btn btn-quiet" });
  made.addEventListener("click", act);
  return made;
}

// The server kept something else: both are shown, nothing is overwritten, the person chooses.
export function offerChoice(n, kept, keepThis, showKept) {
  const panel = document.getElementById(`q${n}`);
  if (!panel) return; // on another page: told there, and on the pages outside the quiz
  const title = element("h2", `Question ${n} was changed in another tab or on another device`, { class: "h3" });
  const choices = element("div", "", { class: "row-wrap" });
  choices.append(button("Keep this one instead", keepThis), button("Show the kept one", showKept));
  panel.prepend(box(`elsewhere-${n}`, "alert", title, line("Kept there: ", element("strong", kept || "no answer"), ". Below you see the answer from this device; it is not saved."), choices));
}

// The question takes no other answer any more: what was given here stays readable until the person has read it.
export function tellLocked(row, goOn) {
  const id = `locked-${row.slot}`;
  if (document.getElementById(id)?.dataset.key === row.key) return;
  document.getElementById(`elsewhere-${row.slot}`)?.remove();
  const title = element("h2", `Question ${row.slot} was locked before this arrived`, { class: "h3" });
  const made = box(id, "alert", title, line(`${row.why} Not kept: `, element("strong", row.words || "no answer"), "."), button("I have read this: go on", goOn));
  made.dataset.key = row.key;
  form.firstElementChild.prepend(made);
}

// The attempt has ended. The page stays as it is and says what became of each answer; one link leads on. Whether this is
// news: true if it was said for the first time.
export function tellOver({ refused = [], late = [], due }) {
  const ended = `The time ended${due ? ` at ${due}` : ""}`;
  const [title, content] = refused.length ? ["This attempt was already finished", sayRefused(refused)]
    : [ended, late.length ? [line("What arrived before then counts."), line(sayLate(late))] : [line("What was saved by then is graded.")]];
  const said = title + content.map((each) => each.textContent);
  const before = document.getElementById("over");
  if (before?.dataset.said === said) return false;
  const moves = !before || before.contains(document.activeElement);
  const link = element("a", "See the result", { href: place, class: "btn btn-primary" });
  const made = box("over", "alert", element("h2", title, { class: "h3" }), ...content, link);
  made.dataset.said = said;
  made.tabIndex = -1;
  form.before(made);
  for (const el of [form.querySelector(".qbar"), document.getElementById("ends")]) if (el) el.hidden = true;
  for (const each of document.querySelectorAll("[id^=elsewhere-], [id^=locked-]")) each.remove();
  say(title, true);
  if (moves) made.focus();
  return true;
}

function sayRefused(rows) {
  const list = element("ul");
  list.append(...rows.map((row) => element("li", sayAnswer(row))));
  return [
    line("It was finished in another tab or on another device before what you see here arrived. What was saved before that counts. Not counted:"),
    list, line("This stays readable on this device until you remove it, on the page with the result."),
  ];
}

export function offerSignIn(where, inNewTab) {
  const link = element("a", "Sign in again", { href: `/accounts/sign-in?next=${encodeURIComponent(location.pathname)}` });
  if (inNewTab) link.target = "_blank";
  form.firstElementChild.prepend(box("sign-in-again", "status", line(`Your answers are ${where}. `, link, " to save them.")));
}

// The fields that hold the answer to question `n`, of whatever kind: choices, texts, selects. Named q<n>-answer or
// q<n>-answer-<part>. quiz.js saves what they hold; nothing is decided here.
const isAnswerOf = (n, name) => name === `q${n}-answer` || name.startsWith(`q${n}-answer-`);
const inputsOf = (form, n) => [...form.elements].filter((el) => isAnswerOf(n, el.name || ""));
const isTicked = (el) => el.type === "radio" || el.type === "checkbox";
const isGiven = (el) => (isTicked(el) ? el.checked : el.value.trim() !== "");
export const isTyped = (el) => el.matches("input[type=text]");
export const isTouched = (el) => {
  if (el.tagName === "SELECT") return el.value !== ([...el.options].find((each) => each.defaultSelected)?.value ?? "");
  return isTicked(el) ? el.checked !== el.defaultChecked : isTyped(el) && el.value !== el.defaultValue;
};

export const isAnswered = (form, n) => inputsOf(form, n).some(isGiven);
export const isAnsweredIn = (fields, n) => fields.some(([name, value]) => isAnswerOf(n, name) && value.trim() !== "");

// An answer that cannot be saved must be readable where its question is not.
export function wordsOf(form, n) {
  const textOf = (el) => (el?.textContent ?? "").replaceAll(/\s+/g, " ").trim();
  const say = (el) => {
    if (el.closest(".opt")) return `${el.value}. ${textOf(el.closest("label").querySelector(".text"))}`;
    const part = el.name.split("-")[2];
    const value = el.tagName === "SELECT" ? textOf(el.selectedOptions[0]) : isTicked(el) ? textOf(el.closest("label")) : el.value;
    return part ? `${part}: ${value}` : value;
  };
  return inputsOf(form, n).filter(isGiven).map(say).join("; ");
}

export function putStrike(button, n, letter, on) {
  const option = button.closest(".opt");
  button.setAttribute("aria-pressed", String(on));
  option.classList.toggle("struck", on);
  option.querySelector("input[type=hidden]")?.remove();
  if (on) option.append(Object.assign(document.createElement("input"), { type: "hidden", name: `q${n}-struck`, value: letter }));
}

// Put an answer into the form. False if the question's reasons were shown: it stays as it is.
export function putAnswer(form, n, values) {
  const inputs = inputsOf(form, n);
  if (inputs.some((input) => input.disabled)) return false;
  for (const input of inputs) {
    const given = values(input.name.slice(`q${n}-`.length));
    if (!isTicked(input)) input.value = given[0] ?? "";
    else input.checked = given.includes(input.value);
    const strikeButton = input.closest(".opt")?.querySelector(".strike");
    if (strikeButton) putStrike(strikeButton, n, input.value, values("struck").includes(input.value));
  }
  for (const list of form.querySelectorAll(`.order[data-n="${n}"]`)) arrange(list);
  return true;
}

// Things to put in order: each row has a select with its place, and two buttons that move it.
const placeOf = (row) => Number(row.querySelector("select").value);

function arrange(list) {
  const rows = [...list.children];
  const places = rows.map(placeOf);
  if (new Set(places).size < rows.length || places.includes(0)) return; // not in order yet: as it was shown
  list.append(...rows.sort((a, b) => placeOf(a) - placeOf(b)));
}

function move(button) {
  const row = button.closest("li");
  const list = row.parentElement;
  const [from, by] = [[...list.children].indexOf(row), Number(button.dataset.by)];
  const other = list.children[from + by];
  if (other) other[by < 0 ? "before" : "after"](row);
  [...list.children].forEach((each, i) => { each.querySelector("select").value = String(i + 1); });
  button.focus(); // a row that was moved in the document has lost it
  list.nextElementSibling.textContent = `${row.querySelector(".letter").textContent}: place ${placeOf(row)} of ${list.children.length}`;
  row.querySelector("select").dispatchEvent(new Event("change", { bubbles: true }));
}

document.querySelectorAll(".order").forEach(arrange);
document.addEventListener("click", (e) => { const button = e.target.closest("button.move"); if (button) move(button); });

// Pointing at a figure does what its list does: it ticks what lies there, or goes to the field of a numbered place.
function point(svg, target) {
  const { n, rest } = svg.parentElement.dataset;
  const value = target.closest(".place")?.dataset.value ?? rest;
  const { form } = svg.closest("fieldset");
  const field = form.querySelector(`[name="q${n}-answer-${value}"], [name="q${n}-answer"][value="${value}"]`);
  if (!field || field.disabled) return;
  if (!isTicked(field)) { field.focus(); return; }
  field.click();
  svg.nextElementSibling.textContent = `Chosen: ${wordsOf(form, n) || "nothing yet"}`;
}
document.addEventListener("click", (e) => { const svg = e.target.closest(".picture.open[data-n] svg"); if (svg) point(svg, e.target); });

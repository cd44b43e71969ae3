// On a question page: the map, the strip and the counts follow what is on the page and on this device.
const { isAnswered, isAnsweredIn } = await import(document.getElementById("inputs-js").href);
const form = document.getElementById("quiz");
const field = (n, name) => form.querySelector(`[name="q${n}-${name}"]`);

// `elsewhere`: fields of questions that are not on this page, by number.
export function redraw(elsewhere) {
  const bands = document.querySelectorAll("#strip li");
  for (const button of document.querySelectorAll(".qmap button:not(:disabled)")) {
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

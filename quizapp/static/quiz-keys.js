// Single-key shortcuts on a question page: a convenience; nothing depends on them.
const form = document.getElementById("quiz");

// Off while typing, and switched off by the box (WCAG 2.1.4), which stays off on this device.
// Where the box does not fit (phones, large zoom) there are none: nobody could switch them off.
const keysOn = document.getElementById("keys-on");
if (keysOn) {
  keysOn.checked = localStorage.getItem("keys") !== "off";
  keysOn.addEventListener("change", () => localStorage.setItem("keys", keysOn.checked ? "on" : "off"));
  document.addEventListener("keydown", (e) => {
    const typing = e.target.matches("textarea, select, input:not([type=radio], [type=checkbox])");
    const isReady = document.documentElement.classList.contains("js"); // quiz.js saves what a key does
    const canSwitchOff = keysOn.closest("details").getClientRects().length > 0;
    if (!isReady || !keysOn.checked || !canSwitchOff || typing || e.ctrlKey || e.metaKey || e.altKey || e.repeat) return;
    const key = e.key.toUpperCase();
    const n = form.dataset.at;
    const option = form.querySelector(`[name="q${n}-answer"][value="${CSS.escape(key)}"]`);
    const sure = form.querySelector(`[name="q${n}-sure"][value="${{ 1: "guess", 2: "think_so", 3: "sure" }[e.key] ?? "-"}"]`);
    const go = (value) => form.querySelector(`.qbar [value="${value}"]`)?.click();
    if (option && e.shiftKey) option.closest(".opt").querySelector(".strike")?.click();
    else if (option || sure) { (option || sure).click(); (option || sure).focus(); }
    else if (key === "F") document.getElementById("flag")?.click();
    else if (e.key === "]" || (e.key === "Enter" && e.target === document.body)) go("next");
    else if (e.key === "[") go("prev");
    else return;
    e.preventDefault();
  });
}

// Tells once that a person has the page before them: it is visible, and somebody moves, touches, scrolls or types, or stays. The
// page itself needs no script.

const STAYED = 3_000;
const SIGNS = ["pointermove", "pointerdown", "touchstart", "keydown", "scroll"];

let told = false;

function tell() {
  if (told || document.visibilityState !== "visible") return;
  told = true;
  for (const sign of SIGNS) removeEventListener(sign, tell);
  fetch(`${location.pathname.replace(/\/$/, "")}/viewed`, { method: "POST", keepalive: true, credentials: "omit" }).catch(() => {});
}

for (const sign of SIGNS) addEventListener(sign, tell, { passive: true });
setTimeout(tell, STAYED);
document.addEventListener("visibilitychange", () => setTimeout(tell, STAYED));

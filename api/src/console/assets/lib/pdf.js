// PDFs that need the key to be read: fetched, and opened from memory.

import { pdf } from "./api.js";
import { h } from "./dom.js";
import { complain } from "./notify.js";

/** How long an opened document stays in memory, in milliseconds: long enough to be loaded by its tab. */
const KEPT = 120_000;

/** Opens the document in a tab of its own; where the browser holds the tab back, the document is saved as a file. */
export async function openPdf(path, name) {
  try {
    const address = URL.createObjectURL(await pdf(path));
    setTimeout(() => URL.revokeObjectURL(address), KEPT);
    const tab = window.open(address, "_blank");
    if (tab) tab.opener = null;
    else h("a", { href: address, download: `${name}.pdf` }).click();
  } catch (problem) {
    complain(problem);
  }
}

/** A button that opens a document and shows that it is on its way. */
export async function whileBusy(button, work) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  button.classList.add("busy");
  try {
    await work();
  } finally {
    button.ariaBusy = "false";
    button.classList.remove("busy");
  }
}

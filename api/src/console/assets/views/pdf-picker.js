// Choosing the invoice: by drop or by the browser's file dialog. What cannot be one is refused before anything is sent, and the
// first page is shown, so that nobody sends another buyer's invoice.

import { h, swap } from "../lib/dom.js";
import { fileSize } from "../lib/format.js";
import { mark } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { strings } from "../strings.js";

const LARGEST = 10 * 1024 * 1024;
/** Where a PDF says what it is, in bytes from its start. */
const HEAD = 1024;

/** The picker: `node` to show, and `file()` that was chosen. The form marks it as its field `invoice`. */
export function pdfPicker() {
  const t = strings.createLink;
  const state = { file: null, reason: null };
  const chooser = h("input.visually-hidden", { id: "invoice", type: "file", accept: "application/pdf,.pdf", name: "invoice", "aria-label": t.file, "aria-describedby": "invoice-error" });
  const shown = h("div.picked", { "aria-live": "polite" });
  const page = firstPage();
  const error = h("p.field-error", { id: "invoice-error", role: "alert", hidden: true });
  const invite = h("label.drop",
    icon("upload"), h("span", t.drop, " ", h("span.as-link", t.choose)), h("span.hint", t.fileHint), chooser);
  const node = h("div.field.picker", invite, shown, page.node, error);

  const draw = () => {
    invite.classList.toggle("has-file", Boolean(state.file));
    swap(shown, state.file && h("div.file", icon("document"),
      h("span.file-name", state.file.name), h("span.quiet", fileSize(state.file.size)),
      h("button.plain", { type: "button", "aria-label": t.remove, title: t.remove, onclick: () => take([]) }, icon("close"))));
    page.show(state.file);
    mark(chooser, state.reason);
  };
  async function take(files) {
    chooser.value = "";
    const [file] = files;
    state.reason = files.length > 1 ? t.oneFile : file ? await refusalOf(file) : null;
    state.file = state.reason ? null : file ?? null;
    draw();
    if (!state.file) chooser.focus();
  }
  chooser.addEventListener("change", () => take([...chooser.files]));
  acceptDrops(node, (files) => take(files));
  return { node, file: () => state.file, forget: () => page.show(null) };
}

/** The first page, where the browser can show one: a phone's often cannot. */
function firstPage() {
  const t = strings.createLink;
  const node = h("figure.first-page", { hidden: true });
  let address = null;
  return {
    node,
    show(file) {
      if (address) URL.revokeObjectURL(address);
      address = file && navigator.pdfViewerEnabled ? URL.createObjectURL(file) : null;
      node.hidden = !address;
      swap(node, address && [
        h("iframe", { src: `${address}#page=1&view=FitH&toolbar=0&navpanes=0`, title: t.firstPage, tabindex: "-1" }),
        h("figcaption.hint", t.firstPageHint),
      ]);
    },
  };
}

/** Why the file cannot be the invoice, or nothing. What viewers open is taken; the rest the server finds. */
async function refusalOf(file) {
  const t = strings.createLink;
  if (file.size === 0) return t.empty(file.name);
  if (file.size > LARGEST) return t.tooLarge(file.name, fileSize(file.size));
  try {
    const head = await textOf(file.slice(0, HEAD));
    return head.includes("%PDF-") ? null : t.notPdf(file.name);
  } catch {
    return t.unreadable(file.name);
  }
}

/** The bytes as letters, one each. */
async function textOf(blob) {
  return new TextDecoder("latin1").decode(await blob.arrayBuffer());
}

/** Takes what is dropped on the node. */
export function acceptDrops(node, take) {
  const over = (is) => node.classList.toggle("over", is);
  node.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  node.addEventListener("dragleave", (event) => {
    if (!node.contains(event.relatedTarget)) over(false);
  });
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    take([...event.dataTransfer.files]);
  });
}

// A template being written: the text, buttons for its variables, and live what the buyer would get and what it costs.

import { command } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { field, mark, sentence } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { translated } from "../lib/server-words.js";
import { strings } from "../strings.js";

/** What the server warns of and is said here as what it is, and once: it is no fault. */
const MADE_PLAIN = /^Replaced by plain characters/;
const VARIABLES = ["merchant_name", "customer_name", "order_number", "invoice_number", "amount", "link", "expires_on"];
const METADATA = /\{\{\s*metadata\./;
/** A name of metadata that can stand in a text. */
const A_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const TYPING = 250;

/**
 * The fields. `name` is the API's name of the text, `linkId` the link that fills the preview and `metadata` what its order is known by, `purpose` and `language` what it is for, `costs` is told what each preview
 * costs, or `null` while the template cannot be rendered. `start()` shows the first preview.
 */
export function templateFields({ name, label, hint, value, linkId, metadata, purpose, language, previewTitle, costs = () => {} }) {
  const text = h("textarea", { name, rows: "5", required: true, maxlength: "1000", value, spellcheck: "true" });
  const bubble = h("div.bubble.outgoing", { dir: "auto" }, strings.preview.waiting);
  const figures = h("p.figures");
  const warnings = h("ul.warnings");
  const asked = { typing: 0, controller: null };
  let spoken = language;
  const preview = () => previewOf({ text, about: { link_id: linkId, purpose, language: spoken }, asked, show: (made) => draw({ bubble, figures, warnings, text, costs, isExample: !linkId }, made) });
  text.addEventListener("input", () => {
    clearTimeout(asked.typing);
    asked.typing = setTimeout(preview, TYPING);
  });
  const insert = (variable) => h("button.chip", { type: "button", onclick: () => insertInto(text, `{{${variable}}}`) }, variable);
  // Without an order nobody knows what is kept with it: a name that stands for its own.
  const own = metadata?.filter((key) => A_NAME.test(key)) ?? [strings.template.metadataName];
  return {
    text,
    start: preview,
    set(body, itsLanguage = language) {
      text.value = body;
      spoken = itsLanguage;
      preview();
    },
    nodes: [
      field({ label, control: text, hint }),
      h("div.chips", h("span.quiet", strings.template.variables), VARIABLES.map(insert), own.map((key) => insert(`metadata.${key}`))),
      h("section.preview", { "aria-live": "polite" }, h("h3", previewTitle), bubble, figures, warnings),
    ],
  };
}

async function previewOf({ text, about, asked, show }) {
  asked.controller?.abort();
  const controller = new AbortController();
  asked.controller = controller;
  try {
    const body = { body: text.value, ...about };
    show({ preview: await command("POST", "/message-template/preview", body, { signal: controller.signal }) });
  } catch (problem) {
    if (!controller.signal.aborted) show({ problem });
  }
}

function draw({ bubble, figures, warnings, text, costs, isExample }, { preview, problem }) {
  mark(text, problem ? sentence(problem.errors?.[0]?.reason ?? problem.message) : null);
  bubble.classList.toggle("stale", Boolean(problem));
  costs(preview?.credits ?? null);
  const t = strings.preview;
  if (!preview) return [swap(figures, t.stale), swap(warnings)];
  bubble.textContent = preview.text;
  swap(figures, h("span", t.encodings[encodingOf(preview)] ?? preview.encoding), h("span", t.segments(preview.segments)),
    h("span", t.credits(preview.credits)));
  const replaced = (preview.replaced ?? []).map(({ from, to }) => `${from} → ${to}`).join(", ");
  const note = (said) => h("li.plain-note", icon("info"), h("span", said));
  swap(warnings,
    preview.warnings.filter((warning) => !MADE_PLAIN.test(warning)).map((warning) => h("li", icon("warning"), h("span", translated(warning)))),
    replaced && note(t.replaced(replaced)), isExample && METADATA.test(text.value) && note(t.metadata));
}

/** `gsm_7`, however it is written. */
function encodingOf(preview) {
  return preview.encoding.toLowerCase().replaceAll("-", "_");
}

function insertInto(text, variable) {
  text.focus();
  text.setRangeText(variable, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input"));
}

// The texts about links: one for each purpose, in as many languages as the merchant likes.

import { command, get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { keptIn } from "../lib/drafts.js";
import { actions, field, form, problemBox } from "../lib/form.js";
import { complain, say } from "../lib/notify.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";
import { editable } from "./setting.js";
import { templateFields } from "./template-fields.js";

const PATH = "/message-templates";
const PURPOSES = ["request", "reminder", "receipt", "voided"];
const LANGUAGES = ["", "en", "es", "fr", "de", "pt", "zh-hans", "ar"];

/** Draws the editor. */
export function showTemplate(root) {
  const { title, lead } = strings.template;
  return editable(root, { title, lead, wide: true, load: (signal) => get(PATH, { signal }), content: ({ items }) => chooser(items) });
}

/** Which text is edited: all that there are of each purpose, and the languages in which there could be one. */
function chooser(items) {
  const t = strings.template;
  const purpose = h("select", { name: "purpose", required: true }, PURPOSES.map((it) => h("option", { value: it }, t.purposes[it])));
  const language = h("select", { name: "language" });
  const meaning = h("span");
  const place = h("div");
  const written = (of) => items.filter((item) => item.purpose === of && item.own).map((item) => item.language ?? "");
  const drawLanguages = () => {
    const own = written(purpose.value);
    const all = [...new Set([...LANGUAGES, ...own])];
    const kept = language.value;
    swap(language, all.map((it) => h("option", { value: it, selected: it === kept }, own.includes(it) ? t.written(nameOf(it)) : nameOf(it))));
  };
  const load = async () => {
    drawLanguages();
    meaning.textContent = t.hints[purpose.value];
    const which = { purpose: purpose.value, language: language.value || undefined };
    try {
      const found = await get(`${PATH}/${which.purpose}`, { query: { language: which.language } });
      if (which.purpose === purpose.value && which.language === (language.value || undefined)) swap(place, editor(which, found, changed));
    } catch (problem) {
      swap(place, problemBox(problem, load));
    }
  };
  const changed = async () => {
    try {
      ({ items } = await get(PATH));
    } catch (problem) {
      complain(problem);
    }
    load();
  };
  purpose.addEventListener("change", load);
  language.addEventListener("change", load);
  load();
  return h("div.template-of",
    h("div.columns", field({ label: t.purpose, control: purpose, hint: meaning }), field({ label: t.language, control: language, hint: t.languageHint, optional: false })), place);
}

function nameOf(language) {
  const t = strings.template;
  if (language === "") return t.anyLanguage;
  return t.languages[language] ?? language;
}

function editor({ purpose, language }, found, changed) {
  const t = strings.template;
  const own = found.own && (found.language ?? "") === (language ?? "");
  const fields = templateFields({
    name: "body", label: t.body, value: found.body, purpose, language: language ?? found.language, previewTitle: t.preview,
  });
  const [text, chips, preview] = fields.nodes;
  const body = () => ({ body: fields.text.value });
  const query = language ? `?language=${encodeURIComponent(language)}` : "";
  const path = `${PATH}/${purpose}${query}`;
  fields.text.readOnly = !may("write");
  // What was written and not saved is still there after a look at something else.
  const forget = keptIn(fields.text, `template ${path}`);
  const isChanged = () => fields.text.value !== found.body;
  const draft = h("p.hint", { hidden: !isChanged() }, t.unsaved, " ", h("button.as-link", { type: "button", key: "back-to-saved", onclick() {
    fields.set(found.body);
    drawDraft();
  } }, strings.send.reset));
  const drawDraft = () => {
    draft.hidden = !isChanged();
    if (!isChanged()) forget();
  };
  fields.text.addEventListener("input", drawDraft);
  fields.start();
  const remove = own && may("write") && h("button.as-link", { type: "button", async onclick() {
    try {
      await command("DELETE", path);
      forget();
      say(t.removed);
      changed();
    } catch (problem) {
      complain(problem);
    }
  } }, t.remove);
  return form({
    fields: [
      !own && h("p.hint", found.own ? t.fromOther(nameOf(found.language ?? "")) : [t.ours, may("write") && [" ", t.saveOurs]]),
      h("div.columns.send-columns", h("div", text, may("write") && chips, draft, remove), preview),
      may("write") && actions(t.submit),
    ],
    alias: { template: "body" },
    payload: () => JSON.stringify(body()),
    send: () => command("PUT", path, body()),
    done: () => {
      forget();
      say(t.saved);
      changed();
    },
  });
}

// The template of the text that carries a link.

import { command, get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { actions, form } from "../lib/form.js";
import { say } from "../lib/notify.js";
import { strings } from "../strings.js";
import { failure, region } from "./page.js";
import { templateFields } from "./template-fields.js";

const PATH = "/message-template";

/** Draws the editor. It is not followed: nobody's writing is overwritten. */
export function showTemplate(root) {
  const t = strings.template;
  const place = region("div");
  const leaving = new AbortController();
  const load = async () => {
    try {
      const { body } = await get(PATH, { signal: leaving.signal });
      swap(place, editor(body));
    } catch (problem) {
      if (!leaving.signal.aborted) failure(place, problem, load);
    }
  };
  swap(root, h("section.card.setting.setting-wide", h("h2", t.title), h("p", t.lead), place));
  load();
  return () => leaving.abort();
}

function editor(saved) {
  const t = strings.template;
  const fields = templateFields({ name: "body", label: t.body, value: saved, previewTitle: t.preview });
  const [text, chips, preview] = fields.nodes;
  const body = () => ({ body: fields.text.value });
  fields.start();
  return form({
    fields: [h("div.columns.send-columns", h("div", text, chips), preview), actions(t.submit)],
    alias: { template: "body" },
    payload: () => JSON.stringify(body()),
    send: () => command("PUT", PATH, body()),
    done: () => say(t.saved),
  });
}

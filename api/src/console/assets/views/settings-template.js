// The template of the text that carries a link.

import { command, get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { actions, form } from "../lib/form.js";
import { say } from "../lib/notify.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";
import { editable } from "./setting.js";
import { templateFields } from "./template-fields.js";

const PATH = "/message-template";

/** Draws the editor. */
export function showTemplate(root) {
  const { title, lead } = strings.template;
  return editable(root, { title, lead, wide: true, load: (signal) => get(PATH, { signal }), content: ({ body }) => editor(body) });
}

function editor(saved) {
  const t = strings.template;
  const fields = templateFields({ name: "body", label: t.body, value: saved, previewTitle: t.preview });
  const [text, chips, preview] = fields.nodes;
  const body = () => ({ body: fields.text.value });
  fields.text.readOnly = !may("write");
  fields.start();
  return form({
    fields: [h("div.columns.send-columns", h("div", text, chips), preview), may("write") && actions(t.submit)],
    alias: { template: "body" },
    payload: () => JSON.stringify(body()),
    send: () => command("PUT", PATH, body()),
    done: () => say(t.saved),
  });
}

// Many orders at once: a CSV is dropped, and each row looked at before anything is done.

import { get, post } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { tag, time } from "../lib/format.js";
import { actions, form, mark } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { pager } from "../lib/pager.js";
import { go, title } from "../lib/router.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";
import { empty, failure, pageHead, region } from "./page.js";
import { acceptDrops } from "./pdf-picker.js";

const PATH = "/batches";
const LARGEST = 2 * 1024 * 1024;

/** Draws the form and the list of batches. */
export function showBatches({ root, query }) {
  const t = strings.batches;
  title(t.title);
  const list = region("div.card.list-card");
  const following = live({
    name: () => `batches ${query.cursor ?? ""}`,
    load: (signal) => get(PATH, { query: { cursor: query.cursor }, signal }),
    show: (page) => drawList(list, page, query),
    fail: (problem) => failure(list, problem, () => following.refresh()),
    pace: (page) => (page.items.some((batch) => batch.status === "running") ? PACE.busy : PACE.calm),
  });
  swap(root, pageHead(t.title, { back: h("a.back", { href: "#/orders" }, icon("back"), strings.orders.title), lead: t.lead }),
    may("write") && h("section.card.setting", h("h2", t.add), picker()), list);
  return following.stop;
}

function drawList(list, page, query) {
  const t = strings.batches;
  if (page.items.length === 0) return swap(list, empty(t.emptyTitle, t.empty));
  swap(list, h("ul.rows", { "aria-label": t.title }, page.items.map(row)), pager(PATH, { cursor: query.cursor }, page.next_cursor));
}

function row(batch) {
  const t = strings.batches;
  return h("li", h("a.row.row-batch", { href: `#${PATH}/${batch.id}`, key: batch.id },
    h("span.row-created", time(batch.created_at)),
    h("span.row-buyer", t.rows(batch.rows)),
    h("span.row-tag", tag(`batch-${batch.status}`, t.states[batch.status] ?? batch.status))));
}

/** The file, whether it is sent, and the button that has it looked at. */
function picker() {
  const t = strings.batches;
  const state = { file: null };
  const chooser = h("input.visually-hidden", { id: "batch", type: "file", accept: "text/csv,.csv", name: "rows", "aria-label": t.file, "aria-describedby": "batch-error" });
  const shown = h("div.picked", { "aria-live": "polite" });
  const error = h("p.field-error", { id: "batch-error", role: "alert", hidden: true });
  const drop = h("div.field.picker",
    h("label.drop", icon("upload"), h("span", t.drop, " ", h("span.as-link", t.choose)), h("span.hint", t.fileHint), chooser), shown, error);
  const send = h("input", { type: "checkbox", name: "send", checked: true });
  const take = ([file]) => {
    state.file = file && file.size <= LARGEST ? file : null;
    mark(chooser, file && !state.file ? t.tooLarge : null);
    swap(shown, state.file && h("div.file", icon("document"), h("span.file-name", state.file.name)));
  };
  chooser.addEventListener("change", () => take([...chooser.files]));
  acceptDrops(drop, take);
  return form({
    fields: [drop, h("label.check", send, t.send), actions(t.look)],
    check: () => (state.file ? [] : [{ field: "rows", reason: t.noFile }]),
    payload: () => `${state.file?.name} ${state.file?.size} ${state.file?.lastModified} ${send.checked}`,
    send: async ({ idempotencyKey }) =>
      post(PATH, await state.file.text(), { type: "text/csv", query: { send: send.checked ? "true" : undefined }, idempotencyKey }),
    done: (batch) => go(`${PATH}/${batch.id}`),
  });
}

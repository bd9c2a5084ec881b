// Many orders at once: a CSV is dropped, and each row looked at before anything is done.

import { get, post } from "../lib/api.js";
import { h, swap, uniqueId } from "../lib/dom.js";
import { number, tag, time } from "../lib/format.js";
import { actions, form, mark } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { pager } from "../lib/pager.js";
import { person } from "../lib/people.js";
import { go, title } from "../lib/router.js";
import { may } from "../lib/scope.js";
import { save } from "../lib/save.js";
import { MEANINGS, NEEDED, guess, headOf, keptAs } from "../lib/sheet.js";
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
  const bad = batch.refused + batch.failed;
  const counts = [t.rows(batch.rows), batch.done > 0 && `${t.counts.done}: ${number(batch.done)}`, bad > 0 && `${t.counts.refused}: ${number(bad)}`];
  const isIdle = batch.status === "ready" && batch.ready === 0;
  return h("li", h("a.row.row-batch", { href: `#${PATH}/${batch.id}`, key: batch.id },
    h("span.row-created", time(batch.created_at)),
    h("span.row-buyer", h("strong", { dir: "auto" }, batch.name ?? t.one), " ", h("span.hint", counts.filter(Boolean).join(" · ")), " ", person(batch.actor)),
    h("span.row-tag", isIdle ? tag("row-refused", t.nothingReady) : tag(`batch-${batch.status}`, t.states[batch.status] ?? batch.status))));
}

/** The file, what its columns mean, whether each link is sent, and the button that has the rows looked at. */
function picker() {
  const t = strings.batches;
  const state = { file: null, names: [], meanings: [] };
  const chooser = h("input.visually-hidden", { id: "batch", type: "file", accept: "text/csv,.csv,.txt,.tsv", name: "rows", "aria-label": t.file, "aria-describedby": "batch-error" });
  const shown = h("div.picked", { "aria-live": "polite" });
  const error = h("p.field-error", { id: "batch-error", role: "alert", hidden: true });
  const drop = h("div.field.picker",
    h("label.drop", icon("upload"), h("span", t.drop, " ", h("span.as-link", t.choose)), h("span.hint", t.fileHint), chooser), shown, error);
  const columns = h("div.columns-of-file");
  const send = h("input", { type: "checkbox", name: "send", checked: true });
  const take = async ([file]) => {
    Object.assign(state, { file: file && file.size <= LARGEST ? file : null, names: [], meanings: [] });
    mark(chooser, file && !state.file ? t.tooLarge : null);
    swap(shown, state.file && h("div.file", icon("document"), h("span.file-name", state.file.name)));
    swap(columns);
    if (!state.file) return;
    const { names, example } = await headOf(file);
    if (state.file !== file) return;
    Object.assign(state, { names, meanings: guess(names, example) });
    swap(columns, columnsOf(state, example));
  };
  chooser.addEventListener("change", () => take([...chooser.files]));
  acceptDrops(drop, take);
  const query = () => ({ send: send.checked ? "true" : undefined, name: state.file.name.slice(0, 200), columns: state.meanings.join(",") });
  return form({
    fields: [drop, columns, h("label.check", send, t.send),
      h("div.buttons", h("button", { type: "button", onclick: sample }, icon("download"), t.sample)), actions(t.look)],
    check: () => checked(state),
    payload: () => `${state.file?.name} ${state.file?.size} ${state.file?.lastModified} ${send.checked} ${state.meanings}`,
    send: async ({ idempotencyKey }) => post(PATH, state.file, { type: "text/csv", query: query(), idempotencyKey }),
    done: (batch) => go(`${PATH}/${batch.id}`),
  });
}

/** What each column of the file means, with what stands in its first row. */
function columnsOf(state, example) {
  const t = strings.batches;
  const choice = (name, at) => {
    const id = uniqueId("column");
    const kept = keptAs(name);
    const control = h("select", { id, name: `column ${at}`, "aria-describedby": `${id}-error`, onchange: () => (state.meanings[at] = control.value) },
      h("option", { value: "" }, t.leftOut),
      MEANINGS.map((value) => h("option", { value, selected: state.meanings[at] === value }, t.meanings[value])),
      kept && h("option", { value: kept, selected: state.meanings[at] === kept }, t.kept));
    return h("div.field",
      h("label", { for: id }, h("bdi", name || t.noHeading), example[at] && [" ", h("bdi.optional", example[at])]),
      control, h("p.field-error", { id: `${id}-error`, hidden: true }));
  };
  return h("fieldset.file-columns", h("legend", t.columns), h("p.hint", t.columnsHint, " ", t.noLines), h("div.columns", state.names.map(choice)));
}

function checked({ file, meanings }) {
  const t = strings.batches;
  if (!file) return [{ field: "rows", reason: t.noFile }];
  const twice = meanings.findIndex((meaning, at) => meaning && meanings.indexOf(meaning) !== at);
  if (twice >= 0) return [{ field: `column ${twice}`, reason: t.twice }];
  const absent = NEEDED.filter((meaning) => !meanings.includes(meaning));
  return absent.length > 0 ? [{ field: "rows", reason: t.absent(absent.map((meaning) => t.meanings[meaning]).join(strings.comma)) }] : [];
}

/** A file to begin with. */
function sample() {
  const rows = ["number,customer_name,customer_phone,amount,currency,notes", "1001,Ada Lovelace,+1 202 555 0123,129.50,usd,", ""].join("\r\n");
  save(rows, strings.batches.sampleFile);
}

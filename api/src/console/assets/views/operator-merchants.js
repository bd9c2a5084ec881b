// The merchants of this installation.

import { command, get } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { time } from "../lib/format.js";
import { actions, field, form, input } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { live } from "../lib/live.js";
import { say } from "../lib/notify.js";
import { pager } from "../lib/pager.js";
import { go, narrow, title } from "../lib/router.js";
import { strings } from "../strings.js";
import { empty, failure, pageHead, region } from "./page.js";

const PATH = "/merchants";
const TYPING = 250;

/** Draws the list. */
export function showMerchants({ root, query }) {
  const t = strings.merchants;
  title(t.title);
  const list = region("section.card.list-card");
  const narrowed = { q: query.q, cursor: query.cursor };
  const following = live({
    name: () => `merchants ${JSON.stringify(narrowed)}`,
    load: (signal) => get("/admin/merchants", { query: { ...narrowed }, signal }),
    show: (page) => draw(list, page, narrowed),
    fail: (problem) => failure(list, problem, following.refresh),
  });
  let typing;
  const search = h("input", {
    type: "search", placeholder: t.searchHint, "aria-label": t.search, value: narrowed.q ?? "", autocomplete: "off",
    oninput() {
      clearTimeout(typing);
      typing = setTimeout(() => {
        Object.assign(narrowed, { q: search.value.trim(), cursor: undefined });
        narrow(PATH, narrowed);
        following.refresh();
      }, TYPING);
    },
  });
  const add = h("button.primary", { type: "button", key: "new-merchant", onclick: newMerchant }, icon("plus"), t.add);
  swap(root, pageHead(t.title, { buttons: [add] }), h("div.filters", h("div.search", icon("search"), search)), list);
  return () => {
    clearTimeout(typing);
    following.stop();
  };
}

function draw(list, page, narrowed) {
  const t = strings.merchants;
  if (page.items.length === 0) return swap(list, empty(narrowed.q ? t.nothingFound : t.none));
  swap(list, h("ul.rows", { "aria-label": t.title }, page.items.map(row)), pager(PATH, narrowed, page.next_cursor));
}

function row(merchant) {
  const t = strings.merchants;
  return h("li", h("a.merchant-row", { href: `#${PATH}/${merchant.id}`, key: merchant.id },
    h("span.row-number", merchant.name),
    h("span.quiet", merchant.contact ?? ""),
    h("span.quiet", time(merchant.created_at, { short: true })),
    h("span.amount", t.credits(merchant.available))));
}

function newMerchant() {
  const t = strings.merchants;
  openDialog({
    title: t.add,
    content(close) {
      const fields = {
        name: input("name", { required: true, maxlength: "120", autofocus: true }),
        contact: input("contact", { maxlength: "200" }),
      };
      const body = () => ({ name: fields.name.value.trim(), contact: fields.contact.value.trim() || undefined });
      return form({
        fields: [field({ label: t.name, control: fields.name }), field({ label: t.contact, control: fields.contact, hint: t.contactHint }),
          actions(t.create, { cancel: close })],
        payload: () => JSON.stringify(body()),
        send: () => command("POST", "/admin/merchants", body()),
        done(made) {
          close();
          say(t.created(made.name));
          go(`${PATH}/${made.id}`);
        },
      });
    },
  });
}

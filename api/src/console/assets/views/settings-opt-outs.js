// Who gets no texts: numbers that said so themselves, and those that the merchant puts on the list for them.

import { command, get } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { phone as phoneOf, tag, time } from "../lib/format.js";
import { actions, field, form, input } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { live } from "../lib/live.js";
import { say } from "../lib/notify.js";
import { strings } from "../strings.js";
import { failure, region } from "./page.js";

const PATH = "/opt-outs";
const LIMIT = 100;

/** Draws the list. */
export function showOptOuts(root) {
  const t = strings.optOuts;
  const list = region("div");
  const following = live({
    name: () => PATH,
    load: (signal) => get(PATH, { query: { limit: LIMIT }, signal }),
    show: (page) => swap(list, page.items.length === 0 ? h("p.quiet", t.none) : rows(page, following.refresh)),
    fail: (problem) => failure(list, problem, following.refresh),
  });
  const add = () => optOut(undefined, following.refresh);
  swap(root, h("section.card.setting.setting-wide",
    h("div.setting-head", h("h2", t.title),
      h("button.primary", { type: "button", key: "new-opt-out", onclick: add }, icon("plus"), t.add)),
    h("p", t.lead), list));
  return following.stop;
}

/** Asks why, and puts a number on the list: this one, or one that is written. */
export function optOut(phone, done) {
  const t = strings.optOuts;
  ask({ title: phone ? t.addThis : t.add, submit: t.submit, phone, done, send: (body) => command("POST", PATH, body), saved: t.saved });
}

function rows(page, changed) {
  const t = strings.optOuts;
  return [
    h("ul.keys", { "aria-label": t.title }, page.items.map((one) => row(one, changed))),
    page.next_cursor && h("p.hint", t.more(LIMIT)),
  ];
}

function row(one, changed) {
  const t = strings.optOuts;
  const back = () => ask({
    title: t.backTitle, text: t.backText, submit: t.back, phone: one.phone, done: changed, saved: t.backSaved,
    send: (body) => command("DELETE", PATH, body),
  });
  return h("li",
    h("div.key-name", one.customer_name && h("strong", one.customer_name), h(one.customer_name ? "span.quiet" : "strong", phoneOf(one.phone) ?? t.erased), tag("opted-out", t.sources[one.source] ?? one.source)),
    h("p.quiet", time(one.opted_out_at), one.reason && ` · ${one.reason}`),
    one.phone && h("button", { type: "button", key: `back ${one.conversation_id}`, onclick: back },
      t.back, h("span.visually-hidden", ` ${one.phone}`)));
}

function ask({ title, text, submit, phone, send, done, saved }) {
  const t = strings.optOuts;
  const number = input("phone", { type: "tel", required: true, autofocus: !phone, value: phone ?? "", readonly: Boolean(phone) });
  const reason = input("reason", { required: true, maxlength: "500", autofocus: Boolean(phone) });
  const body = () => ({ phone: number.value.trim(), reason: reason.value.trim() });
  openDialog({
    title,
    content: (close) => form({
      fields: [
        text && h("p.notice.notice-warn", icon("warning"), text),
        field({ label: t.phone, control: number }),
        field({ label: t.reason, control: reason, hint: t.reasonHint }),
        actions(submit, { cancel: close }),
      ],
      payload: () => JSON.stringify(body()),
      send: () => send(body()),
      done() {
        close();
        say(saved);
        done();
      },
    }),
  });
}

// The dialog that sends a link by SMS: the template for this one message, and what it costs before it is sent.

import { command, get } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { dateText, momentOf, phone, timeZone } from "../lib/format.js";
import { keptIn } from "../lib/drafts.js";
import { tell } from "../lib/events.js";
import { actions, field, form, problemBox } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { say } from "../lib/notify.js";
import { whileBusy } from "../lib/pdf.js";
import { strings } from "../strings.js";
import { templateFields } from "./template-fields.js";

/** Opens the dialog for the link. */
export function sendLink(link, act) {
  const t = strings.send;
  const body = h("div", h("p.loading", strings.loading));
  const { close } = openDialog({ title: t.title, wide: true, content: () => body });
  const load = async () => {
    try {
      const [template, credits] = await Promise.all([readTemplate(act.order), get("/credits")]);
      swap(body, sendForm({ link, act, close, template, available: credits.available }));
      // What goes out is read first; nobody's second Enter sends it.
      body.querySelector(".actions button")?.focus({ preventScroll: true });
    } catch (problem) {
      swap(body, problemBox(problem, load));
    }
  };
  load();
}

/** What is sent unless something else is written: in the buyer's language, if there is a text in it. */
function readTemplate(order) {
  return get("/message-templates/request", { query: { language: order.customer.language } });
}

function sendForm({ link, act, close, template, available }) {
  const t = strings.send;
  const saved = template.body;
  // Days are written as in the language of what was saved, also in what is written instead.
  const language = template.language ?? "en";
  let spoken = language;
  const cost = costLine(available);
  const buttons = actions(t.submit, { cancel: close });
  const fields = templateFields({
    name: "template", label: t.template, hint: t.hint, value: saved, linkId: link.id, metadata: Object.keys(act.order.metadata ?? {}), language, previewTitle: t.preview,
    costs(credits) {
      cost.show(credits);
      buttons.querySelector(".label").textContent = credits === null ? t.submit : t.submitFor(credits);
    },
  });
  const forget = keptIn(fields.text, `send ${link.id}`);
  const reset = h("button.as-link", {
    type: "button",
    onclick: () => {
      forget();
      put(saved, language);
      fields.text.focus();
    },
  }, t.reset);
  const drawReset = () => {
    reset.hidden = fields.text.value === saved;
  };
  const put = (text, itsLanguage) => {
    spoken = itsLanguage;
    fields.set(text, itsLanguage);
    drawReset();
  };
  fields.text.addEventListener("input", drawReset);
  drawReset();
  let again = false;
  const later = h("input", { type: "datetime-local", name: "send_at" });
  const sendAt = () => (later.value ? momentOf(later.value) : undefined);
  const written = () => (fields.text.value === saved ? {} : { template: fields.text.value, language: spoken });
  const body = () => ({ ...written(), send_at: sendAt(), resend: again || undefined });
  const [text, chips, preview] = fields.nodes;
  fields.start();
  return form({
    fields: [recipient(act.order), beforeSending(act.order), beforeTheirDay(link), inAnotherLanguage(act.order, template, put), h("div.columns.send-columns", preview, h("div", text, chips, reset)),
      field({ label: t.later, control: later, hint: t.laterHint(timeZone().replaceAll("_", " ")) }), cost.node, buttons],
    payload: () => JSON.stringify(body()),
    async send({ idempotencyKey }) {
      try {
        return await command("POST", `/payment-links/${link.id}/send`, body(), { idempotencyKey });
      } catch (problem) {
        // Who reads why it was held back and presses once more, means it.
        again = problem.code === "recently_sent";
        throw problem;
      }
    },
    done: () => {
      forget();
      close();
      say(later.value ? t.scheduled : t.queued);
      tell({ kind: "credits.updated" });
      act.refresh();
    },
  });
}

/** Whoever has not read what the buyer says, reads it before the buyer is asked again. Once is enough: that they know nothing of it is unread, too. */
function beforeSending(order) {
  const t = strings.send;
  return ["unrecognised", "unread"].filter((notice) => order.notices?.includes(notice)).slice(0, 1).map((notice) =>
    h("p.notice.notice-warn", icon("warning"), h("span", t.before[notice], " ",
      order.conversation_id && h("a", { href: `#/conversations/${order.conversation_id}` }, strings.order.conversation))));
}

/** Whoever has named a day was told that they hear nothing before it. */
function beforeTheirDay({ expected }) {
  if (expected?.status !== "pending") return null;
  return h("p.notice.notice-warn", icon("warning"), strings.link.expected.pending(dateText(expected.on)));
}

/** A text that was written for everybody may not be in the language that the buyer reads, and comes before the one that is ready in it. */
function inAnotherLanguage({ customer }, template, put) {
  const t = strings.send;
  const name = strings.template.languages[customer.language?.toLowerCase()];
  if (!name || !template.own || template.language) return null;
  const use = async () => {
    try {
      const ready = await get("/message-templates/request", { query: { language: customer.language, ready: "true" } });
      put(ready.body, ready.language ?? "en");
    } catch (problem) {
      say(problem.message, "bad");
    }
  };
  return h("p.notice.notice-info", icon("info"), h("span", t.everybodysText(name), " ",
    h("button.as-link", { type: "button", onclick: (event) => whileBusy(event.currentTarget, use) }, t.useReady(name)), " ",
    h("a", { href: "#/settings/template" }, t.toTexts)));
}

function recipient(order) {
  return h("p.recipient", h("span.quiet", strings.send.to), " ", h("strong", order.customer.name), " ", phone(order.customer.phone));
}

/** What is available, and a warning when the text costs more. */
function costLine(available) {
  const t = strings.send;
  const node = h("div", { "aria-live": "polite" });
  const show = (credits) => {
    if (credits !== null && credits > available) {
      swap(node, h("p.notice.notice-warn", icon("warning"), t.tooFew(strings.preview.credits(credits), available), " ",
        h("a", { href: "#/credits" }, strings.credits.title)));
    } else {
      swap(node, h("p.quiet.available", t.available(strings.nav.available(available))));
    }
  };
  show(null);
  return { node, show };
}

// One merchant: its credits, and a key for its people.

import { command, get } from "../lib/api.js";
import { copyable } from "../lib/clipboard.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { number, tag, time } from "../lib/format.js";
import { actions, field, form, input } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { live } from "../lib/live.js";
import { say } from "../lib/notify.js";
import { hashOf, title } from "../lib/router.js";
import { strings } from "../strings.js";
import { pauseButton, pauses } from "./operator-pause.js";
import { failure, pageHead, region } from "./page.js";

/** Draws the merchant and follows the balance. */
export function showMerchant({ root, params: [id] }) {
  const path = `/admin/merchants/${encodeURIComponent(id)}`;
  const page = region("div");
  title(strings.merchants.one);
  const following = live({
    name: () => path,
    load: async (signal) => {
      const [merchant, paused] = await Promise.all([get(path, { signal }), pauses(signal)]);
      return { merchant, pause: paused.find((pause) => pause.merchant_id === merchant.id) };
    },
    show: ({ merchant, pause }) => draw(page, { merchant, pause, path, changed: following.refresh }),
    fail: (problem) => failure(page, problem, following.refresh, strings.merchants.one),
  });
  swap(root, page);
  return following.stop;
}

function draw(page, { merchant, pause, path, changed }) {
  const t = strings.merchants;
  title(merchant.name);
  swap(page,
    pageHead(merchant.name, {
      back: h("a.back", { href: "#/merchants" }, icon("back"), t.title),
      more: pause && tag("paused", strings.pauses.paused),
      buttons: [
        pauseButton({ what: { merchant_id: merchant.id }, name: merchant.name, pause, changed }),
        h("a.button", { href: hashOf("/jobs", { state: "dead", merchant_id: merchant.id }) }, icon("jobs"), t.jobs),
        h("button", { type: "button", key: "key", onclick: () => makeKey(path) }, icon("key"), t.makeKey),
        h("button.primary", { type: "button", key: "top-up", onclick: () => topUp(path, changed) }, icon("plus"), t.topUp),
      ],
    }),
    h("div.stats",
      stat(strings.credits.available, merchant.available),
      stat(strings.credits.held, merchant.held)),
    h("section.card.setting",
      pause && h("p.notice.notice-warn", icon("pause"), pause.reason),
      h("dl.facts",
        h("div", h("dt", t.id), h("dd", h("code", merchant.id))),
        h("div", h("dt", t.contact), h("dd", merchant.contact ?? "–")),
        h("div", h("dt", t.region), h("dd", merchant.region)),
        h("div", h("dt", t.timeZone), h("dd", merchant.time_zone)),
        h("div", h("dt", t.since), h("dd", time(merchant.created_at))))));
}

function stat(name, value) {
  return h("div.card.stat", h("p.stat-name", name), h("p.stat-value", number(value)));
}

function topUp(path, changed) {
  const t = strings.merchants;
  openDialog({
    title: t.topUp,
    content(close) {
      const credits = input("credits", { required: true, inputmode: "numeric", pattern: "[0-9]*", autofocus: true });
      const note = input("note", { maxlength: "200" });
      const body = () => ({ credits: Number(credits.value.trim()), note: note.value.trim() || undefined });
      return form({
        fields: [field({ label: t.credit, control: credits }), field({ label: t.note, control: note, hint: t.noteHint }),
          actions(t.topUp, { cancel: close })],
        check: () => (/^[1-9]\d{0,8}$/.test(credits.value.trim()) ? [] : [{ field: "credits", reason: t.creditsWrong }]),
        payload: () => JSON.stringify(body()),
        send: ({ idempotencyKey }) => command("POST", `${path}/credits`, body(), { idempotencyKey }),
        done() {
          close();
          say(t.toppedUp(Number(credits.value.trim())));
          changed();
        },
      });
    },
  });
}

function makeKey(path) {
  const [t, words] = [strings.merchants, strings.keys];
  const place = h("div");
  openDialog({
    title: t.makeKey,
    content(close) {
      const name = input("name", { required: true, maxlength: "120", autofocus: true });
      const body = () => ({ name: name.value.trim(), scope: "admin" });
      const shown = (made) => {
        swap(place, h("p.notice.notice-warn", icon("warning"), words.once), copyable(words.key, made.key),
          h("div.actions", h("button.primary", { type: "button", onclick: close }, words.kept)));
        place.querySelector("input").focus();
      };
      swap(place, form({
        fields: [h("p", t.keyText), field({ label: words.name, control: name, hint: words.nameHint }), actions(words.submit, { cancel: close })],
        payload: () => JSON.stringify(body()),
        send: () => command("POST", `${path}/keys`, body()),
        done: shown,
      }));
      return place;
    },
  });
}

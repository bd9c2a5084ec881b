// API keys: what other programs, and other people, sign in with.

import { command, get } from "../lib/api.js";
import { copyable } from "../lib/clipboard.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { ago, tag, time } from "../lib/format.js";
import { actions, field, form, input } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { live } from "../lib/live.js";
import { forgetPeople, mark } from "../lib/people.js";
import { say } from "../lib/notify.js";
import { strings } from "../strings.js";
import { confirm } from "./confirm.js";
import { failure, region } from "./page.js";

const PATH = "/api-keys";
const SCOPES = ["read", "send", "write", "admin"];
const DAYS = [1, 7, 30, 90, 365];
const DAY = 24 * 60 * 60 * 1000;

/** Draws the list. */
export function showKeys(root) {
  const t = strings.keys;
  const list = region("div");
  const following = live({
    name: () => PATH,
    load: (signal) => get(PATH, { signal }),
    show: ({ items }) => swap(list, h("ul.keys", { "aria-label": t.title }, items.map((key) => row(key, following.refresh)))),
    fail: (problem) => failure(list, problem, following.refresh),
  });
  swap(root, h("section.card.setting.setting-wide",
    h("div.setting-head", h("h2", t.title),
      h("button.primary", { type: "button", key: "new-key", onclick: () => newKey(following.refresh) }, icon("plus"), t.add)),
    h("p", t.lead), list));
  return following.stop;
}

function row(key, changed) {
  const t = strings.keys;
  const over = key.revoked_at || (key.expires_at && Date.parse(key.expires_at) <= Date.now());
  return h(over ? "li.revoked" : "li",
    h("div.key-name", mark(key.id), h("strong", key.name), key.last_four && h("span.quiet", t.ending(key.last_four)),
      tag(`scope-${key.scope}`, t.scopes[key.scope].name), key.current && tag("current", t.current),
      key.invited_until && !key.revoked_at && tag("invited", t.invited)),
    h("p.quiet", t.created, " ", time(key.created_at), " · ", useOf(key),
      key.expires_at && !key.revoked_at && [" · ", t.ends, " ", time(key.expires_at)]),
    !key.revoked_at && h("button.quiet-danger", { type: "button", key: `revoke ${key.id}`, onclick: () => revoke(key, changed) },
      t.revoke, h("span.visually-hidden", ` ${key.name}`)));
}

function useOf(key) {
  const t = strings.keys;
  if (key.revoked_at) return [t.revoked, " ", time(key.revoked_at)];
  if (key.invited_until) return [t.invitedUntil, " ", time(key.invited_until)];
  return key.last_used_at ? [t.used, " ", ago(key.last_used_at)] : t.neverUsed;
}

function newKey(changed) {
  const t = strings.keys;
  const place = h("div");
  openDialog({
    title: t.add,
    content(close) {
      swap(place, keyForm(close, (made) => {
        changed();
        forgetPeople();
        swap(place, shownOnce(made, close));
        place.querySelector("input").focus();
      }));
      return place;
    },
  });
}

function keyForm(close, done) {
  const t = strings.keys;
  const name = input("name", { required: true, maxlength: "120", autofocus: true });
  const scopes = SCOPES.map((scope) => h("label.option",
    h("input", { type: "radio", name: "scope", value: scope, checked: scope === "write" }),
    h("span", h("strong", t.scopes[scope].name), h("span.hint", t.scopes[scope].hint))));
  const ends = h("select", { name: "expires_at" }, h("option", { value: "" }, t.endsNever),
    DAYS.map((days) => h("option", { value: String(days) }, t.endsAfter(days))));
  const invite = h("input", { type: "checkbox", name: "invite" });
  const body = () => ({
    name: name.value.trim(),
    scope: scopes.map((it) => it.firstChild).find((it) => it.checked).value,
    expires_at: ends.value ? new Date(Date.now() + Number(ends.value) * DAY).toISOString() : undefined,
    invite: invite.checked || undefined,
  });
  return form({
    fields: [
      field({ label: t.name, control: name, hint: t.nameHint }),
      h("fieldset.options", h("legend", t.scope), scopes),
      field({ label: t.endsLabel, control: ends, optional: false }),
      h("label.check", invite, h("span", t.invite, h("br"), h("span.hint", t.inviteHint))),
      actions(t.submit, { cancel: close }),
    ],
    payload: () => JSON.stringify({ ...body(), expires_at: ends.value }),
    send: ({ idempotencyKey }) => command("POST", PATH, body(), { idempotencyKey }),
    done,
  });
}

function shownOnce(made, close) {
  const t = strings.keys;
  const url = made.invitation_url;
  return [
    h("p.notice.notice-warn", icon("warning"), url ? t.onceInvited : t.once),
    url ? copyable(t.invitation, url) : copyable(t.key, made.key),
    h("div.actions", h("button.primary", { type: "button", onclick: close }, t.kept)),
  ];
}

function revoke(key, changed) {
  const t = strings.keys;
  confirm({
    title: t.revokeTitle,
    text: key.current ? t.revokeCurrent : t.revokeText(key.name),
    act: t.revoke,
    send: () => command("DELETE", `${PATH}/${encodeURIComponent(key.id)}`),
    done() {
      say(t.revokedNow(key.name));
      changed();
    },
  });
}

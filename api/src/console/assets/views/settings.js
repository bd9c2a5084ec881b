// Settings: one section a page. What a key may not change is not offered to it.

import { h, swap } from "../lib/dom.js";
import { go, title } from "../lib/router.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";
import { pageHead } from "./page.js";
import { showActivity } from "./settings-activity.js";
import { showKeys } from "./settings-keys.js";
import { showOptOuts } from "./settings-opt-outs.js";
import { showProfile } from "./settings-profile.js";
import { showReminders } from "./settings-reminders.js";
import { showSms } from "./settings-sms.js";
import { showStripe } from "./settings-stripe.js";
import { showTemplate } from "./settings-template.js";
import { showWebhooks } from "./settings-webhooks.js";

const SECTIONS = {
  profile: { show: showProfile, scope: "admin" },
  stripe: { show: showStripe, scope: "admin" },
  sms: { show: showSms, scope: "admin" },
  template: { show: showTemplate, scope: "read" },
  reminders: { show: showReminders, scope: "admin" },
  "opt-outs": { show: showOptOuts, scope: "write" },
  keys: { show: showKeys, scope: "admin" },
  webhooks: { show: showWebhooks, scope: "admin" },
  activity: { show: showActivity, scope: "admin" },
};

/** The names of the sections that this key may open. */
export function sections() {
  return Object.keys(SECTIONS).filter((name) => may(SECTIONS[name].scope));
}

/** Draws the section that the address names. */
export function showSettings({ root, params: [open], query }) {
  const t = strings.settings;
  const offered = sections();
  if (!offered.includes(open)) return go(`/settings/${offered[0]}`);
  title(t.sections[open]);
  const tabs = offered.map((section) => h("a.tab",
    { href: `#/settings/${section}`, "aria-current": section === open && "page" }, t.sections[section]));
  const place = h("div.settings-section");
  swap(root, pageHead(t.title), h("nav.tabs", { "aria-label": t.sectionsLabel }, tabs), place);
  // A phone shows a part of them.
  tabs[offered.indexOf(open)].scrollIntoView({ block: "nearest", inline: "nearest" });
  return SECTIONS[open].show(place, query);
}

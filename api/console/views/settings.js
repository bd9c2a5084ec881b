// Settings: one section a page.

import { h, swap } from "../lib/dom.js";
import { title } from "../lib/router.js";
import { strings } from "../strings.js";
import { pageHead } from "./page.js";
import { showSms } from "./settings-sms.js";
import { showStripe } from "./settings-stripe.js";
import { showTemplate } from "./settings-template.js";

const SECTIONS = { stripe: showStripe, sms: showSms, template: showTemplate };

/** Draws the section that the address names. */
export function showSettings({ root, params: [open] }) {
  const t = strings.settings;
  title(t.sections[open]);
  const tabs = Object.keys(SECTIONS).map((section) => h("a.tab",
    { href: `#/settings/${section}`, "aria-current": section === open && "page" }, t.sections[section]));
  const place = h("div.settings-section");
  swap(root, pageHead(t.title), h("nav.tabs", { "aria-label": t.sectionsLabel }, tabs), place);
  return SECTIONS[open](place);
}

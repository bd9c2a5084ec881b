// What a new merchant has yet to do before the first payment; gone once it is done.

import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { hashOf } from "../lib/router.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";

/** Whether everything is done. Whoever is content with our template, and with how they are called, has no step to take there. */
export function isSetUp(done) {
  return done.stripe && done.carrier && done.order && done.link;
}

/** The list, or nothing if everything is done. */
export function setUp(done) {
  const t = strings.setUp;
  const steps = [
    { done: done.stripe, text: t.stripe, to: "/settings/stripe" },
    { done: done.carrier, text: t.sms, to: "/settings/sms" },
    { done: done.template, text: t.template, to: "/settings/template" },
    { done: done.order, text: t.order, to: "/orders" },
    { done: done.credits, text: t.credits, to: "/credits" },
    { done: done.link, text: t.link, to: "/orders" },
    may("admin") && { text: t.business, to: "/settings/profile" },
  ].filter(Boolean);
  if (isSetUp(done)) return null;
  return h("section.card.set-up", { "aria-labelledby": "set-up-title" },
    h("h2", { id: "set-up-title" }, t.title), h("p.quiet", t.lead),
    h("ol", steps.map(({ done, text, to }) => h(done ? "li.done" : "li",
      icon(done ? "check" : "forward"),
      done ? h("span", text, " ", h("span.quiet", t.done)) : h("a", { href: hashOf(to) }, text)))));
}

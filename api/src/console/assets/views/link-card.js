// A payment link: where it stands, what can be done with it, and what happened to it.

import { addressOf } from "../lib/api.js";
import { canBe, cardButton, cardButtons, cardParts, disputeOf, hasFailedPayment, isPayable, isUnderWay, isUnwanted, pageOf, paymentState, unfinishedRefund } from "../lib/card.js";
import { copyable } from "../lib/clipboard.js";
import { h, safeAddress } from "../lib/dom.js";
import { sentence } from "../lib/form.js";
import { dateText, humanised, money, tag, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { person } from "../lib/people.js";
import { may } from "../lib/scope.js";
import { translated } from "../lib/server-words.js";
import { CONFIRMED, ELSEWHERE, INQUIRY, MADE, OF_ANOTHER, PAYMENT, WENT_BACK } from "../lib/timeline-details.js";
import { strings } from "../strings.js";
import { showQr } from "./link-qr.js";
import { markPaid, mayUnmark, unmarkPaid } from "./link-paid.js";
import { reminders } from "./link-reminders.js";
import { sendLink } from "./link-send.js";
import { voidLink } from "./link-void.js";
import { messageState } from "./message-state.js";
import { disputeName, disputeNotice, moneyTag } from "./money-back.js";

const REFUNDS = ["refunded", "refund_pending", "refund_failed"];
const HAS_END = ["creating", "unpaid", "processing", "expiring", "expired"];

/** The link that counts now. `act` has the order, its messages, and what to do when the link has changed. */
export function linkCard(link, act) {
  const t = strings.link;
  return h("section.card.link-card", { "aria-labelledby": "link-title" },
    cardParts({
      id: "link-title", title: isAsked(link) ? t.title : t.payment, marks: [stateTag(link), moneyTag(link)], amount: money(link.amount, link.currency),
      sentence: sentenceOf(link, act), notices: notices(link, act), address: address(link), buttons: buttons(link, act),
    }),
    firstPage(link), facts(link, act), texts(link, act), timeline(link, true));
}

/** What does not go as it should is said in the place of what usually is. */
function sentenceOf(link, { messages, order }) {
  const t = strings.link;
  const how = paymentState(link);
  switch (how) {
    case "unpaid":
      if (knowsOf(link, messages)) return t.sentences.unpaid;
      return isUnwanted(link, order) ? t.unwanted : t.waiting[link.delivery] ?? (link.delivery ? t.sentences.unpaid : t.unsent);
    case "not_delivered":
      return knowsOf(link, messages) ? t.trouble.again_not_delivered : t.trouble.not_delivered;
    case "payment_failed":
      if (isPayable(link)) return t.trouble.payment_failed;
      return link.failure ? t.trouble.renewal_failed : t.trouble.renewing;
    case "disputed":
      return disputeOf(link).startsWith("inquiry") ? t.trouble.dispute_inquiry : t.trouble.dispute_open;
    case "paid":
      return link.paid_by?.method === "stripe" ? t.sentences.paid : t.paidElsewhere;
    case "voiding":
    case "expiring":
      return link.failure ? t.trouble.close_failed : t.sentences[how];
    default:
      return t.trouble[how] ?? t.sentences[how];
  }
}

/** Whether the buyer has it already, whatever becomes of the next text. */
function knowsOf(link, messages) {
  return Boolean(link.viewed_at) || messages.some((message) => message.link_id === link.id && ["sent", "delivered"].includes(message.status));
}

/** A link of the past, folded. */
export function pastLink(link, act) {
  return h("details.card.past-link", { key: `past ${link.id}` },
    h("summary",
      h("span.past-name", link.invoice_number ?? strings.erased,
        link.amount && h("span.quiet", money(link.amount, link.currency))),
      link.review && tag("review", strings.link.events.review),
      stateTag(link), moneyTag(link), h("span.past-time", time(link.created_at, { short: true }))),
    notices(link, act), cardButtons(buttons(link, act)), facts(link, act), texts(link, act), timeline(link, false));
}

function stateTag(link) {
  return tag(`link-${link.status}`, strings.link.states[link.status] ?? humanised(link.status), { busy: isUnderWay(link) });
}

function notices(link, act) {
  const t = strings.link;
  const dashboard = safeAddress(link.dashboard_url);
  const unfinished = unfinishedRefund(link);
  return [
    link.failure && notice("bad", link.status === "failed" ? t.failureTitle : t.stuckTitle, translated(link.failure)),
    isUnwanted(link, act.order) && notice("warn", strings.refused.opted_out, strings.advice.opted_out.text),
    ...delivery(link),
    link.status === "unpaid" && elsewhere(link, act),
    link.status === "unpaid" && link.unrecognised_at && notice("bad", t.events.unrecognised, t.unrecognisedAdvice),
    link.expected && expected(link),
    link.new_link_wanted_at && ["voided", "expired"].includes(link.status) && notice("warn", t.events.new_link_wanted, t.newLinkWanted),
    isPayable(link) && hasFailedPayment(link) && notice("warn", t.events.payment_failed, t.paymentFailedAdvice),
    link.review && notice("warn", t.reviewTitle, reviewOf(link.review, link.timeline)),
    ["unpaid", "creating"].includes(link.status) && link.warnings.length > 0
      && notice("warn", t.warningTitle, link.warnings.map((warning) => t.warnings[warning] ?? humanised(warning)).join(" ")),
    link.disputed && notice(...disputeNotice(link)),
    link.refunded_amount && notice(...refundNotice(link)),
    unfinished && notice(unfinished === "refund_failed" ? "bad" : "warn", strings.order.notices[unfinished], [unfinishedAmount(link), t.refundAdvice[unfinished]]),
    dashboard && h("p.dashboard", h("a", { href: dashboard, target: "_blank", rel: "noopener noreferrer" }, t.dashboard, icon("open"))),
  ];
}

/** What is to be looked at; what a second payment comes to is said as what it is. */
function reviewOf(review, entries) {
  const t = strings.link.reviews;
  const [again] = entries.filter(({ event }) => event === "paid_again");
  if (review !== "amount_mismatch" || !again) return t[review] ?? humanised(review);
  const isGivenBack = entries.some(({ event, at }) => event === "refunded" && at >= again.at);
  return isGivenBack ? t.paid_again_refunded : t.paid_again;
}

function refundNotice({ refund_status: status, refunded_amount: amount, currency }) {
  const t = strings.order.notices;
  const [kind, title] = status === "full" ? ["bad", t.refunded] : ["warn", t.partly_refunded];
  return [kind, title, strings.link.refunded(money(amount, currency))];
}

function unfinishedAmount({ unfinished_refund: { amount, currency } }) {
  return amount && [h("strong", money(amount, currency)), ". "];
}

/** The order's number was corrected after the link had left: somebody else can open it. */
function elsewhere(link, { order, elsewhere: texts = [] }) {
  const there = texts.find((text) => text.link_id === link.id && ["sent", "delivered"].includes(text.status) && text.to !== order.customer.phone);
  return there?.to && notice("warn", strings.link.elsewhereTitle, strings.link.elsewhere(there.to));
}

/** The buyer's word that they will pay on a day: reminders wait for it, and it is kept or broken. */
function expected({ expected: { on, status } }) {
  const t = strings.link.expected;
  const day = dateText(on);
  return notice({ pending: "info", kept: "good", broken: "warn" }[status] ?? "info", t.title, t[status]?.(day) ?? day);
}

/** That a text did not come through, or may not have, is said as loud as that it is paid. */
function delivery(link) {
  const t = strings.link;
  if (link.status !== "unpaid") return [];
  if (["undelivered", "failed"].includes(link.delivery)) return [notice("bad", t.notDeliveredTitle, t.notDelivered)];
  return link.delivery === "unknown" ? [notice("warn", t.deliveryUnknownTitle, strings.message.unknownHint)] : [];
}

/** A message in a box of its own. */
export function notice(kind, heading, text) {
  return h(`div.notice.notice-${kind}`, h("div", icon(["info", "good"].includes(kind) ? "info" : "warning")), h("div", h("p.notice-title", heading), h("p", text)));
}

function address(link) {
  const t = strings.link;
  const url = pageOf(link);
  if (!url) return null;
  const open = h("a.button.icon-only", { href: url, target: "_blank", rel: "noopener noreferrer", "aria-label": t.openPage, title: t.openPage, key: "open-page" }, icon("open"));
  const qr = h("button.icon-only", { type: "button", "aria-label": t.showQr, title: t.showQr, key: "qr", onclick: () => showQr(link) }, icon("qr"));
  return copyable(t.address, url, { key: "copy-link", more: [qr, open] });
}

function buttons(link, act) {
  const t = strings.link;
  const open = link.status === "unpaid" && may("write");
  const can = (what) => canBe(what, link, act.order, (right) => may(right === "void" ? "write" : right));
  const sent = Boolean(link.delivery) && link.delivery !== "scheduled";
  const stored = link.invoice_number && link.url && !["creating", "failed"].includes(link.status);
  return [
    can("send") && cardButton({
      name: "send", key: "send-link", look: sent ? "" : "primary", icon: icon("send"), text: sent ? t.sendAgain : t.send, press: () => sendLink(link, act),
    }),
    stored && h("a.button", { key: `invoice ${link.id}`, ...invoiceOf(link) }, icon("document"), t.viewInvoice),
    link.disputed && stored && h("a.button", { key: `evidence ${link.id}`, href: addressOf(`/payment-links/${link.id}/evidence.pdf`), target: "_blank", rel: "noopener" },
      icon("document"), t.evidence),
    hasReceipt(link) && h("a.button", { key: `receipt ${link.id}`, href: addressOf(`/payment-links/${link.id}/receipt.pdf`), target: "_blank", rel: "noopener" },
      icon("document"), t.receipt),
    open && cardButton({ name: "mark-paid", icon: icon("check"), text: t.markPaid, press: () => markPaid(link, act.changed) }),
    mayUnmark(link) && may("admin") && cardButton({
      name: "unmark-paid", look: "quiet-danger", icon: icon("void"), text: t.unmarkPaid, press: () => unmarkPaid(link, act.changed),
    }),
    can("void") && cardButton({
      name: "void", key: "void-link", look: "quiet-danger", icon: icon("void"), text: t.void, press: () => voidLink(link, { mayBeTold: sent && !act.order.opted_out, changed: act.changed }),
    }),
  ];
}

/** What was paid without a link has no page and no invoice. */
function isAsked(link) {
  return Boolean(link.url) || ["creating", "failed"].includes(link.status);
}

/** The one that the buyer can load down; there is none of another amount than was asked. */
function hasReceipt(link) {
  return link.status === "paid" && Boolean(link.invoice_number)
    && !["amount_mismatch", "currency_mismatch", "livemode_mismatch"].includes(link.review);
}

/** Where the browser shows the PDF by itself: a phone's shows none that a page hands to it. */
function invoiceOf(link) {
  return { href: addressOf(`/payment-links/${link.id}/invoice`), target: "_blank", rel: "noopener" };
}

function firstPage(link) {
  const t = strings.link;
  if (!link.has_picture || !link.invoice_number) return null;
  return h("a.first-page", { key: `first-page ${link.id}`, ...invoiceOf(link) },
    h("img", { src: addressOf(`/payment-links/${link.id}/invoice.png`), alt: t.firstPage, loading: "lazy" }));
}

function facts(link, act) {
  const t = strings.link;
  const row = (name, value) => value && h("div", h("dt", name), h("dd", value));
  return h("dl.facts",
    row(t.invoice, link.invoice_number ?? strings.erased),
    row(t.created, time(link.created_at)),
    row(t.viewed, link.viewed_at && time(link.viewed_at)),
    row(t.paidAt, link.paid_at && time(link.paid_at)),
    row(t.paidBy, link.paid_by && link.paid_by.method !== "stripe" && paidBy(link.paid_by)),
    HAS_END.includes(link.status) && row(t.payableUntil, time(link.expires_at)),
    row(t.reminders, reminders(link, act)),
    row(t.erasedAt, link.purged_at && time(link.purged_at)));
}

function paidBy({ method, on, note }) {
  return [strings.paidBy[method] ?? humanised(method), on && [strings.comma, dateText(on)], note && h("p.quiet", note)];
}

/** Also those to a number that the order had before: somebody else may hold the link. */
function texts(link, { messages, elsewhere = [] }) {
  const own = [...messages, ...elsewhere].filter((message) => message.link_id === link.id && message.direction === "outgoing");
  return own.length > 0 && h("section.texts", h("h3", strings.link.texts),
    h("ul", own.map((message) => h("li", h("span", message.to ?? strings.erased), messageState(message)))));
}

function timeline(link, open) {
  const t = strings.link;
  return h("details.timeline", { key: `timeline ${link.id}`, open },
    h("summary", t.timeline),
    h("ol", [...link.timeline].reverse().map((entry, at, all) => h("li",
      h("span.event", disputeName(entry) ?? againUnpaid(entry, all[at + 1]) ?? t.events[entry.event] ?? humanised(entry.event)), time(entry.at, { short: true }), person(entry.actor),
      entry.detail && h("div.detail.quiet", detailOf(entry, link))))));
}

/** After a payment that failed it can only be paid again once it is renewed, which the next entry says. */
function againUnpaid({ event }, before) {
  return event === "unpaid" && before?.event === "payment_failed" ? strings.link.states.unpaid : undefined;
}

/** What people read of an entry, and below it what Stripe's support finds it by. */
function detailOf({ event, detail, at }, link) {
  const t = strings.link;
  if (event === "review") return reviewOf(detail.split(":")[0], link.timeline.filter((entry) => entry.at === at));
  if (event === "payment_expected") return dateText(detail);
  if (event === "disputed" || event === "dispute_closed") return dispute({ event, detail, at });
  const [, amount, currency, other] = (REFUNDS.includes(event) && WENT_BACK.exec(detail)) || [];
  if (amount) return [money(amount.replaceAll(",", ""), currency), other && proofs(at, t.ofAnother, [other])];
  // What the merchant wrote is theirs.
  if (event === "voiding") return detail;
  const [, way, on, note] = (["settling", "paid"].includes(event) && ELSEWHERE.exec(detail)) || [];
  if (way) return [[strings.paidBy[way.replace(" ", "_")], dateText(on)].join(strings.comma), note && h("p.quiet", note)];
  const [, source, proof] = PAYMENT.exec(detail) ?? [];
  if (source) return proofs(at, t.sources[source] ?? humanised(source), [proof]);
  const [, made] = MADE.exec(detail) ?? [];
  if (made) return proofs(at, t.madeAtStripe, [made]);
  const [, confirmed] = CONFIRMED.exec(detail) ?? [];
  // What came without Stripe is none that Stripe confirms.
  return confirmed ? proofs(at, event === "paid" ? t.events.closed_at_stripe : t.confirmed, confirmed.split("; ")) : sentence(detail);
}

/** What only Stripe's support can use is folded away. */
function proofs(at, what, all) {
  return h("details.proofs", { key: `proofs ${at} ${what}` }, h("summary", what), all.map(proofOf));
}

/** Why the bank asks. How it ended is said by the entry itself. */
function dispute({ event, detail, at }) {
  const [, said, other] = OF_ANOTHER.exec(detail) ?? [null, detail];
  const reasons = event === "disputed" && said ? said.split(", ").map((reason) => strings.link.disputeReasons[reason === INQUIRY ? "inquiry" : reason] ?? humanised(reason)) : [];
  return [reasons.join(" · "), other && proofs(at, strings.link.ofAnother, [other])];
}

function proofOf(text) {
  return h("span.proof", { title: text }, text);
}

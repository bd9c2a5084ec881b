// <paylink-order order="ord_…" token="ct_…">: an order's payment link in a page of any origin.
//
// A web component without dependencies. It writes no markup from text, so that it runs under a strict Content-Security-Policy and Trusted
// Types: the page allows this file's origin in script-src and connect-src, and no more. The token is made by the page's own server
// (POST /v1/client-tokens), and says what may be done: the buttons are those that it allows.
//
// Looks: CSS variables, such as --paylink-accent, and ::part(). Words: in the language of the attribute `lang`, its own or that of what it
// stands in, and by the property `words`. Events, which leave the component:
// `paylink-change` when the order is another than before (detail: the order as the API shows it), `paylink-token` when the token is over:
// give it a new one by the attribute.

const API = new URL("/v1", import.meta.url).href;

/** How long to wait before looking again: while a job is at work, else, and at most after what went wrong. */
const SOON = 1_000;
const LATER = 5_000;
const AT_MOST = 60_000;

/** The languages in which there are words, beside English. */
const LANGUAGES = ["es", "fr", "de", "pt", "zh", "ar"];

/** What is said of a link instead of its state, by how it stands. */
const SAID = {
  refunded: "refunded", disputed: "disputed", dispute_lost: "disputeLost", partly_refunded: "partlyRefunded", refund_pending: "refundPending",
  refund_failed: "refundFailed",
};

const WORDS = {
  title: "Payment",
  order: (number) => `Order ${number}`,
  loading: "Loading…",
  none: "There is no payment link yet.",
  states: {
    creating: "The payment link is being made…",
    unpaid: "Waiting for payment.",
    processing: "The payment is on its way.",
    paid: "Paid.",
    failed: "The payment link could not be made.",
    voiding: "The payment link is being voided…",
    voided: "The payment link was voided.",
    expiring: "The payment link is expiring…",
    expired: "The payment link has expired.",
    settling: "It is being marked as paid…",
  },
  refunded: "The payment was refunded.",
  partlyRefunded: "Part of the payment was refunded.",
  refundPending: "A refund of the payment is under way.",
  refundFailed: "A refund of the payment failed.",
  disputed: "The payment is disputed.",
  inquiry: "The buyer’s bank asks about the payment.",
  disputeLost: "The buyer’s bank has taken the payment back.",
  review: "Somebody has to look at this payment, in Paylink's console.",
  undelivered: "The last text did not arrive.",
  unwanted: "The buyer wants no texts: send them the link another way.",
  link: "Payment link",
  copy: "Copy",
  copied: "Copied.",
  create: "Create a payment link",
  again: "Create another payment link",
  send: "Send by text",
  resend: "Send again",
  sent: "The text is on its way.",
  void: "Void",
  sure: "Void the link? It stops working at once.",
  yes: "Yes, void it",
  no: "Keep it",
  expired: "This page has been open for long. Reload it to go on.",
  unreachable: "Paylink cannot be reached. Trying again…",
  refused: "That was refused.",
};

const STYLE = `
:host { display: block; max-inline-size: 32rem; font: var(--paylink-font, 1rem/1.5 system-ui, sans-serif);
  --accent: var(--paylink-accent, light-dark(#3d3ab8, #a9a6ff)); --on-accent: var(--paylink-on-accent, light-dark(#fff, #14132b));
  --text: var(--paylink-text, light-dark(#1b1f2a, #eceef4)); --quiet: var(--paylink-quiet, light-dark(#565d6d, #a7aebd));
  --surface: var(--paylink-surface, light-dark(#fff, #1a1d26)); --line: var(--paylink-line, light-dark(#8b92a1, #6b7282));
  --bad: var(--paylink-bad, light-dark(#a3161f, #ff9d9d)); --good: var(--paylink-good, light-dark(#11683a, #7ddba5)); }
:host([hidden]) { display: none; }
section { color: var(--text); background: var(--surface); border: 1px solid var(--line); border-radius: var(--paylink-radius, .6rem); padding: 1rem 1.2rem; }
h2 { font-size: 1.1rem; margin: 0; }
p { margin: .4rem 0; overflow-wrap: anywhere; }
.link-amount { font-size: 1.6rem; font-weight: 600; }
.quiet, .link-who { color: var(--quiet); }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
.buttons { display: flex; flex-wrap: wrap; gap: .5rem; margin-block-start: .6rem; }
button { font: inherit; color: var(--text); background: transparent; border: 1px solid var(--line); border-radius: .4rem; padding: .5rem 1rem; min-block-size: 2.75rem; cursor: pointer; }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button[aria-disabled=true] { opacity: .6; cursor: progress; }
button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); }
@media (forced-colors: active) { button { border: 1px solid ButtonText; } }
`;

/** What the token says; it is not ours to verify it. */
function read(token) {
  try {
    const said = token.replace(/^ct_/, "").split(".")[0].replace(/-/g, "+").replace(/_/g, "/");
    return JSON.parse(atob(said));
  } catch {
    return {};
  }
}

function h(tag, fields, ...children) {
  const { part, ...rest } = fields ?? {};
  const node = Object.assign(document.createElement(tag), rest);
  if (part) node.setAttribute("part", part);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function numbersOf(language, digits) {
  try {
    return new Intl.NumberFormat(language || undefined, digits);
  } catch {
    return new Intl.NumberFormat(undefined, digits);
  }
}

function money(amount, currency, language) {
  if (amount === undefined) return "";
  // A browser would round what it thinks has no decimals, such as forints.
  const decimals = amount.split(".")[1]?.length ?? 0;
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  // As text: no digit of it goes through a number that is near it. Isolated, it stays in order where the page runs from right to left.
  return `\u2066${numbersOf(language, digits).format(amount)}\u00a0${String(currency).toUpperCase()}\u2069`;
}

class PaylinkOrder extends HTMLElement {
  static observedAttributes = ["order", "token", "lang"];

  #root = this.attachShadow({ mode: "open" });
  #section = h("section", { part: "card" });
  #live = h("p", { part: "status", className: "quiet" });
  #alert = h("p", { part: "problem", className: "bad" });
  #body = h("div");
  #words = WORDS;
  #given = {};
  #spoken;
  #order;
  #drawn = "";
  #timer;
  #failures = 0;
  #busy = false;
  #asks = false;
  #keys = new Map();
  #look = new AbortController();
  #seen = () => document.hidden || this.#refresh();

  constructor() {
    super();
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [style];
    this.#live.setAttribute("role", "status");
    this.#alert.setAttribute("role", "alert");
    this.#section.append(this.#body, this.#live, this.#alert);
    this.#root.append(this.#section);
  }

  /** Other words, by the names above. */
  set words(words) {
    this.#given = words ?? {};
    this.#speak(this.#words);
  }

  #speak(words) {
    this.#words = { ...words, ...this.#given, states: { ...words.states, ...this.#given.states } };
    this.#draw(true);
  }

  /** Speaks the language of the page, or of this part of it. Until its words are there, and without them, that is English. */
  async #listen() {
    const tag = (this.closest("[lang]")?.lang ?? "").toLowerCase();
    const language = LANGUAGES.find((one) => tag === one || tag.startsWith(`${one}-`)) ?? "en";
    if (this.#spoken === language) return;
    this.#spoken = language;
    let words = WORDS;
    if (language !== "en") {
      const answer = await fetch(new URL(`/embed/${language}.json`, import.meta.url), { credentials: "omit", referrerPolicy: "no-referrer" }).catch(() => null);
      const said = answer?.ok ? await answer.json().catch(() => null) : null;
      if (this.#spoken !== language) return;
      if (said) words = { ...said, order: (number) => said.order.replace("{number}", () => number) };
      this.#section.lang = said ? language : "en";
    }
    this.#section.dir = language === "ar" && words !== WORDS ? "rtl" : "ltr";
    this.#speak(words);
  }

  connectedCallback() {
    this.#listen();
    document.addEventListener("visibilitychange", this.#seen);
    this.#draw(true);
    this.#refresh();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#seen);
    clearTimeout(this.#timer);
    this.#look.abort();
  }

  attributeChangedCallback(name, before, now) {
    if (before === now || !this.isConnected) return;
    if (name === "lang") return void this.#listen();
    if (name === "order") this.#order = undefined;
    this.#say("");
    this.#draw(true);
    this.#refresh();
  }

  get #may() {
    return read(this.getAttribute("token") ?? "").may ?? [];
  }

  async #call(method, path, { json, key, signal } = {}) {
    const headers = { Authorization: `Bearer ${this.getAttribute("token") ?? ""}` };
    if (json) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    const answer = await fetch(`${API}${path}`, {
      method, headers, body: json && JSON.stringify(json), signal, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer",
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(said.detail ?? this.#words.refused), { status: answer.status, code: said.code });
    return said;
  }

  /** Looks, and looks again: one look at a time. */
  async #refresh() {
    clearTimeout(this.#timer);
    this.#look.abort();
    const look = (this.#look = new AbortController());
    const order = this.getAttribute("order");
    if (!order || !this.getAttribute("token") || !this.isConnected) return;
    let wait = LATER;
    try {
      const seen = await this.#call("GET", `/orders/${encodeURIComponent(order)}`, { signal: look.signal });
      if (this.#failures > 0) this.#say("");
      this.#failures = 0;
      const was = JSON.stringify(this.#order);
      this.#order = seen;
      this.#draw();
      if (was !== JSON.stringify(seen)) this.#tell("paylink-change", { order: seen });
      if (isUnderWay(linkThatCounts(seen) ?? {})) wait = SOON;
    } catch (error) {
      if (look.signal.aborted) return;
      if (this.#isOver(error)) return;
      this.#failures += 1;
      this.#say(error.status >= 400 && error.status < 500 && error.status !== 429 ? error.message : this.#words.unreachable);
      wait = Math.min(AT_MOST, LATER * 2 ** Math.min(this.#failures, 5));
    }
    // A page that nobody looks at asks nothing; it does when it is looked at again.
    if (!document.hidden) this.#timer = setTimeout(() => this.#refresh(), wait);
  }

  #isOver(error) {
    if (error.status !== 401) return false;
    this.#say(this.#words.expired);
    this.#tell("paylink-token", { order: this.getAttribute("order") });
    return true;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #say(problem, status = "") {
    this.#alert.textContent = problem;
    if (status || problem) this.#note = status;
    this.#drawStatus();
  }

  #note = "";

  /** Does something once, however often it is pressed or the network fails: what failed is repeated under the same key. */
  async #does(name, path, json, done) {
    if (this.#busy) return;
    this.#busy = true;
    this.#draw(true);
    const what = `${name} ${path}`;
    const key = this.#keys.get(what) ?? crypto.randomUUID();
    this.#keys.set(what, key);
    try {
      await this.#call("POST", path, { json, key });
      this.#keys.delete(what);
      this.#say("", done);
    } catch (error) {
      // What was refused is over; what was not answered may have been done.
      if (error.status >= 400 && error.status < 500) this.#keys.delete(what);
      if (!this.#isOver(error)) this.#say(error.status ? error.message : this.#words.unreachable);
    }
    this.#busy = false;
    this.#draw(true);
    this.#refresh();
  }

  #drawStatus() {
    const w = this.#words;
    const link = this.#order && linkThatCounts(this.#order);
    const state = !this.#order ? w.loading : !link ? w.none : this.#sentence(link);
    const text = [state, this.#note].filter(Boolean).join(" ");
    // Only what is new is read out.
    if (this.#live.textContent !== text) this.#live.textContent = text;
    this.#live.className = link?.status === "paid" && state === w.states.paid ? "good" : "quiet";
  }

  /** Money that is gone or contested is never simply paid. */
  #sentence(link) {
    const w = this.#words;
    const how = paymentState(link);
    if (how === "disputed" && disputeOf(link).startsWith("inquiry")) return w.inquiry;
    if (SAID[how]) return w[SAID[how]];
    const more = link.review ? w.review : isUnwanted(link, this.#order) ? w.unwanted : how === "not_delivered" && w.undelivered;
    return [w.states[link.status] ?? link.status, more].filter(Boolean).join(" ");
  }

  /** Draws what has changed; the button that has the focus keeps it. */
  #draw(anyway = false) {
    this.#section.setAttribute("aria-label", this.#order ? this.#words.order(this.#order.number) : this.#words.title);
    const now = JSON.stringify(this.#order);
    if (anyway || now !== this.#drawn) {
      this.#drawn = now;
      const focused = this.#root.activeElement?.dataset?.key;
      this.#body.replaceChildren(...(this.#order ? this.#parts(this.#order) : [h("h2", { part: "title" }, this.#words.title)]));
      if (focused) {
        const buttons = [...this.#root.querySelectorAll("button")];
        (buttons.find((button) => button.dataset.key === focused) ?? buttons[0])?.focus();
      }
    }
    this.#drawStatus();
  }

  #parts(order) {
    const w = this.#words;
    const link = linkThatCounts(order);
    const language = this.closest("[lang]")?.lang;
    const shown = link && isOpen(link) ? link : order;
    const url = link && pageOf(link);
    return cardParts({
      title: w.order(order.number),
      who: order.customer?.name,
      amount: money(shown.amount, shown.currency, language),
      address: url && h("p", {}, h("span", { className: "quiet" }, `${w.link}: `), h("a", { part: "link", href: url, target: "_blank", rel: "noopener noreferrer" }, url)),
      buttons: this.#buttons(order, link, url),
    });
  }

  #buttons(order, link, url) {
    const w = this.#words;
    const may = this.#may;
    const button = (name, text, press, isPrimary) => cardButton({ name, text, press, look: isPrimary && "primary", busy: this.#busy });
    if (this.#asks && link?.status === "unpaid") {
      const yes = () => {
        this.#asks = false;
        this.#does("void", `/payment-links/${link.id}/void`, {});
      };
      return [h("p", {}, w.sure), button("void", w.yes, yes, true), button("keep", w.no, () => this.#ask(false))];
    }
    const can = (act) => link && canBe(act, link, order, (right) => may.includes(right));
    const isPaid = order.tag === "paid";
    const send = () => this.#does("send", `/payment-links/${link.id}/send`, link.delivery ? { resend: true } : {}, w.sent);
    return [
      !(link && isOpen(link)) && !isPaid && may.includes("create_link")
        && button("create", link ? w.again : w.create, () => this.#does("create", `/orders/${order.id}/payment-links`), true),
      can("send") && button("send", link.delivery ? w.resend : w.send, send, !link.delivery),
      url && button("copy", w.copy, () => navigator.clipboard.writeText(url).then(() => this.#say("", w.copied), () => {})),
      can("void") && button("void", w.void, () => this.#ask(true)),
    ];
  }

  #ask(asks) {
    this.#asks = asks;
    this.#draw(true);
    this.#root.querySelector(asks ? "[data-key=keep]" : "[data-key=void]")?.focus();
  }
}

if (!customElements.get("paylink-order")) customElements.define("paylink-order", PaylinkOrder);

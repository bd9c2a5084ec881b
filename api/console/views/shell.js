// What stands around every page: navigation, the balance, signing out.

import { h, swap } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { start } from "../lib/router.js";
import { strings } from "../strings.js";
import { followBalance } from "./balance.js";
import { brand } from "./brand.js";
import { showConversations } from "./conversations.js";
import { showCredits } from "./credits.js";
import { showOrder } from "./order.js";
import { showOrders } from "./orders.js";
import { showSettings } from "./settings.js";

const ROUTES = [
  [/^\/orders$/, showOrders],
  [/^\/orders\/([^/]+)$/, showOrder],
  [/^\/conversations(?:\/([^/]+))?$/, showConversations],
  [/^\/credits$/, showCredits],
  [/^\/settings\/(stripe|sms|template)$/, showSettings],
];

const PLACES = [
  { path: "/orders", icon: "orders", label: strings.nav.orders },
  { path: "/conversations", icon: "conversations", label: strings.nav.conversations },
  { path: "/credits", icon: "credits", label: strings.nav.credits },
  { path: "/settings/stripe", within: "/settings", icon: "settings", label: strings.nav.settings },
];

/** Draws the console; answers how to take it away. */
export function showShell({ root, signOut }) {
  const links = PLACES.map((place) => h("a.nav-link", { href: `#${place.path}` }, icon(place.icon), h("span", place.label)));
  const balance = h("a.balance", { href: "#/credits" });
  const outlet = h("main.page", { id: "page", tabindex: "-1" });
  const toContent = (event) => {
    event.preventDefault();
    outlet.focus();
  };
  swap(root,
    h("a.skip", { href: "#page", onclick: toContent }, strings.skipToContent),
    h("div.shell",
      h("header.bar", brand(),
        h("nav.nav", { "aria-label": strings.nav.label }, links),
        h("div.bar-end", balance,
          h("button.plain.sign-out", { type: "button", onclick: signOut }, icon("signOut"), h("span", strings.nav.signOut)))),
      h("div.content", h("p.banner", { id: "connection", role: "status", hidden: true }, strings.problems.disconnected), outlet)));
  const stopBalance = followBalance(balance);
  const stop = start({ outlet, routes: ROUTES, home: "/orders", moved: (path) => markPlace(links, path) });
  return () => {
    stopBalance();
    stop();
    root.replaceChildren();
  };
}

function markPlace(links, path) {
  PLACES.forEach((place, index) => {
    if (path.startsWith(place.within ?? place.path)) links[index].setAttribute("aria-current", "page");
    else links[index].removeAttribute("aria-current");
  });
}

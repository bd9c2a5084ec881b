// What stands around every page of a merchant: navigation, the balance, signing out.

import { h } from "../lib/dom.js";
import { strings } from "../strings.js";
import { followBalance } from "./balance.js";
import { showBatch } from "./batch.js";
import { showBatches } from "./batches.js";
import { showConversations } from "./conversations.js";
import { showCredits } from "./credits.js";
import { frame } from "./frame.js";
import { showHome } from "./home.js";
import { showLinks } from "./links.js";
import { showOrder } from "./order.js";
import { showOrders } from "./orders.js";
import { sections, showSettings } from "./settings.js";
import { followUnread } from "./unread.js";

const ROUTES = [
  [/^\/home$/, showHome],
  [/^\/orders$/, showOrders],
  [/^\/links$/, showLinks],
  [/^\/orders\/([^/]+)$/, showOrder],
  [/^\/batches$/, showBatches],
  [/^\/batches\/([^/]+)$/, showBatch],
  [/^\/conversations(?:\/([^/]+))?$/, showConversations],
  [/^\/credits$/, showCredits],
  [/^\/settings\/([a-z-]+)$/, showSettings],
];

/** Draws the console for a merchant; answers how to take it away. */
export function showShell({ root, who, signOut }) {
  const t = strings.nav;
  const balance = h("a.balance", { href: "#/credits" });
  const unread = h("span.nav-badge", { hidden: true });
  const takeAway = frame({
    root,
    signOut,
    name: who.merchant.name,
    end: balance,
    routes: ROUTES,
    places: [
      { path: "/home", icon: "home", label: t.home },
      { path: "/orders", icon: "orders", label: t.orders },
      { path: "/links", icon: "link", label: t.links },
      { path: "/conversations", icon: "conversations", label: t.conversations, more: unread },
      { path: "/credits", icon: "credits", label: t.credits },
      { path: `/settings/${sections()[0]}`, within: "/settings", icon: "settings", label: t.settings },
    ],
  });
  const stopBalance = followBalance(balance);
  const stopUnread = followUnread(unread);
  return () => {
    stopBalance();
    stopUnread();
    takeAway();
  };
}

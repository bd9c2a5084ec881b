// The operator's pages: what the queues are doing, which jobs are dead and why, and the merchants.

import { strings } from "../strings.js";
import { frame } from "./frame.js";
import { showJob } from "./operator-job.js";
import { showJobs } from "./operator-jobs.js";
import { showMerchant } from "./operator-merchant.js";
import { showMerchants } from "./operator-merchants.js";
import { showQueues } from "./operator-queues.js";
import { showTexts } from "./operator-texts.js";
import { showWhy } from "./operator-why.js";

const ROUTES = [
  [/^\/queues$/, showQueues],
  [/^\/jobs$/, showJobs],
  [/^\/jobs\/([^/]+)$/, showJob],
  [/^\/texts$/, showTexts],
  [/^\/why$/, showWhy],
  [/^\/merchants$/, showMerchants],
  [/^\/merchants\/([^/]+)$/, showMerchant],
];

/** Draws them; answers how to take them away. */
export function showOperator({ root, signOut }) {
  const t = strings.operator;
  return frame({
    root,
    signOut,
    name: t.name,
    end: null,
    routes: ROUTES,
    places: [
      { path: "/queues", icon: "queues", label: t.queues },
      { path: "/jobs", icon: "jobs", label: t.jobs },
      { path: "/texts", icon: "conversations", label: t.texts },
      { path: "/merchants", icon: "merchants", label: t.merchants },
      { path: "/why", icon: "search", label: strings.why.title },
    ],
  });
}

// The beginning: a page to sign in, or the pages of whoever is signed in: a merchant at /console, the operator at /console/operator.

import { onUnauthorized, session, signOut } from "./lib/api.js";
import { closeDialogs } from "./lib/dialog.js";
import * as events from "./lib/events.js";
import { anyDrafts, forgetDrafts, useDraftsOf } from "./lib/drafts.js";
import { useRegion, useTimeZone } from "./lib/format.js";
import { speakAs } from "./lib/language.js";
import { forget } from "./lib/live.js";
import { hush } from "./lib/notify.js";
import { forgetPeople } from "./lib/people.js";
import { useKey } from "./lib/scope.js";
import { strings } from "./strings.js";
import { confirm } from "./views/confirm.js";
import { forgetChosen } from "./views/links-chosen.js";
import { showOperator } from "./views/operator.js";
import { failure } from "./views/page.js";
import { showShell } from "./views/shell.js";
import { showSignIn } from "./views/signin.js";

const HOME = { merchant: "/console", operator: "/console/operator" };

const app = document.getElementById("app");
const here = location.pathname.endsWith("/operator") ? "operator" : "merchant";

document.documentElement.lang = strings.locale;
document.documentElement.dir = strings.direction;
document.getElementById("toasts").setAttribute("aria-label", strings.notices);

let signedIn = false;
let leave = () => {};

async function begin() {
  try {
    enter(await session());
  } catch (problem) {
    failure(app, problem, begin, strings.product);
  }
}

/** Shows the pages of whoever is signed in, or the page where one signs in. */
function enter(who) {
  if (who?.kind !== here) return showTheSignIn();
  leave();
  signedIn = true;
  if (here === "operator") {
    forgetDrafts();
    leave = showOperator({ root: app, signOut: end });
  } else {
    if (speakAs(who.merchant.language)) return;
    useRegion(who.merchant.region);
    useTimeZone(who.merchant.time_zone);
    useDraftsOf(who.key.id);
    useKey(who.key);
    events.open();
    leave = showShell({ root: app, who, signOut: leaveOff });
  }
}

/** Where somebody has just signed in, they are led to their own pages. */
function arrive(who) {
  if (who.kind === here) enter(who);
  else location.assign(HOME[who.kind]);
}

function showTheSignIn(reason) {
  leave();
  signedIn = false;
  leave = showSignIn({ root: app, here, reason, enter: arrive });
}

/** Takes away everything that was shown or kept of the one who was here. */
function leaveBehind(reason) {
  events.close();
  forget();
  forgetPeople();
  forgetChosen();
  closeDialogs();
  hush();
  showTheSignIn(reason);
}

/** Signs out, after a question where that would lose what somebody has written. */
async function leaveOff() {
  const t = strings.leaving;
  if (!await anyDrafts()) return end();
  confirm({ title: t.title, text: t.text, act: t.submit, keep: t.keep, send: async () => {}, done: end });
}

async function end() {
  // Whether or not the server hears of it, this browser shows and keeps nothing more.
  forgetDrafts();
  await signOut().catch(() => {});
  leaveBehind();
}

onUnauthorized(() => {
  if (signedIn) leaveBehind(strings.problems.signedOut);
});

begin();

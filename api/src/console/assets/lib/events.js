// What is new, told by the server as it happens. Only ids come; whoever shows one reads it again.

import { session } from "./api.js";

const ADDRESS = "/v1/events";
const KINDS = ["order.updated", "link.updated", "message.updated", "credits.updated", "attention.updated"];
const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 60_000;

const hearers = new Set();

let source = null;
let timer = 0;
let failures = 0;

/** Whether the server is telling us now. */
export function isTold() {
  return source?.readyState === EventSource.OPEN;
}

/** Hears every event until the answer is called: `hear({ kind, ...ids })`, with `kind` `null` where anything may be new. */
export function listen(hear) {
  hearers.add(hear);
  return () => hearers.delete(hear);
}

/** Tells what this page itself has changed: sooner than the server does, and also where it cannot. */
export function tell(event) {
  for (const hear of [...hearers]) hear(event);
}

/** Opens the stream, for as long as the page is looked at: browsers have few connections, and many tabs. */
export function open() {
  document.addEventListener("visibilitychange", follow);
  follow();
}

/** Closes the stream. */
export function close() {
  document.removeEventListener("visibilitychange", follow);
  disconnect();
}

function follow() {
  if (document.hidden) disconnect();
  else if (source === null) connect();
}

/** The browser connects again by itself, and the server catches up, unless it refuses. */
function connect() {
  source = new EventSource(ADDRESS);
  source.addEventListener("open", () => {
    // What happened between two streams may have been missed.
    if (failures > 0) tell({ kind: null });
    failures = 0;
  });
  source.addEventListener("error", () => {
    failures += 1;
    // Whoever reads now finds out whether the server is away, and says so.
    if (failures === 1) tell({ kind: null });
    if (source?.readyState === EventSource.CLOSED) connectLater();
  });
  source.addEventListener("resync", () => tell({ kind: null }));
  for (const kind of KINDS) source.addEventListener(kind, (event) => tell({ kind, ...JSON.parse(event.data) }));
}

function disconnect() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

/** A stream that was refused does not say why: the session may be over, or there are too many. */
function connectLater() {
  disconnect();
  timer = setTimeout(async () => {
    const there = await session().catch(() => true);
    if (!there) tell({ kind: null });
    else if (source === null && !document.hidden) connect();
  }, Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures, 6)));
}

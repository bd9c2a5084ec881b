// A view that follows what it shows: read again and again, often while something is under way, not at all in a hidden tab.

import { connection } from "./notify.js";

/** How long to wait between two reads, in milliseconds. */
export const PACE = { busy: 1_500, watched: 3_000, calm: 10_000 };

const LONGEST_WAIT = 30_000;

const remembered = new Map();

/** Forgets what was read, such as when somebody signs out. */
export function forget() {
  remembered.clear();
}

/**
 * Follows a resource until it is stopped.
 *
 * `load(signal)` reads it, `show(data)` draws it whenever it has changed, `pace(data)` says how soon it is read again, and
 * `fail(problem)` draws why there is nothing to show. With a `name`, what was read last is shown at once the next time.
 */
export function live({ name, load, show, fail, pace = () => PACE.calm }) {
  const state = { timer: 0, controller: null, shown: null, failures: 0, stopped: false };

  const draw = (data) => {
    const text = JSON.stringify(data);
    if (name) remembered.set(name, data);
    if (text === state.shown) return;
    state.shown = text;
    show(data);
  };

  const schedule = (wait) => {
    clearTimeout(state.timer);
    if (!state.stopped && !document.hidden) state.timer = setTimeout(round, wait);
  };

  async function round() {
    if (state.stopped) return;
    clearTimeout(state.timer);
    state.controller?.abort();
    const controller = new AbortController();
    state.controller = controller;
    try {
      const data = await load(controller.signal);
      if (controller.signal.aborted) return;
      state.failures = 0;
      connection(true);
      draw(data);
      schedule(pace(data));
    } catch (problem) {
      if (!controller.signal.aborted) endure(problem);
    }
  }

  function endure(problem) {
    state.failures += 1;
    if (problem.status === undefined) console.error(problem);
    if (problem.passes) {
      if (state.shown === null) fail(problem);
      else connection(false);
      schedule(Math.min(LONGEST_WAIT, PACE.busy * 2 ** (state.failures - 1)));
    } else {
      fail(problem);
      state.shown = null;
    }
  }

  const wake = () => {
    if (document.hidden) clearTimeout(state.timer);
    else round();
  };
  document.addEventListener("visibilitychange", wake);
  // Not before the caller holds what is returned here.
  queueMicrotask(() => {
    if (state.stopped) return;
    if (name && remembered.has(name)) draw(remembered.get(name));
    round();
  });

  return {
    /** Reads now. */
    refresh: round,
    /** Shows this at once, such as the answer to a command, and reads again soon. */
    put(data) {
      if (state.stopped) return;
      state.controller?.abort();
      draw(data);
      schedule(Math.min(pace(data), PACE.busy));
    },
    /** Ends it. */
    stop() {
      state.stopped = true;
      clearTimeout(state.timer);
      state.controller?.abort();
      document.removeEventListener("visibilitychange", wake);
    },
  };
}

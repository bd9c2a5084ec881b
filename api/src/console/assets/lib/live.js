// A view that follows what it shows: read again when the server says that it is another, and now and then in any case.

import { isTold, listen } from "./events.js";
import { connection } from "./notify.js";

/** How long to wait between two reads while nobody tells us what is new, in milliseconds. */
export const PACE = { busy: 1_500, watched: 3_000, calm: 10_000 };

/** The same while we are told. */
const TOLD = 30_000;
const LONGEST_WAIT = 30_000;
/** Events come in flocks: a link that is paid is an order that is paid. */
const GATHER = 60;

const remembered = new Map();

/** Forgets what was read, such as when somebody signs out. */
export function forget() {
  remembered.clear();
}

/**
 * Follows a resource until it is stopped.
 *
 * `load(signal)` reads it and `show(data)` draws it whenever it has changed. `hears(event)` says whether an event may have
 * changed it, where events tell of it at all, and `pace(data)` how soon it is read again without one. `fail(problem)` draws
 * why there is nothing to show. With a `name()`, what was read last under it is shown at once the next time.
 */
export function live(options) {
  return new Following({ pace: () => PACE.calm, name: () => null, ...options });
}

class Following {
  #options;
  #timer = 0;
  #controller = null;
  #shown = null;
  #failures = 0;
  #stopped = false;
  #stale = false;
  #deafen;

  constructor(options) {
    this.#options = options;
    document.addEventListener("visibilitychange", this.#wake);
    addEventListener("online", this.#wake);
    this.#deafen = listen(this.#hear);
    // Not before the caller holds what is made here.
    queueMicrotask(() => {
      const name = options.name();
      if (!this.#stopped && remembered.has(name)) this.#draw(remembered.get(name));
      this.refresh();
    });
  }

  /** Reads now. */
  refresh = async () => {
    if (this.#stopped) return;
    this.#halt();
    const controller = new AbortController();
    this.#controller = controller;
    this.#stale = false;
    try {
      const data = await this.#options.load(controller.signal);
      if (controller.signal.aborted) return;
      this.#controller = null;
      this.#failures = 0;
      connection(true);
      this.#draw(data);
      this.#schedule(this.#nextWait(data));
    } catch (problem) {
      if (controller.signal.aborted) return;
      this.#controller = null;
      this.#endure(problem);
    }
  };

  /** Shows this at once, such as the answer to a command, and reads again soon. */
  put(data) {
    if (this.#stopped) return;
    this.#halt();
    this.#draw(data);
    this.#schedule(PACE.busy);
  }

  /** Ends it. */
  stop = () => {
    this.#stopped = true;
    this.#halt();
    this.#deafen();
    document.removeEventListener("visibilitychange", this.#wake);
    removeEventListener("online", this.#wake);
  };

  #hear = (event) => {
    if (this.#stale || (event.kind !== null && !this.#options.hears?.(event))) return;
    this.#stale = true;
    // What is being read now may be of before; it is read once more afterwards.
    if (this.#controller === null) this.#schedule(GATHER);
  };

  #nextWait(data) {
    if (this.#stale) return GATHER;
    return this.#options.hears && isTold() ? TOLD : this.#options.pace(data);
  }

  #wake = () => {
    if (document.hidden) clearTimeout(this.#timer);
    else this.refresh();
  };

  #halt() {
    clearTimeout(this.#timer);
    this.#controller?.abort();
    this.#controller = null;
  }

  #schedule(wait) {
    clearTimeout(this.#timer);
    if (!this.#stopped && !document.hidden) this.#timer = setTimeout(this.refresh, wait);
  }

  #draw(data) {
    const { name, show } = this.#options;
    if (name()) remembered.set(name(), data);
    const text = JSON.stringify(data);
    if (text === this.#shown) return;
    this.#shown = text;
    show(data);
  }

  /** What passes is tried again, later each time, and what was shown stays; what does not pass is told. */
  #endure(problem) {
    this.#failures += 1;
    if (problem.status === undefined) console.error(problem);
    if (!problem.passes) {
      this.#shown = null;
      this.#options.fail(problem);
      return;
    }
    if (this.#shown === null) this.#options.fail(problem);
    else connection(false);
    this.#schedule(Math.min(LONGEST_WAIT, PACE.busy * 2 ** (this.#failures - 1)));
  }
}

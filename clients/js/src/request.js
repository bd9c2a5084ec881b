// One call, tried again where that is safe.

import { PaylinkError } from "./error.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 20_000;

/** What is answered for a while, and not for ever. */
const PASSING = new Set([429, 502, 503, 504]);

export class Caller {
  #url;
  #key;
  #fetch;
  #retries;
  #timeout;

  constructor({ url, key, fetch: fetcher, retries = 4, timeout = 30_000 }) {
    if (!url) throw new TypeError("url is missing: where your Paylink is, such as https://pay.example.com");
    if (!key) throw new TypeError("key is missing: an API key, pk_…");
    this.#url = String(url).replace(/\/+$/, "");
    this.#key = key;
    this.#fetch = fetcher ?? ((...call) => globalThis.fetch(...call));
    this.#retries = retries;
    this.#timeout = timeout;
  }

  /**
   * Calls. A `GET`, and whatever carries an idempotency key, is tried again after whatever passes: no answer, 429, 502, 503, 504, or a first
   * request that is still running. So is what says of itself that it may be repeated. Anything else only after an answer that says that nothing was done.
   */
  async call(method, path, { query, json, form, accept, idempotencyKey, repeatable: harmless = false, signal, timeout = this.#timeout } = {}) {
    const address = `${this.#url}/v1${path}${queryOf(query)}`;
    const repeatable = harmless || method !== "POST" || idempotencyKey !== undefined;
    for (let attempt = 0; ; attempt += 1) {
      const last = attempt >= this.#retries;
      let response;
      try {
        response = await this.#send(method, address, { json, form, accept, idempotencyKey, signal, timeout });
      } catch (cause) {
        signal?.throwIfAborted();
        if (last || !repeatable) throw new PaylinkError({ detail: `${method} ${path} was not answered`, cause });
        await pause(backoff(attempt), signal);
        continue;
      }
      if (response.ok) return response;
      const error = await PaylinkError.of(response);
      const passes = error.code === "idempotency_key_in_use"
        || (PASSING.has(response.status) && (repeatable || response.status === 429 || response.status === 503));
      if (last || !passes) throw error;
      await pause(asked(response) ?? backoff(attempt), signal);
    }
  }

  /** The same, read as JSON. */
  async json(method, path, options) {
    const response = await this.call(method, path, options);
    return response.status === 204 ? undefined : response.json();
  }

  #send(method, address, { json, form, accept = "application/json", idempotencyKey, signal, timeout }) {
    const headers = { Authorization: `Bearer ${this.#key}`, Accept: accept };
    if (json !== undefined) headers["Content-Type"] = "application/json";
    if (idempotencyKey !== undefined) headers["Idempotency-Key"] = idempotencyKey;
    const limits = [AbortSignal.timeout(timeout), signal].filter(Boolean);
    const body = json === undefined ? form : JSON.stringify(json);
    return this.#fetch(address, { method, headers, body, signal: AbortSignal.any(limits), redirect: "error" });
  }
}

function queryOf(query = {}) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) parameters.set(name, Array.isArray(value) ? value.join(",") : String(value));
  }
  return parameters.size > 0 ? `?${parameters}` : "";
}

/** Twice as long each time, half of it left to chance, so that many do not come back together. */
function backoff(attempt) {
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);
  return wait / 2 + Math.random() * (wait / 2);
}

/** `Retry-After` in seconds, as Paylink says it. */
function asked(response) {
  const seconds = Number.parseFloat(response.headers.get("retry-after") ?? "");
  return Number.isFinite(seconds) ? Math.min(LONGEST_WAIT, seconds * 1000) : undefined;
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", end, { once: true });
  });
}

// The public API, and nothing else: what this file can do, any other frontend can do.

import { strings } from "../strings.js";
import { key } from "./session.js";

const BASE = "/v1";
const GET_TIMEOUT = 15_000;
const COMMAND_TIMEOUT = 30_000;

/** Why a call was not answered as it was meant to be: the API's problem+json, or one of our own for a call that got no answer. */
export class Problem extends Error {
  constructor({ status = 0, code, detail, errors = [] }) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.errors = errors;
  }

  /** Whether the same call may succeed a little later. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

let unauthorized = () => {};

/** What to do when a key is no longer taken. */
export function onUnauthorized(act) {
  unauthorized = act;
}

/** Reads. Parameters that are empty are left out; `as` is a key to be tried in place of the session's. */
export async function get(path, { query = {}, signal, as } = {}) {
  const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  const address = parameters.size > 0 ? `${path}?${parameters}` : path;
  const headers = as ? { Authorization: `Bearer ${as}` } : {};
  return readJson(await call(address, { method: "GET", headers, signal, timeout: GET_TIMEOUT }));
}

/** Commands. `idempotencyKey` makes a retry harmless. */
export async function command(method, path, body, { idempotencyKey, signal } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
  const text = body === undefined ? undefined : JSON.stringify(body);
  return readJson(await call(path, { method, headers, body: text, signal, timeout: COMMAND_TIMEOUT }));
}

/** A PDF. The type is ours to say: whatever came, the browser will not run it. */
export async function pdf(path) {
  const response = await call(path, { method: "GET", timeout: COMMAND_TIMEOUT });
  return new Blob([await response.arrayBuffer()], { type: "application/pdf" });
}

/** Sends a form with a file; `onProgress` is told the share that has left, from 0 to 1. */
export function upload(path, form, { idempotencyKey, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", BASE + path);
    request.setRequestHeader("Authorization", `Bearer ${key()}`);
    request.setRequestHeader("Idempotency-Key", idempotencyKey);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => settle(request, resolve, reject));
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

function settle(request, resolve, reject) {
  const body = parse(request.responseText);
  if (request.status >= 200 && request.status < 300 && body) resolve(body);
  else reject(problemOf(request.status, body));
}

async function call(path, { method, headers = {}, body, signal, timeout }) {
  const signals = [AbortSignal.timeout(timeout), signal].filter(Boolean);
  let response;
  try {
    response = await fetch(BASE + path, {
      method,
      body,
      headers: { Accept: "application/json, application/pdf", Authorization: `Bearer ${key()}`, ...headers },
      signal: anyOf(signals),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
  if (response.ok) return response;
  throw problemOf(response.status, parse(await response.text()));
}

async function readJson(response) {
  if (response.status === 204) return null;
  const body = parse(await response.text());
  if (body === null) throw problemOf(response.status, null);
  return body;
}

function problemOf(status, body) {
  const problem = new Problem({
    status,
    code: body?.code ?? "unexpected",
    detail: body?.detail ?? strings.problems.unexpected(status),
    errors: Array.isArray(body?.errors) ? body.errors : [],
  });
  if (status === 401) unauthorized();
  return problem;
}

function unreachable() {
  return new Problem({ code: "unreachable", detail: strings.problems.unreachable });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function anyOf(signals) {
  if (AbortSignal.any) return AbortSignal.any(signals);
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort();
    signal.addEventListener("abort", () => controller.abort(), { once: true });
  }
  return controller.signal;
}

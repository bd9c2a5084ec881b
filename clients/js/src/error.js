// What went wrong: the API's problem, or that there was no answer.

/** A call that was refused, or not answered. `code` is stable and meant for programs, `message` for people. */
export class PaylinkError extends Error {
  constructor({ status = 0, code = "unreachable", detail, errors = [], requestId = null, extra = {}, cause }) {
    super(detail ?? code, cause === undefined ? undefined : { cause });
    this.name = "PaylinkError";
    /** The HTTP status; 0 if there was no answer. */
    this.status = status;
    /** Such as `link_open`. */
    this.code = code;
    /** What is wrong with which field. */
    this.errors = errors;
    /** What to tell whoever looks into it. */
    this.requestId = requestId;
    /** Everything else that the problem says, such as `order_id`. */
    this.extra = extra;
  }

  /** The error that an answer is. */
  static async of(response) {
    const requestId = response.headers.get("x-request-id");
    const text = await response.text().catch(() => "");
    let problem = {};
    try {
      problem = JSON.parse(text) ?? {};
    } catch {
      // Somebody in between has answered.
    }
    const { type, title, status, code, detail, errors, ...extra } = problem;
    return new PaylinkError({
      status: response.status,
      code: code ?? `http_${response.status}`,
      detail: detail ?? title ?? `${response.status} ${response.statusText}`.trim(),
      errors: Array.isArray(errors) ? errors : [],
      requestId,
      extra,
    });
  }
}

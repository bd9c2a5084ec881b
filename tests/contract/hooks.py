"""What no schema can tell, one by one and each with its reason.

A request that is as it is described has to be accepted. Where more has to be true than a schema can say, the refusal must be one of these:
by its status and code and, for bad input, by the field and the words of the reason. Anything else is a fault of the description.
"""

import random
import re

import schemathesis

# status, code, field (a pattern), reason (a pattern), and why a schema cannot say it
KNOWN = [
    (422, "invalid_input", r"customer\.phone|from|phone|to", r"phone number", "whether a number is assigned, only its country's plan knows"),
    (422, "invalid_input", r"currency", r".", "which currencies can be charged is Stripe's to say, and depends on the merchant"),
    (422, "invalid_input", r"(.*\.)?(amount|unit_amount|shipping|discount|tax)", r".", "decimals and limits depend on the currency"),
    (422, "invalid_input", r"cursor", r"not one that this list gave", "a cursor is what the page before gave"),
    (422, "invalid_input", r"after", r"past the last change", "how far the feed has come"),
    (422, "invalid_input", r"address", r"lines|empty|characters", "its lines are counted, and each is looked at"),
    (422, "invalid_input", r"phone|reason", r"needed|must not be empty", "it has to be in one of two places"),
    (422, "does_not_add_up", r".*", r".", "a sum is a relation between fields"),
    (422, "invalid_input", r"region", r"region", "not every two letters are a country with a numbering plan"),
    (422, "invalid_input", r"time_zone", r".", "which zones there are, the database of time zones knows"),
    (422, "invalid_input", r"colour", r".", "contrast is computed"),
    (422, "invalid_input", r"expires_on", r".", "it depends on today"),
    (422, "invalid_input", r"due_date", r"before the date of the invoice", "which of two fields is the earlier day"),
    (422, "invalid_input", r"overdue", r"tag unpaid", "what one parameter may be depends on another"),
    (422, "invalid_input", r"texts_(from|until)", r"after the first", "which of two fields is the earlier hour"),
    (422, "invalid_input", r"expires_at", r"future", "it depends on now"),
    (422, "invalid_input", r"payment_methods", r".", "that none is named twice"),
    (422, "invalid_input", r".*_(from|to)|from|to|since|on", r"calendar|must be a day|is not a date|past|future|before|after", "whether a month has 31 days, and what comes first"),
    (422, "invalid_input", r"metadata", r"names|control characters", "OpenAPI 3.0 has no schema for names"),
    (422, "invalid_input", r"rows", r"at least one order", "a text that is CSV has lines, which no schema counts"),
    (422, "invalid_input", r"columns|rows", r"columns of the file|twice|for a CSV", "what goes with a text that is CSV, no schema says"),
    (422, "invalid_input", r"(?s)(.*\.)?(metadata|headers|secrets|gateway)\..*", r"control characters", "OpenAPI 3.0 has no schema for names"),
    (422, "invalid_input", r"metadata", r"JSON object", "a form's field is a text"),
    (422, "invalid_input", r"number", r"invisible", "the list of invisible characters is long"),
    (422, "invalid_input", r"items", r"together", "a sum over all the lines"),
    (422, "invalid_input", r"credits", r".", "how much a merchant can hold depends on what it has"),
    (422, "invalid_input", r"merchant_id", r"no such merchant", "whether there is one"),
    (422, "invalid_input", r"order_id", r"no order of yours", "whether there is one"),
    (422, "invalid_input", r"to", r"no key of yours", "whether there is one"),
    (422, "invalid_input", r"gateway(\..*)?|secrets(\..*)?|account_sid|auth_token|carrier|body|url|events.*|origin", r".", "what one carrier needs and the other has not; URLs and templates are languages of their own"),
    (422, "unknown_field", r".*", r"is no column", "a text that is CSV has columns, which no schema names"),
    (422, "invalid_input", r"from", r"longer than", "what a gateway takes is its own, and to describe a limit anew would be a break of /v1"),
    (422, "invalid_input", r"note|reason", r"control characters", "that these are one line, their descriptions say in words: a pattern would be a break of /v1"),
    (422, "cannot_be_drawn", None, None, "which characters the fonts of this machine have"),
    (422, "bad_template", r".*", r".", "a template is a language of its own"),
    (422, "not_a_pdf", r"invoice", r".", "what a PDF is, a schema cannot say"),
    (422, "empty_file", r"invoice", r".", "nor that a file is not empty"),
    (422, "bad_logo", None, None, "what a picture is, a schema cannot say"),
    (422, "opted_out", None, None, "what a buyer wants"),
    (422, "invalid_input", r"rates.*", None, "the prefixes of a map, and what each costs, no schema of the generator's tells"),
    (422, "invalid_input", r"pack", None, "which packs are sold, only the operator's settings know"),
    (422, "no_phone_number", None, None, "what is left after an erasure"),
    (422, "idempotency_key_reused", None, None, "what was sent before"),
    (400, "malformed_request", None, r"Give (either )?kind", "one of several fields has to be there"),
]


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """From another address each time: whoever sends wrong keys from one is slowed, which is no matter of schemas."""
    case.headers = case.headers or {}
    case.headers["X-Forwarded-For"] = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(256)}"


ACCEPTED = {401, 402, 403, 404, 408, 409, 410, 413, 429, 503}


def known(response):
    """Why a schema cannot tell that this was refused, or nothing."""
    try:
        problem = response.json()
    except ValueError:
        return None
    told = problem.get("errors") or [{"field": None, "reason": problem.get("detail", "")}]
    whys = []
    for error in told:
        why = None
        for status, code, field, reason, because in KNOWN:
            if (
                status == response.status_code
                and code == problem.get("code")
                and (field is None or error["field"] is None or re.fullmatch(field, error["field"]))
                and (reason is None or re.search(reason, error["reason"]))
            ):
                why = because
                break
        if why is None:
            return None
        whys.append(why)
    return whys


@schemathesis.check
def what_is_described_is_accepted(ctx, response, case):
    """The place of `positive_data_acceptance`, which knows statuses and no reasons."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive:
        return None
    if response.status_code < 400 or response.status_code in ACCEPTED:
        return None
    assert response.status_code < 500, f"{response.status_code}"
    assert known(response), f"refused although it is as described: {response.status_code} {response.text[:500]}"
    return None


# How often it may be too busy, for a machine that does other things beside.
MOST_BUSY = 50
busy = 0


@schemathesis.check
def who_is_too_busy_says_when_to_come_again(ctx, response, case):
    """A 503 is no fault, unless it is what is answered all the time."""
    global busy
    if response.status_code == 503:
        busy += 1
        assert "retry-after" in response.headers, "503 without Retry-After"
        assert busy <= MOST_BUSY, f"503 for the {busy}th time: {response.text[:200]}"
    return None


@schemathesis.check
def no_answer_has_a_null(ctx, response, case):
    """Absent means absent."""
    if response.headers.get("content-type", [""])[0].startswith("application/json"):
        def look(value, at):
            assert value is not None, f"{at} is null"
            if isinstance(value, dict):
                for name, field in value.items():
                    look(field, f"{at}.{name}")
            if isinstance(value, list):
                for item in value:
                    look(item, f"{at}[]")

        if response.content:
            look(response.json(), "")
    return None

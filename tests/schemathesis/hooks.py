"""What no schema can say: a key stands for one request, so each request gets its own; and the providers
that a request may name are the operator's."""

import uuid

import exercised  # noqa: F401: what it registers
import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers or {}
    if "Idempotency-Key" in headers and headers["Idempotency-Key"]:
        headers["Idempotency-Key"] = str(uuid.uuid4())
    body = case.body
    if isinstance(body, dict) and case.path.endswith("/stream-chat"):
        if isinstance(body.get("clientMessageId"), str):
            body["clientMessageId"] = str(uuid.uuid4())
        if isinstance(body.get("provider"), str):
            del body["provider"]

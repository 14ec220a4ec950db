"""What no schema can say: a key stands for one request, so each request that is meant to be taken gets its own."""

import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers or {}
    if "Idempotency-Key" in headers and headers["Idempotency-Key"]:
        headers["Idempotency-Key"] = str(uuid.uuid4())
    body = case.body
    if isinstance(body, dict) and isinstance(body.get("clientMessageId"), str) and case.path.endswith("/stream-chat"):
        body["clientMessageId"] = str(uuid.uuid4())

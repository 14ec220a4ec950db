"""What the checks on other users' things had to look at. A check that never met anything has shown nothing, and does not
say so: a run in which one of these met less than it should fails."""

import collections
import functools
import os

import schemathesis
from schemathesis.specs.openapi import checks
from schemathesis.wfc.escalation import EscalatingAuthProvider

# What one user has read and the other then asked for. Answers that do not have the id in them that they were asked by
# cannot be told apart by schemathesis: `tests/api/auth/matrix.rs` has those.
READ_BY_OTHERS = {"GET /sessions/{id}"}
# So many operations at least were asked again without a token and with a wrong one.
ASKED_WITHOUT_A_TOKEN = 15
# So often at least something was asked for after it had been deleted.
ASKED_AFTER_DELETION = 5

met = collections.defaultdict(set)
deleted = set()


def noting(method, note):
    @functools.wraps(method)
    def noted(*arguments):
        result = method(*arguments)
        note(result, *arguments)
        return result

    return noted


def note_claim(claimed, _provider, key):
    if claimed and key[0] == "read":
        met["object_level_authorization"].add((key[1], key[3]))


def note_wrong_token(_result, case, _parameter):
    met["ignored_auth"].add(case.operation.label)


EscalatingAuthProvider.claim_probe = noting(EscalatingAuthProvider.claim_probe, note_claim)
checks.set_auth_for_case = noting(checks.set_auth_for_case, note_wrong_token)


@schemathesis.hook
def after_call(context, case, response):
    path = case.formatted_path
    if case.method == "DELETE" and 200 <= response.status_code < 300 and "{id}" in case.path:
        deleted.add(path)
    if case.method == "GET" and any(path == gone or path.startswith(f"{gone}/") for gone in deleted):
        met["use_after_free"].add((path, case.id))


@schemathesis.check
class checks_on_other_users_things_met_some:
    def after_run(self, context):
        for name, found in sorted(met.items()):
            print(f"{name}: {len(found)}, {sorted(found)[:3]} …")
        # Whoever asks for a part of it gets a part of it.
        if os.environ.get("WHOLE_RUN") != "yes":
            return
        for name in ("object_level_authorization", "ignored_auth", "use_after_free"):
            assert context.config.get_by_name(name=name).enabled, f"{name} is switched off"
        unread = READ_BY_OTHERS - {operation for operation, user in met["object_level_authorization"] if user == "ben"}
        assert not unread, f"no other user asked for {sorted(unread)}"
        asked = len(met["ignored_auth"])
        assert asked >= ASKED_WITHOUT_A_TOKEN, f"only {asked} operations were asked with a wrong token"
        asked = len(met["use_after_free"])
        assert asked >= ASKED_AFTER_DELETION, f"only {asked} requests were for something deleted"

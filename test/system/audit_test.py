#!/usr/bin/env python3
"""The audit trail of a running server: audit_test.py --build DIR"""
import argparse
import json
import os
import signal
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from control import ask  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

ANSWERING = """
<Validator picky>
    Module answer_module
    Answer 550 5.1.1 "Unknown user"
</Validator>
"""
BOUND = "<On RCPT>\nValidate picky mode=off\n</On>"


def trail(server, query=""):
    return ask(server, "GET", "/api/v1/audit" + query, wanted=200).document


def told(server):
    return [(one["action"], one["target"], one["before"], one["after"]) for one in trail(server)["items"]]


def changes_are_told(build):
    with Edged(build, listener=BOUND, more=ANSWERING) as server:
        expect("at first", {**trail(server), "as_of": None}, {"items": [], "matched": 0, "next_cursor": None, "as_of": None})
        server.ctl("bans", "add", "192.0.2.1", "--for", "1h")
        server.ctl("bans", "lift", "192.0.2.1")
        server.ctl("validators", "mode", "picky", "mx", "RCPT", "shadow")
        expect("the newest first", told(server), [
            ("setting.change", "validator.picky.mx.RCPT.mode", "off", "shadow"),
            ("ban.lift", "192.0.2.1", None, None), ("ban.add", "192.0.2.1", None, "1h")])
        last = trail(server, "?limit=1")["items"][0]
        expect("who", (last["who"], last["role"], last["from"], last["result"]), ("uid %d" % os.geteuid(), "admin", "local", "done"))
        # What was refused has changed nothing.
        ask(server, "DELETE", "/api/v1/bans/192.0.2.9", wanted=404)
        ask(server, "PATCH", "/api/v1/validators/picky/bindings/mx/DATA?mode=off", wanted=404)
        expect("refusals are not told", len(told(server)), 3)
        page = trail(server, "?limit=2&action=ban.*")
        expect("a choice", [one["action"] for one in page["items"]], ["ban.lift", "ban.add"])
        first = trail(server, "?limit=2")
        rest = trail(server, "?limit=2&cursor=" + first["next_cursor"])
        expect("the next page", [one["action"] for one in rest["items"]], ["ban.add"])
        expect("counts", (first["matched"], rest["matched"], rest["next_cursor"]), (3, 3, None))
        expect("a bad cursor", ask(server, "GET", "/api/v1/audit?cursor=x", wanted=422).code, "bad-cursor")


def writers(server, path):
    """Descriptors of the server's processes on that file."""
    found = []
    for pid in [server.parent(), *server.children()]:
        for descriptor in os.listdir("/proc/%d/fd" % pid):
            try:
                found += [descriptor] * (os.readlink("/proc/%d/fd/%s" % (pid, descriptor)) == path)
            except OSError:
                pass  # closed meanwhile
    return found


def outlives_reload_and_rotation(build):
    with Edged(build, more="<Admin>\nAuditLog trail/changes.json\n</Admin>") as server:
        path = os.path.join(server.root, "trail", "changes.json")
        server.ctl("bans", "add", "192.0.2.1")
        expect("nobody else reads it", stat.S_IMODE(os.stat(path).st_mode) & 0o027, 0)
        server.reload()
        server.ctl("bans", "add", "192.0.2.2")
        expect("both generations", [one[1] for one in told(server)], ["192.0.2.2", "192.0.2.1"])
        os.rename(path, path + ".1")
        server.signal(signal.SIGUSR1)
        wait_for("a new file", lambda: os.path.exists(path) and not writers(server, path + ".1"))
        server.ctl("bans", "add", "192.0.2.3")
        expect("the new file", [one[1] for one in told(server)], ["192.0.2.3"])
        with open(path + ".1", encoding="utf-8") as old:
            expect("the old one stays", [json.loads(line)["target"] for line in old], ["192.0.2.1", "192.0.2.2"])


def may_be_switched_off(build):
    with Edged(build, more="<Admin>\nAuditLog none\n</Admin>") as server:
        server.ctl("bans", "add", "192.0.2.1")
        expect("no trail", trail(server)["items"], [])
        holds("no file", not os.path.exists(os.path.join(server.root, "logs", "audit.json")))


def must_be_kept_where_it_is_asked_for(build):
    server = Edged(build, more="<Admin>\nAuditLog /proc/audit.json\n</Admin>")
    try:
        said = server.start_refused()
        holds("it says so: %s" % said, "cannot open AuditLog /proc/audit.json" in said)
    finally:
        server.kill()
        server.remove()


def main():
    parser = argparse.ArgumentParser()
    add_common_arguments(parser)
    options = parser.parse_args()
    report = Report("audit")
    for case in (changes_are_told, outlives_reload_and_rotation, may_be_switched_off, must_be_kept_where_it_is_asked_for):
        report.run(case.__name__, lambda case=case: case(options.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Every row of reply_texts.def and close_reasons.def occurs in some dialogue script, but for those named here."""
import glob
import os
import re
import sys

from script import Script, reply_rows, row_pattern

HERE = os.path.dirname(os.path.abspath(__file__))
TABLES = os.path.join(HERE, "..", "..", "include", "tbl")

# name -> why no script can show it
REPLIES_EXEMPT = {
    "AUTH_TROUBLE": "needs a store in trouble, or more hashing than there are threads: test/system shows it",
    "KICKED": "an operator says it, by the API: test/system/sessions_test.py shows it",
    "MESSAGE_OK": "only validators see it: the queue's answer replaces it",
    "QUEUE_DOWN": "needs a file system that fails: test/crash shows it with a read-only one",
    "UNHANDLED": "nothing fails unexpectedly on demand; the dialogue machine's unit test shows it",
}
REASONS_EXEMPT = {
    "kicked": "by an operator, through the API: test/system/sessions_test.py shows it",
    "connect_failed": "of connections to next hops, which have no session: test/system/relay_test.py shows it",
    "internal": "nothing fails unexpectedly on demand",
    "no_memory": "memory does not run out on demand",
    "slow": "its window is a minute: test/unit/smtp_edge/smtp_deadline_test.c shows it with a clock of its own",
}


def walk(steps):
    for step in steps:
        yield step
        if step.block and step.word in ("together", "client", "one"):
            yield from walk(step.block)


def main():
    rows = reply_rows(os.path.join(TABLES, "reply_texts.def"))
    with open(os.path.join(TABLES, "close_reasons.def"), encoding="utf-8") as table:
        reasons = re.findall(r'^EDGE_CLOSE\(\w+, "(\w+)"', table.read(), re.M)
    shown, ended, troubles = set(), set(), []
    for path in sorted(glob.glob(os.path.join(HERE, "*.smtp"))):
        claimed = None
        for step in walk(Script(path).steps):
            if step.word == "row":
                claimed = step.rest
                if claimed not in rows:
                    troubles.append("%s:%d: no row %s" % (path, step.number, claimed))
                    claimed = None
            elif step.word == "S:" and claimed:
                if row_pattern(rows[claimed]).match(step.rest):
                    shown.add(claimed)
                else:
                    troubles.append("%s:%d: not the reply of row %s" % (path, step.number, claimed))
                claimed = None
            elif step.word == "log" and step.rest.startswith("session "):
                ended.update(re.findall(r"\bend=(\w+)", step.rest))
    troubles += ["reply row %s is in no script" % name for name in rows if name not in shown and name not in REPLIES_EXEMPT]
    troubles += ["close reason %s is in no script" % name for name in reasons if name not in ended and name not in REASONS_EXEMPT]
    troubles += ["%s is exempt but no row" % name for name in REPLIES_EXEMPT if name not in rows]
    troubles += ["%s is exempt but no reason" % name for name in REASONS_EXEMPT if name not in reasons]
    for trouble in troubles:
        print(trouble)
    print("check_rows: %d reply rows and %d close reasons shown, %d and %d exempt, %d missing" % (
        len(shown), len(ended), len(REPLIES_EXEMPT), len(REASONS_EXEMPT), len(troubles)))
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Validators as an operator sees and switches them: validators_test.py --build DIR"""
import argparse
import json
import os
import re
import smtplib
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

OK, ERROR, USAGE, NOT_FOUND = range(4)
MORE = """
<Validator picky>
    Module answer_module
    Answer 550 5.1.1 "Unknown user"
    Only nobody@server.example
</Validator>
<Validator later>
    Module answer_module
    Answer 450 4.7.1 "Come again"
    Only grey@server.example
</Validator>
"""
LISTENER = """
MaxErrors 100000
<On MAIL>
    Validate later mode=off
</On>
<On RCPT>
    Validate picky mode=shadow
    Validate later
</On>
"""


def run(server, *arguments, code=OK):
    done = server.ctl(*arguments, check=False)
    expect("exit status of edgectl %s (%s)" % (" ".join(arguments), done.stderr.decode("utf-8", "replace").strip()), done.returncode, code)
    return done.stdout.decode()


def binding(server, validator, command):
    for item in json.loads(run(server, "-o", "json", "validators")):
        for one in item["bindings"]:
            if (item["name"], one["command"]) == (validator, command):
                return one
    return None


def line_of(server, text):
    with open(server.conf_path, encoding="ascii") as conf:
        return [number for number, line in enumerate(conf, 1) if text in line][0]


def shows_what_is_bound(build):
    with Edged(build, listener=LISTENER, more=MORE) as server:
        said = subprocess.run(server.edged("-S"), capture_output=True, text=True, check=True).stdout
        matrix = said[said.index("Validators of mx"):].splitlines()
        holds("the commands:\n" + "\n".join(matrix), re.search(r"^ +MAIL +RCPT *$", matrix[1]))
        holds("order and mode:\n" + "\n".join(matrix), re.search(r"^ +picky +- +1 shadow +.*edge\.conf:%d$" % line_of(server, "<Validator picky"), matrix[2]))
        holds("of both:\n" + "\n".join(matrix), re.search(r"^ +later +1 off +2 enforce +", matrix[3]))
        one = binding(server, "picky", "RCPT")
        expect("a binding", (one["listener"], one["order"], one["mode"], one["written"], one["check"]), ("mx", 1, "shadow", "shadow", "answer"))
        expect("where it stands", (os.path.basename(one["file"]), one["line"]), ("edge.conf", line_of(server, "Validate picky")))
        table = run(server, "validators").splitlines()
        holds("the table:\n" + "\n".join(table), re.search(r"^picky +mx +RCPT +1 +shadow +0 +0 +0 +0 +0 +.*edge\.conf:%d$" % one["line"], table[1]))


def switches_and_goes_back(build):
    with Edged(build, listener=LISTENER, more=MORE) as server:
        run(server, "validators", "mode", "picky", "mx", "RCPT", "enforce")
        expect("it holds", binding(server, "picky", "RCPT")["mode"], "enforce")
        holds("the table says what is written", "enforce (shadow)" in run(server, "validators"))
        expect("the other is as it was", binding(server, "later", "RCPT")["mode"], "enforce")
        run(server, "validators", "mode", "picky", "mx", "RCPT", "written")
        expect("back", binding(server, "picky", "RCPT")["mode"], "shadow")
        run(server, "validators", "mode", "picky", "mx", "RCPT", "off")
        server.reload()
        expect("a reload keeps it", binding(server, "picky", "RCPT")["mode"], "off")
        server.blocks["listener"] = server.blocks["listener"].replace("mode=shadow", "mode=enforce")
        server.reload()
        expect("what is written anew wins", binding(server, "picky", "RCPT")["mode"], "enforce")
        run(server, "validators", "mode", "picky", "mx", "MAIL", "off", code=NOT_FOUND)
        run(server, "validators", "mode", "picky", "mx", "NOSUCH", "off", code=NOT_FOUND)
        run(server, "validators", "mode", "nobody", "mx", "RCPT", "off", code=NOT_FOUND)
        run(server, "validators", "mode", "picky", "mx", "RCPT", "maybe", code=ERROR)
        run(server, "validators", "mode", "picky", "mx", "RCPT", code=USAGE)


def tells_what_one_came_to(build):
    with Edged(build, listener=LISTENER, more=MORE) as server:
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=30) as client:
            client.ehlo()
            client.mail("a@client.example")
            expect("told", [client.rcpt(name + "@server.example")[0] for name in ("nobody", "grey", "other")], [250, 450, 250])
        stats = json.loads(run(server, "-o", "json", "validators", "stats", "later"))
        expect("commands", [(one["command"], one["skipped"]) for one in stats["commands"]], [("MAIL", 1), ("RCPT", 0)])
        rcpt = stats["commands"][1]["results"]
        expect("answers", (rcpt["enforce"]["pass"], rcpt["enforce"]["tempfail"], sum(rcpt["shadow"].values())), (2, 1, 0))
        duration = stats["duration"]
        expect("times", (duration["count"], sum(bucket["count"] for bucket in duration["buckets"])), (3, 3))
        bounds = [bucket["most"] for bucket in duration["buckets"]]
        expect("bounds", (bounds[-1], bounds[:-1]), (None, sorted(bounds[:-1])))
        table = run(server, "validators", "stats", "picky")
        holds("the table:\n" + table, re.search(r"^RCPT +shadow +2 +0 +0 +1 +0 +0$", table, re.M))
        holds("what differed:\n" + table, "RCPT: not asked 0 times, shadow differed 1 times" in table)
        holds("the time:\n" + table, "Time: 3 answers took " in table)
        run(server, "validators", "stats", "nobody", code=NOT_FOUND)
        run(server, "validators", "stats", code=USAGE)


class Load(threading.Thread):
    """One client that names the same recipient again and again, and counts what it is told."""

    def __init__(self, server, stop):
        super().__init__()
        self.server, self.stop, self.codes = server, stop, {}

    def run(self):
        with smtplib.SMTP("127.0.0.1", self.server.port, "client.example", timeout=30) as client:
            client.ehlo()
            while not self.stop.is_set():
                client.mail("a@client.example")
                for _ in range(20):
                    code = client.rcpt("nobody@server.example")[0]
                    self.codes[code] = self.codes.get(code, 0) + 1
                client.rset()


def switched_under_load(build):
    """Every answer is one of the two that there are, and the counters know each of them."""
    with Edged(build, listener=LISTENER, more=MORE) as server:
        stop = threading.Event()
        clients = [Load(server, stop) for _ in range(4)]
        for client in clients:
            client.start()
        for number in range(60):
            run(server, "validators", "mode", "picky", "mx", "RCPT", ("enforce", "shadow", "off")[number % 3])
        stop.set()
        for client in clients:
            client.join()
        told = {}
        for client in clients:
            for code, count in client.codes.items():
                told[code] = told.get(code, 0) + count
        expect("the answers", sorted(told), [250, 550])
        one = binding(server, "picky", "RCPT")
        expect("refusals counted", one["results"]["enforce"]["reject"], told[550])
        expect("what was let pass", one["results"]["shadow"]["reject"] + one["skipped"], told[250])
        holds("each mode was met", one["results"]["shadow"]["reject"] > 0 and one["skipped"] > 0)
        expect("differences", one["differences"], one["results"]["shadow"]["reject"])
        def logged():
            return [line for line in server.transactions() if line["type"] == "rejection"]
        wait_for("lines of the log", lambda: len([x for x in logged() if x["mode"] == "enforce"]) >= told[550])
        lines = logged()
        expect("lines of the log", len([x for x in lines if x["mode"] == "enforce"]), told[550])
        expect("references", len({line["reference"] for line in lines}), len(lines))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "26300-26399")
    report = Report("validators")
    for case in (shows_what_is_bound, switches_and_goes_back, tells_what_one_came_to, switched_under_load):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

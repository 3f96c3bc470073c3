#!/usr/bin/env python3
"""How `./quickstart test` ends: its count, its exit status, what it names. quickstart_test.py --build DIR

A copy of quickstart runs in a tree where everything it calls is a stand-in that says what the case wants: packages are
installed, builds succeed, and test/check.sh prints a count. Nothing is built and no server runs.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import DEADLINE, Report, add_common_arguments, expect, holds  # noqa: E402 pylint: disable=wrong-import-position

SOURCE = pathlib.Path(__file__).resolve().parents[2]
STAND_INS = {
    "dpkg-query": "echo 'install ok installed'",
    "npm": ":", "smtp-source": ":", "promtool": ":", "prometheus": ":",
    "clang-format": ":",
    "make": "case \"$*\" in *check-format*) echo '1 passed, 0 failed' ;; esac",
}
ALL_GOOD = "echo '3 passed, 0 failed'"


def script(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n%s\n" % body)
    path.chmod(0o755)


def run(check):
    """Runs a copy of quickstart whose test/check.sh does `check`; returns its exit status and its lines."""
    with tempfile.TemporaryDirectory(prefix="edge-quickstart-") as folder:
        tree = pathlib.Path(folder)
        shutil.copy(SOURCE / "quickstart", tree)
        script(tree / "configure", ":")
        script(tree / "test" / "check.sh", check)
        for name, body in STAND_INS.items():
            script(tree / "path" / name, body)
        (tree / "tmp").mkdir()
        environment = {"PATH": "%s:/usr/bin:/bin" % (tree / "path"), "TMPDIR": str(tree / "tmp")}
        done = subprocess.run([str(tree / "quickstart"), "test"], capture_output=True, text=True, env=environment, timeout=DEADLINE * 3,
                              check=False, stdin=subprocess.DEVNULL)
        expect("what it leaves in TMPDIR", sorted(os.listdir(tree / "tmp")), [])
    return done.returncode, (done.stdout + done.stderr).splitlines()


def all_pass(_build):
    status, lines = run(ALL_GOOD)
    expect("last line", lines[-1], "10 passed, 0 failed")
    expect("exit status", status, 0)


def one_fails(_build):
    status, lines = run("echo 'FAILED unit/one (exit 1):'; echo '2 passed, 1 failed'; exit 1")
    expect("last line", lines[-1], "7 passed, 3 failed")
    holds("the failure is named at the end: %r" % lines[-8:], "tests: FAILED unit/one (exit 1):" in lines[-5:])
    expect("exit status", status, 1)


def one_sanitizer_fails(_build):
    status, lines = run("[ \"${EDGE_SANITIZERS-}\" != thread ] || { echo 'FAILED race'; echo '2 passed, 1 failed'; exit 1; }; " + ALL_GOOD)
    expect("last line", lines[-1], "9 passed, 1 failed")
    holds("the failure is named at the end: %r" % lines[-8:], "tests with the thread sanitizer: FAILED race" in lines[-5:])
    expect("exit status", status, 1)


def bad_end_without_a_failure(_build):
    status, lines = run("[ -n \"${EDGE_SANITIZERS-}\" ] || { echo '3 passed, 0 failed'; exit 7; }; " + ALL_GOOD)
    expect("last line", lines[-1], "10 passed, 1 failed")
    holds("it is said: %r" % lines, "FAILED tests: exit 7" in lines)
    expect("exit status", status, 1)


def nothing_ran(_build):
    status, lines = run("[ -n \"${EDGE_SANITIZERS-}\" ] || exit 0; " + ALL_GOOD)
    expect("last line", lines[-1], "7 passed, 1 failed")
    holds("it is said: %r" % lines, "FAILED tests: no test ran" in lines)
    expect("exit status", status, 1)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    report = Report("quickstart")
    for case in (all_pass, one_fails, one_sanitizer_fails, bad_end_without_a_failure, nothing_ran):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

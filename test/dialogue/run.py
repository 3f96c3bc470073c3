#!/usr/bin/env python3
"""Runs dialogue scripts, each against an edged of its own: run.py --build DIR [--hold MODULE] [-j N] [SCRIPT...]"""
import argparse
import concurrent.futures
import glob
import os
import sys

from script import HARNESS, Script, ScriptError, reply_rows
from hop import Hops
from player import Player, TestFailure

sys.path.insert(0, HARNESS)
from edged import Edged, Report, add_common_arguments  # noqa: E402 pylint: disable=wrong-import-position
from nameserver import NameServer  # noqa: E402 pylint: disable=wrong-import-position

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "..", "..", "include", "tbl", "reply_texts.def")


def play(script, build, hold, rows):
    refused = script.steps and script.steps[0].word == "refused"
    names = None if script.names is None else NameServer(script.names)
    hops = Hops(script.hops)
    configuration = {key: hops.filled(text) for key, text in script.configuration.items()}
    server = Edged(build, hold=hold, name=script.name, users=script.users, files=script.files,
                   names=names and names.port, **configuration)
    player = Player(server, rows, relaxed=hold is not None, names=names, hops=hops, parts=script.parts)
    good = False
    try:
        if refused:
            said = server.start_refused()
            for step in script.steps:
                if step.word != "refused" or player_text(step) not in said:
                    raise TestFailure("%s\nit said:\n%s" % (step, said))
        else:
            server.start()
            player.play(script.steps)
            player.close()
            server.stop(now=True)
        good = True
    except TestFailure as trouble:
        raise TestFailure("%s\nstandard error of %s:\n%s" % (trouble, server.root, server.tail(1500))) from None
    finally:
        player.close()
        server.kill()
        hops.close()
        if names:
            names.close()
        if good and not os.environ.get("EDGE_TEST_KEEP"):
            server.remove()
    return script.title


def player_text(step):
    return step.rest


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("--hold", metavar="MODULE", help="bind this test module to every phase: hold_every or blocking_every")
    arguments.add_argument("-j", type=int, default=3, help="scripts side by side (default: %(default)s)")
    arguments.add_argument("scripts", nargs="*")
    given = arguments.parse_args()
    report = Report("dialogue" + (" with " + given.hold if given.hold else ""))
    rows = reply_rows(TABLE)
    paths = given.scripts or sorted(glob.glob(os.path.join(HERE, "*.smtp")))
    with concurrent.futures.ThreadPoolExecutor(given.j) as pool:
        for path in paths:
            try:
                script = Script(path)
            except ScriptError as trouble:
                report.fail(os.path.basename(path), trouble)
                continue
            if given.hold and "plain" in script.only:
                continue
            pool.submit(report.run, script.name, lambda script=script: play(script, given.build, given.hold, rows))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What a shell completes of edgectl's command lines, and what it does in bash, zsh and fish: completion_test.py --build DIR"""
import argparse
import contextlib
import os
import pty
import select
import shutil
import signal
import smtplib
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, TestFailure, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

PATIENCE = 60  # seconds for a shell to say what it is to say

def complete(server, *words, code=0, patience="60"):
    """The words that are offered in the place of the last one."""
    server.env["EDGECTL_PATIENCE"] = patience
    done = server.ctl("complete", text="".join(word + "\n" for word in words), check=False)
    expect("exit status", done.returncode, code)
    return [line.partition("\t")[0] for line in done.stdout.decode().splitlines()]


def what_the_rows_know(build):
    with Edged(build, name="completion") as server:
        holds("commands", {"sessions", "queue", "reload", "help"} <= set(complete(server, "")))
        expect("begun", complete(server, "overr"), ["overrides"])
        holds("of a group", {"reload", "list"} <= set(complete(server, "tls", "")) and "queue" not in complete(server, "tls", ""))
        expect("flags", complete(server, "sessions", "kick", "--"), ["--reason", "--now"])
        expect("of a flag", complete(server, "sessions", "--state", ""), ["live", "closed"])
        expect("of an argument", complete(server, "completion", ""), ["bash", "zsh", "fish"])
        expect("options", complete(server, "--u"), ["--url"])
        expect("behind options", complete(server, "-o", "json", "tls", "l"), ["list"])
        expect("behind help", complete(server, "queue", "--help", ""), [])
        expect("of nothing", complete(server, "frobnicate", ""), [])
        expect("an open option", complete(server, "-f", ""), [])
        expect("no word at all", complete(server), complete(server, ""))
        expect("more than a line may have", complete(server, *["x" * 100] * 1000), [])


def names_of_the_server(build):
    with Edged(build, name="completion") as server, contextlib.closing(smtplib.SMTP("127.0.0.1", server.port, timeout=30)) as client:
        client.ehlo("client.example.com")
        expect("listeners", complete(server, "listeners", "pause", ""), ["mx"])
        expect("of a flag", complete(server, "sessions", "list", "--listener", "m"), ["mx"])
        session = wait_for("a session", lambda: complete(server, "sessions", "show", ""))
        expect("the next one too", complete(server, "sessions", "kick", session[0], session[0][:8]), session)
        expect("settings", complete(server, "config", "get", "listener.mx.ban"), ["listener.mx.banner"])
        expect("none was changed", complete(server, "config", "revert", ""), [])
        server.ctl("banner", "mx", "hello", "--reason", "a test")
        expect("one was", complete(server, "config", "revert", ""), ["listener.mx.banner"])
        server.ctl("bans", "add", "2001:db8::/64")
        expect("bans", complete(server, "bans", "lift", "2001:"), ["2001:db8::/64"])
        client.sendmail("a@client.example.com", ["b@server.example.com"], "Subject: x\r\n\r\nx\r\n")
        expect("messages", len(complete(server, "queue", "show", "")), 1)
        holds("queues", complete(server, "queue", "list", "--queue", ""))


def without_a_server(build):
    with Edged(build, name="completion") as server:
        child = server.children()[-1]
        os.kill(child, signal.SIGSTOP)
        try:
            expect("of one that hangs", complete(server, "listeners", "pause", "", code=5, patience="1"), [])
        finally:
            os.kill(child, signal.SIGCONT)
        server.stop()
        expect("names", complete(server, "listeners", "pause", ""), [])
        expect("rows", complete(server, "tls", "rel"), ["reload"])
        with open(server.conf_path, "w", encoding="ascii") as conf:
            conf.write("Nonsense\n")
        expect("and a broken configuration", complete(server, "listeners", "pause", ""), [])


def environment(server):
    """In which edgectl is the one that speaks to this server."""
    path = os.path.join(server.root, "path")
    os.makedirs(path)
    with open(os.path.join(path, "edgectl"), "w", encoding="utf-8") as script:
        script.write("#!/bin/sh\nexec '%s' -f '%s' -d '%s' \"$@\"\n" % (os.path.join(server.build, "bin", "edgectl"), server.conf_path, server.root))
    os.chmod(os.path.join(path, "edgectl"), 0o755)
    return {**server.env, "PATH": path + os.pathsep + os.environ["PATH"], "HOME": path, "ZDOTDIR": path, "TERM": "dumb",
            "LC_ALL": "C.UTF-8", "EDGECTL_PATIENCE": "60"}


@contextlib.contextmanager
def shell_of(server, *argv):
    """A shell on a terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=environment(server), cwd=server.root, start_new_session=True) as shell:
        os.close(slave)
        try:
            yield Typist(master)
        finally:
            shell.kill()
            os.close(master)


class Typist:
    """Types, and waits for what is to be seen."""

    def __init__(self, terminal):
        self.terminal = terminal
        self.seen = b""

    def types(self, text, wanted):
        self.seen = b""
        os.write(self.terminal, text.encode())
        end = time.monotonic() + PATIENCE
        while wanted.encode() not in self.seen:
            if not select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise TestFailure("typed %r, wanted to see %r, saw %r" % (text, wanted, self.seen))
            self.seen += os.read(self.terminal, 65536)


def on_a_terminal(build, setup, *argv):
    with Edged(build, name="completion") as server:
        server.ctl("bans", "add", "2001:db8::/64")
        with shell_of(server, *argv) as typist:
            # What is echoed has not yet been done: the mark is written otherwise than it is shown.
            typist.types(setup + "; echo re''ady\n", "ready")
            typist.types("edgectl overr\t", "overrides")
            typist.types("\x15edgectl listeners pau\t", "pause")
            typist.types("m\t", "mx")
            typist.types("\x15edgectl bans lift 2001:d\t", "2001:db8::/64")
            typist.types("\x15echo do''ne\n", "done")


def in_bash(build):
    on_a_terminal(build, "source <(edgectl completion bash)", "bash", "--norc", "--noprofile", "-i")


def in_zsh(build):
    on_a_terminal(build, "autoload -U compinit; compinit -u -D; source <(edgectl completion zsh)", "zsh", "-f", "-i")


def in_fish(build):
    with Edged(build, name="completion") as server:
        with open(os.path.join(server.root, "completion.fish"), "wb") as script:
            script.write(server.ctl("completion", "fish").stdout)
        env = environment(server)
        for line, wanted in (("edgectl overr", "overrides"), ("edgectl listeners pause ", "mx"), ("edgectl tls rel", "reload")):
            done = subprocess.run(["fish", "--no-config", "-c", "source %s/completion.fish; complete -C '%s'" % (server.root, line)],
                                  env=env, capture_output=True, timeout=120, check=False)
            expect(line + done.stderr.decode(), [each.partition("\t")[0] for each in done.stdout.decode().splitlines()], [wanted])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "28000-28099")
    report = Report("completion")
    for case in (what_the_rows_know, names_of_the_server, without_a_server, in_bash, in_zsh, in_fish):
        shell = case.__name__.partition("in_")[2]
        if given.cases and case.__name__ not in given.cases:
            continue
        if shell and not shutil.which(shell):
            report.skip(case.__name__, "there is no " + shell)
        else:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""edgectl token, without a server and beside one: token_test.py --build DIR"""
import argparse
import contextlib
import hashlib
import http.client
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import DEADLINE, Edged, Report, TestFailure, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

NOBODY = 65534
OK, ERROR, USAGE, NOT_FOUND = range(4)
FORM = re.compile(r"^edge_(submit|read|operate|admin)_[a-z2-7]{26}$")


class Tool:
    """edgectl with a configuration that says where tokens are; no server."""

    def __init__(self, build, root, conf="<Admin>\n    TokenFile secrets/tokens\n</Admin>\n"):
        self.program, self.root = os.path.join(build, "bin", "edgectl"), root
        self.conf, self.file = os.path.join(root, "edge.conf"), os.path.join(root, "secrets", "tokens")
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(conf)

    def run(self, *arguments, code=OK):
        """What it says on both outputs."""
        done = subprocess.run([self.program, "-f", self.conf, "-d", self.root, "token", *arguments],
                              capture_output=True, text=True, timeout=DEADLINE, check=False)
        if done.returncode != code:
            raise TestFailure("token %s: exit status %d, wanted %d\n%s%s" % (" ".join(arguments), done.returncode, code, done.stdout, done.stderr))
        return done.stdout, done.stderr

    def create(self, role, name, *more):
        return self.run("create", "--role", role, "--name", name, *more)[0].splitlines()[-1]

    def rows(self):
        return json.loads(self.run("list", "-o", "json")[0])

    def text(self):
        with open(self.file, encoding="ascii", newline="") as tokens:
            return tokens.read()

    def put(self, text, mode=0o640):
        os.makedirs(os.path.dirname(self.file), exist_ok=True)
        with open(self.file, "w", encoding="ascii", newline="") as out:
            out.write(text)
        os.chmod(self.file, mode)


@contextlib.contextmanager
def tool_of(build, **more):
    with tempfile.TemporaryDirectory(prefix="edgectl-token-") as root:
        yield Tool(build, root, **more)


def makes_and_lists(build):
    with tool_of(build) as tool:
        made = {role: tool.create(role, "the-" + role) for role in ("submit", "read", "operate", "admin")}
        for role, token in made.items():
            holds("the form of %s" % token, FORM.match(token) and token.startswith("edge_%s_" % role))
            holds("its hash is kept", hashlib.sha256(token.encode()).hexdigest() in tool.text())
            holds("the token is not", token not in tool.text())
        expect("mode of a new file is not for everybody", stat.S_IMODE(os.stat(tool.file).st_mode) & 0o137, 0)
        expect("rows", [(x["name"], x["role"], x["expires"], x["last_used"], x["source"]) for x in tool.rows()],
               [("the-" + role, role, None, None, None) for role in made])
        table = tool.run("list")[0].splitlines()
        expect("the table's head", table[0].split(), "NAME ROLE CREATED EXPIRES IN FROM LAST USED".split())
        expect("lines", len(table), 5)
        expect("jsonl", [json.loads(x)["name"] for x in tool.run("list", "-o", "jsonl")[0].splitlines()], ["the-" + role for role in made])
        shown = json.loads(tool.run("create", "--role", "read", "--name", "json", "-o", "json")[0])
        holds("the token in JSON", shown["name"] == "json" and FORM.match(shown["token"]))


def limits_of_a_token(build):
    with tool_of(build) as tool:
        tool.create("read", "a", "--expires", "90d", "--from", "192.0.2.0/24")
        tool.create("read", "b", "--expires=2099-01-31", "--from=2001:db8::7")
        tool.create("read", "c", "--expires", "2099-01-31T12:00:00+02:00")
        tool.create("read", "d", "--expires", "never")
        rows = {x["name"]: x for x in tool.rows()}
        expect("networks", [rows[x]["source"] for x in "abcd"], ["192.0.2.0/24", "2001:db8::7", None, None])
        expect("ends", [rows[x]["expires"] for x in "bcd"], ["2099-01-31T00:00:00.000000Z", "2099-01-31T10:00:00.000000Z", None])
        holds("in 90 days", re.search(r"^a .* (89d 23h|90d 0h) ", tool.run("list")[0], re.M))


def refusals(build):
    with tool_of(build) as tool:
        token = tool.create("read", "ann")
        before = tool.text()
        for wrong in ([], ["--role", "read"], ["--name", "x"], ["--role", "root", "--name", "x"], ["--role", "Read", "--name", "x"],
                      ["--role", "read", "--name", "a b"], ["--role", "read", "--name", ""], ["--role", "read", "--name", "-x"],
                      ["--role", "read", "--name", "x" * 65], ["--role", "read", "--name", "x", "--expires", "1"],
                      ["--role", "read", "--name", "x", "--expires", "0d"], ["--role", "read", "--name", "x", "--expires", "-1d"],
                      ["--role", "read", "--name", "x", "--expires", "2001-01-01"], ["--role", "read", "--name", "x", "--expires", "101y"],
                      ["--role", "read", "--name", "x", "--from", "192.0.2.0/33"], ["--role", "read", "--name", "x", "--from", "host"],
                      ["--role", "read", "--name", "x", "surplus"], ["--roll", "read", "--name", "x"]):
            tool.run("create", *wrong, code=USAGE)
        said = tool.run("create", "--role", "admin", "--name", "ANN", code=ERROR)[1]
        holds("a name is taken: " + said, "there is a token ANN already" in said)
        tool.run("revoke", "bob", code=NOT_FOUND)
        tool.run("revoke", code=USAGE)
        expect("nothing came of these", tool.text(), before)
        expect("revoked", tool.run("revoke", "Ann")[0], "ann revoked\n")
        expect("no line is left", (tool.rows(), token), ([], token))


def other_lines_stay(build):
    with tool_of(build) as tool:
        tool.put("# ours\r\n\nold read %064x from=10.0.0.0/8\n# the end" % 7)
        tool.create("submit", "app")
        holds("all else is as it was:\n" + tool.text(),
              tool.text().startswith("# ours\r\n\nold read %064x from=10.0.0.0/8\n# the end\napp submit " % 7))
        tool.run("revoke", "app")
        expect("and again", tool.text(), "# ours\r\n\nold read %064x from=10.0.0.0/8\n# the end\n" % 7)


def bad_files(build):
    with tool_of(build) as tool:
        expect("a file that is not there", tool.rows(), [])
        tool.run("revoke", "x", code=NOT_FOUND)
        tool.put("ann read\n")
        said = tool.run("create", "--role", "read", "--name", "x", code=ERROR)[1]
        holds("it names the line: " + said, "tokens:1: a SHA-256 that is not" in said)
        expect("and leaves it", tool.text(), "ann read\n")
        tool.put("", mode=0o644)
        holds("others may read it", "everybody can read it" in tool.run("list")[1])
    with tool_of(build, conf="ServerName mx.example.net\n") as tool:
        other = os.path.join(tool.root, "elsewhere")
        tool.run("create", "--role", "read", "--name", "x", "--file", other)
        holds("a file of one's own", os.path.getsize(other) > 64)
        tool.create("admin", "ops")
        holds("the default", os.path.exists(os.path.join(tool.root, "secrets", "admin.tokens")))


def many_at_once(build):
    with tool_of(build) as tool:
        made = []
        threads = [threading.Thread(target=lambda i=i: made.append(tool.create("submit", "app-%d" % i))) for i in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect("each has its own", len(set(made)), 20)
        expect("none was lost", sorted(x["name"] for x in tool.rows()), sorted("app-%d" % i for i in range(20)))
        expect("nothing beside the file", os.listdir(os.path.dirname(tool.file)), ["tokens"])


def followed_by_the_server(build):
    """The file is watched; a bad one is refused and the old tokens stay good."""
    with Edged(build, more="<Admin>\n    TokenFile secrets/tokens\n</Admin>") as server:
        tool = Tool(build, server.root, conf=server.configuration())
        server.write_configuration()
        tool.create("submit", "app")
        wait_for("the first token", lambda: b"tokens is read anew; tokens: 1" in server.log())
        tool.create("admin", "ops")
        wait_for("the second", lambda: b"tokens is read anew; tokens: 2" in server.log())
        good = tool.text()
        tool.put("rubbish\n")
        wait_for("the refusal", lambda: b"its old tokens stay good" in server.log())
        holds("it says why", b"tokens:1: a role that is none of" in server.log())
        tool.put(good, mode=0o644)
        wait_for("the refusal of an open file", lambda: b"everybody can read it (mode 0644): chmod o-rwx" in server.log())
        os.chmod(tool.file, 0o640)
        wait_for("that it is good again", lambda: server.log().count(b"tokens is read anew; tokens: 2") > 1)
        tool.put("rubbish\n")
        server.reload(good=False)
        tool.put(good)
        server.reload()


def belongs_to_root(build):
    """Who has given up root follows a file that only root may read; tokens come and go, the days of use cannot be written."""
    if os.geteuid() != 0:
        return "needs root"
    # A process that changes its user cannot be looked into, which is what the leak check does.
    server = Edged(build, listener="Protocol http\nHttpAuth bearer required", server="User nobody\nGroup nogroup",
                   env={"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"})
    os.chmod(server.root, 0o755)
    for part in ("spool", "logs", "run", "state"):
        os.chown(os.path.join(server.root, part), NOBODY, NOBODY)
    os.mkdir(os.path.join(server.root, "secrets"), 0o700)
    with server:
        tool = Tool(build, server.root, conf=server.configuration())
        server.write_configuration()
        tool.file = os.path.join(server.root, "secrets", "admin.tokens")
        token = tool.create("submit", "shop")
        holds("others may not read it", stat.S_IMODE(os.stat(tool.file).st_mode) & 0o7 == 0)
        wait_for("the token to count", lambda: b"tokens: 1" in server.log())
        expect("mail by it", post(server, token), 200)
        server.reload()
        expect("mail to the next generation", post(server, token), 200)
        wait_for("the word of the days", lambda: b"the days its tokens were last used are known until the next reload only" in server.log())
        tool.run("revoke", "shop")
        wait_for("its end", lambda: post(server, token) == 401)
    return None


def post(server, token):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
    connection.request("POST", "/email", b"Subject: x\r\n\r\nx\r\n", {"Content-Type": "message/rfc822", "X-Sender": "a@client.example",
                                                                "X-Recipient": "b@server.example", "Authorization": "Bearer " + token})
    status = connection.getresponse().status
    connection.close()
    return status


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    report = Report("token")
    for case in (makes_and_lists, limits_of_a_token, refusals, other_lines_stay, bad_files, many_at_once, followed_by_the_server,
                 belongs_to_root):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""edgectl passwd, beside a running server and without one: passwd_test.py --build DIR"""
import argparse
import base64
import contextlib
import hashlib
import hmac
import json
import os
import pty
import re
import resource
import select
import signal
import smtplib
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import DEADLINE, Edged, Report, TestFailure, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

OK, ERROR, USAGE, NOT_FOUND, DENIED = range(5)


class Tool:
    """edgectl with a configuration of one backend; no server."""

    def __init__(self, build, root, backends=("staff",)):
        self.program, self.root = os.path.join(build, "bin", "edgectl"), root
        self.conf, self.users = os.path.join(root, "edge.conf"), os.path.join(root, "users")
        with open(self.conf, "w", encoding="ascii") as out:
            for name in backends:
                out.write("<AuthBackend %s>\n    Type file\n    File %s\n</AuthBackend>\n" %
                          (name, "users" if name == "staff" else "users." + name))

    def command(self, *arguments):
        return [self.program, "-f", self.conf, "-d", self.root, "passwd", *arguments]

    def run(self, *arguments, password=None, code=OK):
        """What it says on both outputs."""
        given = b"" if password is None else (password if isinstance(password, bytes) else password.encode()) + b"\n"
        done = subprocess.run(self.command(*arguments), input=given, capture_output=True, timeout=DEADLINE, check=False)
        said = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        if done.returncode != code:
            raise TestFailure("passwd %s: exit status %d, wanted %d\n%s%s" % (" ".join(arguments), done.returncode, code, *said))
        return said

    def lines(self):
        with open(self.users, encoding="utf-8") as users:
            return users.read().splitlines()

    def put(self, *lines, mode=0o640):
        with open(self.users, "w", encoding="utf-8") as out:
            out.write("".join(line + "\n" for line in lines))
        os.chmod(self.users, mode)

    def rows(self, *arguments):
        return json.loads(self.run("list", *arguments, "-o", "json")[0])


@contextlib.contextmanager
def tool_of(build, **more):
    with tempfile.TemporaryDirectory(prefix="edgectl-passwd-") as root:
        yield Tool(build, root, **more)


def adds_and_lists(build):
    with tool_of(build) as tool:
        expect("added", tool.run("add", "ann", "--stdin", password="Secret one")[0], "ann added\n")
        expect("mode of a new file is not for everybody", stat.S_IMODE(os.stat(tool.users).st_mode) & 0o137, 0)
        for method in ("yescrypt", "sha512", "bcrypt", "plain"):
            tool.run("add", method, "--method", method, password="Secret one")
        tool.run("add", "both", "--method", "yescrypt,scram", "--identity", "both@x.example", password="Secret one")
        kinds = [(row["user"], row["credential"], row["identity"]) for row in tool.rows()]
        expect("rows", sorted(kinds), sorted([("ann", "scram", "ann")] + [(x, x, x) for x in ("yescrypt", "sha512", "bcrypt", "plain")] +
                                             [("both", "scram", "both@x.example"), ("both", "yescrypt", "both@x.example")]))
        for number, prefix in enumerate(("{SCRAM-SHA-256}100000$", "$y$", "$6$", "$2b$", "{PLAIN}Secret one")):
            line = tool.lines()[number]
            holds("%s begins with %s" % (line, prefix), line.split(":", 1)[1].startswith(prefix))
        expect("one a line", [json.loads(line) for line in tool.run("list", "-o", "jsonl")[0].splitlines()], tool.rows())
        listed = "".join(tool.run("list"))
        holds("no secret is listed:\n" + listed, "Secret" not in listed and "$" not in listed)
        for user in ("ann", "yescrypt", "sha512", "bcrypt", "plain", "both"):
            holds(user, "right" in tool.run("verify", user, password="Secret one")[0])
            holds(user, "wrong" in tool.run("verify", user, password="Secret two", code=DENIED)[0])
        tool.run("verify", "nobody", password="x", code=NOT_FOUND)


def verifier_is_rfc_5802(build):
    """Computed here by other means."""
    with tool_of(build) as tool:
        tool.run("add", "ann", "--iterations", "4096", password="pencil")
        iterations, salt, stored, server = re.match(r"ann:\{SCRAM-SHA-256\}(\d+)\$([^:]+):([^:]+):([^:]+)$", tool.lines()[0]).groups()
        expect("iterations", iterations, "4096")
        salted = hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode(salt), 4096)
        client = hmac.new(salted, b"Client Key", "sha256").digest()
        expect("StoredKey", base64.b64decode(stored), hashlib.sha256(client).digest())
        expect("ServerKey", base64.b64decode(server), hmac.new(salted, b"Server Key", "sha256").digest())
        # RFC 7677 3
        tool.put("user:{SCRAM-SHA-256}4096$W22ZaJ0SNY7soEsUEjb6gQ==:WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                 "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")
        tool.run("verify", "user", password="pencil")
        tool.run("verify", "user", password="Pencil", code=DENIED)


def knows_foreign_hashes(build):
    with tool_of(build) as tool:
        tool.put("sha256:$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
                 "sha512:$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
                 "bcrypt:$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
        for user, password in (("sha256", "Hello world!"), ("sha512", "Hello world!"), ("bcrypt", "U*U")):
            tool.run("verify", user, password=password)
            tool.run("verify", user, password=password.lower(), code=DENIED)
        expect("a method without a name", tool.rows()[0]["credential"], "$5$")


def changes_and_deletes(build):
    with tool_of(build) as tool:
        tool.put("# ours", "", "ann:{PLAIN}old:ann@x.example", "bob:{PLAIN}b\\:c", "# more", "ann:$y$j9T$x$y:ann@x.example", mode=0o600)
        before = os.stat(tool.users).st_ino
        expect("changed", tool.run("add", "ann", "--method", "plain,scram", password="a:\\b")[0], "ann changed\n")
        lines = tool.lines()
        expect("others stay", [line for line in lines if not line.startswith("ann:")], ["# ours", "", "bob:{PLAIN}b\\:c", "# more"])
        expect("its lines stand where the first one stood", [line.startswith("ann:") for line in lines], [False, False, True, True, False, False])
        expect("no old credential is left", len([line for line in lines if line.startswith("ann:")]), 2)
        holds("the identity stays", all(line.endswith(":ann@x.example") for line in lines if line.startswith("ann:")))
        holds("the secret is escaped", "ann:{PLAIN}a\\:\\\\b:ann@x.example" in lines)
        holds("the file is another one", os.stat(tool.users).st_ino != before)
        expect("its mode stays", stat.S_IMODE(os.stat(tool.users).st_mode), 0o600)
        tool.run("verify", "ann", password="a:\\b")
        tool.run("verify", "bob", password="b:c")
        expect("deleted", tool.run("del", "ann")[0], "ann deleted\n")
        tool.run("del", "ann", code=NOT_FOUND)
        expect("what is left", tool.lines(), ["# ours", "", "bob:{PLAIN}b\\:c", "# more"])
        expect("nothing is left aside", sorted(os.listdir(tool.root)), ["edge.conf", "users"])


def follows_a_link_and_completes_a_last_line(build):
    with tool_of(build) as tool:
        real = os.path.join(tool.root, "real")
        with open(real, "w", encoding="ascii") as out:
            out.write("ann:{PLAIN}a")
        os.chmod(real, 0o640)
        os.symlink("real", tool.users)
        tool.run("add", "bob", "--plain", password="b")
        holds("the link stays", os.path.islink(tool.users))
        expect("lines", tool.lines(), ["ann:{PLAIN}a", "bob:{PLAIN}b"])


def keeps_the_owner(build):
    if os.geteuid() != 0:
        return "needs root"
    with tool_of(build) as tool:
        tool.put("ann:{PLAIN}a")
        os.chown(tool.users, 65534, 12)
        tool.run("add", "bob", "--plain", password="b")
        expect("owner", (os.stat(tool.users).st_uid, os.stat(tool.users).st_gid), (65534, 12))
    return None


def chooses_the_file(build):
    with tool_of(build, backends=("staff", "guests")) as tool:
        said = tool.run("add", "ann", password="a", code=NOT_FOUND)[1]
        holds("both are named: " + said, "staff, guests" in said)
        tool.run("add", "guests", "ann", password="a")
        expect("in that file only", sorted(os.listdir(tool.root)), ["edge.conf", "users.guests"])
        said = tool.run("add", "guest", "ann", password="a", code=NOT_FOUND)[1]
        holds("no such backend: " + said, "there are: staff, guests" in said)
        tool.run("add", os.path.join(tool.root, "third"), "ann", password="a")
        expect("a path", tool.rows(os.path.join(tool.root, "third"))[0]["user"], "ann")
        tool.run("list", "staff", code=NOT_FOUND)
        tool.run("del", "staff", "ann", code=NOT_FOUND)
        holds("neither makes a file", not os.path.exists(tool.users))


def refuses(build):
    with tool_of(build) as tool:
        for user in ("", "a:b", "#a", " a", "a ", "a\x01b", "x" * 256, "full\uff1awidth", "\uff03hash"):
            tool.run("add", user, password="a", code=USAGE)
        for password in (b"", b"bell\x07", b"no utf-8 \xff", b"x" * 512):
            holds("the password is not repeated", "bell" not in tool.run("add", "ann", password=password, code=ERROR)[1])
        said = tool.run("add", "ann", "--method", "bcript", password="a", code=USAGE)[1]
        holds("a near method is named: " + said, 'did you mean "bcrypt"?' in said)
        tool.run("add", "ann", "--method", "yescrypt,bcrypt", password="a", code=USAGE)
        tool.run("add", "ann", "--identity", "a:b", password="a", code=USAGE)
        for iterations in ("999", "10000001", "x"):
            tool.run("add", "ann", "--iterations", iterations, password="a", code=USAGE)
        said = tool.run("add", "ann", "--method", "bcrypt", password="x" * 73, code=ERROR)[1]
        holds("bcrypt would not look at the end: " + said, "72" in said)
        holds("nothing was made", not os.path.exists(tool.users))
        tool.run("add", os.path.join(tool.root, "missing", "users"), "ann", password="a", code=NOT_FOUND)
        tool.run("list", tool.root + "/", code=ERROR)


def prepares_names_and_passwords(build):
    """RFC 4013: other ways to write the same are the same."""
    with tool_of(build) as tool:
        tool.run("add", "j\u00f6rg", password="I\u00adX \u2168")
        expect("the name is kept prepared", tool.rows()[0]["user"], "j\u00f6rg")
        tool.run("verify", "jo\u0308rg", password="IX IX")
        tool.run("add", "jo\u0308rg", password="other")
        expect("one user", len(tool.rows()), 1)
        tool.run("verify", "j\u00f6rg", password="other")
        tool.run("del", "jo\u0308rg")
        expect("none", tool.rows(), [])


def tells_of_bad_lines(build):
    with tool_of(build) as tool:
        tool.put("ann:{PLAIN}a", "bob", "carl:{MD5}x", mode=0o644)
        said = tool.run("list")[1]
        holds("line 2: " + said, "users:2: " in said)
        holds("line 3: " + said, "users:3: " in said)
        holds("everybody can read it: " + said, "everybody can read" in said)
        tool.run("add", "ann", password="b")
        expect("they stay", [line for line in tool.lines() if not line.startswith("ann")], ["bob", "carl:{MD5}x"])


def one_editor_at_a_time(build):
    with tool_of(build) as tool:
        running = []
        for number in range(16):
            process = subprocess.Popen(tool.command("add", "user%d" % number, "--plain"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            process.stdin.write(b"secret\n")
            process.stdin.close()
            running.append(process)
        for process in running:
            process.stdout.read()
            expect("exit status", process.wait(DEADLINE), OK)
            process.stdout.close()
        expect("nobody is lost", sorted(row["user"] for row in tool.rows()), sorted("user%d" % x for x in range(16)))


def survives_a_kill(build):
    """At any moment: the old file or the new one, whole."""
    with tool_of(build) as tool:
        tool.put("ann:{PLAIN}a", *("user%d:{PLAIN}%s" % (x, "x" * 400) for x in range(2000)))
        for number in range(40):
            process = subprocess.Popen(tool.command("add", "bob%d" % number, "--plain"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            process.stdin.write(b"secret\n")
            process.stdin.close()
            time.sleep(number * 0.0005)
            process.kill()
            process.wait()
            said, trouble = tool.run("list", "-o", "json")
            users = [row["user"] for row in json.loads(said)]
            expect("complaints", trouble, "")
            expect("those who were there", users[:2001], ["ann"] + ["user%d" % x for x in range(2000)])
        tool.run("add", "bob", "--plain", password="b")


def survives_a_full_disk(build):
    with tool_of(build) as tool:
        tool.put("ann:{PLAIN}%s" % ("a" * 500), *("user%d:{PLAIN}x" % x for x in range(100)))
        before = tool.lines()

        def limits():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

        done = subprocess.run(tool.command("add", "bob", "--plain"), input=b"b\n", capture_output=True, preexec_fn=limits,
                              timeout=DEADLINE, check=False)
        expect("exit status", done.returncode, ERROR)
        holds("says why: %r" % done.stderr, b"File too large" in done.stderr)
        expect("the file", tool.lines(), before)
        expect("nothing is left aside", sorted(os.listdir(tool.root)), ["edge.conf", "users"])


def talk(command, answers):
    """A person at a terminal: waits for each prompt; returns what the terminal showed and the exit status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    shown, until = b"", time.monotonic() + DEADLINE
    for prompt, answer in answers + [(None, None)]:
        while prompt is None or not shown.endswith(prompt):
            if not select.select([terminal], [], [], max(0, until - time.monotonic()))[0]:
                raise TestFailure("the terminal is silent; it showed %r" % shown)
            try:
                got = os.read(terminal, 4096)
            except OSError:
                got = b""
            if not got:
                break
            shown += got
        if prompt is not None:
            os.write(terminal, answer)
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def asks_a_person(build):
    with tool_of(build) as tool:
        add = tool.command("add", "ann")
        shown, code = talk(add, [(b"Password of ann: ", b"s3cret\n"), (b"The same again: ", b"s3cret\n")])
        expect("exit status", code, OK)
        holds("it is not shown: " + shown, "s3cret" not in shown)
        tool.run("verify", "ann", password="s3cret")
        shown, code = talk(add, [(b"Password of ann: ", b"one\n"), (b"The same again: ", b"two\n")])
        expect("exit status of two", code, ERROR)
        holds("says so: " + shown, "differ" in shown)
        shown, code = talk(add, [(b"Password of ann: ", b"\x03\n")])
        expect("exit status of Control-C", code, ERROR)
        shown, code = talk(tool.command("verify", "ann"), [(b"Password of ann: ", b"s3cret\n")])
        expect("asked once to verify", (code, "right" in shown), (OK, True))


def attempt(server, user, password, mechanism):
    """Whether it gets in."""
    with smtplib.SMTP("127.0.0.1", server.port, "client.example.com", timeout=30) as client:
        client.ehlo()
        client.user, client.password = user, password
        try:
            code = client.auth(mechanism, getattr(client, "auth_" + mechanism.lower().replace("-", "_")))[0]
        except smtplib.SMTPAuthenticationError as refused:
            code = refused.smtp_code
    holds("a reply of AUTH: %d" % code, code in (235, 535))
    return code == 235


def which_hash_serves_what(build):
    """The table of docs/AUTH.md; and a change counts without a reload."""
    users = [(kind, "s3cret", "--method", kind) for kind in ("scram", "yescrypt", "sha512", "bcrypt", "plain")]
    with Edged(build, name="passwd", listener="Auth on mechanisms=PLAIN,LOGIN,CRAM-MD5\nAuthInsecure on", users=users) as server:
        for kind, password, *_ in users:
            for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
                served = mechanism != "CRAM-MD5" or kind == "plain"
                expect("%s by %s" % (mechanism, kind), attempt(server, kind, password, mechanism), served)
                expect("%s by %s, wrong" % (mechanism, kind), attempt(server, kind, password + "x", mechanism), False)
        expect("unknown", attempt(server, "nobody", "s3cret", "PLAIN"), False)
        server.passwd("add", "scram", password="changed")
        wait_for("the new password", lambda: attempt(server, "scram", "changed", "PLAIN"))
        expect("the old one", attempt(server, "scram", "s3cret", "PLAIN"), False)
        server.passwd("del", "plain")
        wait_for("the user to be gone", lambda: not attempt(server, "plain", "s3cret", "CRAM-MD5"))


def a_bad_file_keeps_the_old_one(build):
    with Edged(build, name="passwd", listener="Auth on mechanisms=PLAIN\nAuthInsecure on", users=[("ann", "a", "--plain")]) as server:
        users = os.path.join(server.root, "secrets", "users")

        def refused(number):
            wait_for("refusal %d" % number, lambda: server.log().count(b"is not read anew") == number)
            expect("the old one", attempt(server, "ann", "a", "PLAIN"), True)

        with open(users, "a", encoding="ascii") as out:
            out.write("bob:{MD5}x\n")
        refused(1)
        holds("file and line are named", b"secrets/users:2: " in server.log())
        with open(users, "w", encoding="ascii") as out:
            out.write("ann:{PLAIN}b\n")
        wait_for("the mended one", lambda: attempt(server, "ann", "b", "PLAIN"))
        os.chmod(users, 0o644)
        wait_for("refusal of a file for everybody", lambda: b"chmod" in server.log())
        expect("counts", attempt(server, "ann", "b", "PLAIN"), True)
        os.chmod(users, 0o600)
        before = server.log().count(b"is not read anew")
        os.unlink(users)
        wait_for("refusal of nothing", lambda: server.log().count(b"is not read anew") > before)
        expect("counts still", attempt(server, "ann", "b", "PLAIN"), True)
        server.passwd("add", "ann", password="c")
        wait_for("a new file", lambda: attempt(server, "ann", "c", "PLAIN"))


def a_start_refuses_a_bad_file(build):
    server = Edged(build, name="passwd", listener="Auth on mechanisms=PLAIN\nAuthInsecure on", users=[("ann", "a", "--plain")])
    try:
        server.prepare()
        users = os.path.join(server.root, "secrets", "users")
        for change, wanted in ((lambda: os.chmod(users, 0o644), r"mode 0644.*chmod.*EDG10859"),
                               (lambda: (os.chmod(users, 0o600), open(users, "a", encoding="ascii").write("x\n")), r"users:2: .*EDG10858"),
                               (lambda: os.unlink(users), r"no such file.*EDG10859")):
            change()
            server.write_configuration()
            done = subprocess.run(server.edged("-t"), capture_output=True, timeout=DEADLINE, check=False)
            said = (done.stdout + done.stderr).decode("utf-8", "replace")
            holds("edged -t: %d\n%s" % (done.returncode, said), done.returncode != 0 and re.search(wanted, said))
    finally:
        server.remove()


CASES = (adds_and_lists, verifier_is_rfc_5802, knows_foreign_hashes, changes_and_deletes, follows_a_link_and_completes_a_last_line,
         keeps_the_owner, chooses_the_file, refuses, prepares_names_and_passwords, tells_of_bad_lines, one_editor_at_a_time,
         survives_a_kill, survives_a_full_disk, asks_a_person, which_hash_serves_what, a_bad_file_keeps_the_old_one, a_start_refuses_a_bad_file)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    report = Report("passwd")
    for case in CASES:
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

"""Runs one edged in a fresh ServerRoot on loopback, and asks it things.

Used by the dialogue runner, the crash tests, the real clients and the benchmarks. A server is started with
parent and child in the foreground (-X), its standard error is kept, and stop() fails when a sanitizer, an
assertion or a child's death has spoken in it.
"""
import fcntl
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import certificates

DEADLINE = float(os.environ.get("EDGE_TEST_DEADLINE", "20"))  # generous: for a hang, not for a speed

TROUBLE = re.compile(rb"(ERROR: (Address|Leak|Memory)Sanitizer|WARNING: ThreadSanitizer|runtime error:"
                     rb"|ssertion|stack smashing|buffer overflow detected|double free|malloc\(\):)")

PHASES = "BANNER EHLO HELO STARTTLS AUTH MAIL RCPT DATA HAVE_DATA RSET NOOP VRFY HELP QUIT".split()


class TestFailure(Exception):
    """What was expected did not come; the text says both."""


def expect(what, got, wanted):
    if got != wanted:
        raise TestFailure("%s: got %r, wanted %r" % (what, got, wanted))


def holds(what, truth):
    if not truth:
        raise TestFailure(what)


def wait_for(what, condition, deadline=DEADLINE, pause=0.02):
    """Asks until the answer is true and returns it."""
    until = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > until:
            raise TestFailure("waited %g s in vain for %s" % (deadline, what))
        time.sleep(pause)


class Ports:
    """Free loopback ports, each handed out once, whichever of several test programs asks."""
    lock = threading.Lock()
    given = {}  # port -> a locked file that reserves it until this process ends

    @staticmethod
    def reserve(port):
        """A file that no other test program can lock meanwhile; None: one of them has this port."""
        folder = os.path.join(tempfile.gettempdir(), "edge-test-ports-%d" % os.getuid())
        os.makedirs(folder, mode=0o700, exist_ok=True)
        reservation = open(os.path.join(folder, str(port)), "w", encoding="ascii")  # pylint: disable=consider-using-with
        try:
            fcntl.flock(reservation, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            reservation.close()
            return None
        return reservation

    @staticmethod
    def is_free(port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
        return True

    @classmethod
    def take(cls):
        low, high = (int(x) for x in os.environ.get("EDGE_TEST_PORTS", "13000-13999").split("-"))
        with cls.lock:
            for _ in range(2000):
                port = random.randint(low, high)
                if port in cls.given or not cls.is_free(port):
                    continue
                reservation = cls.reserve(port)
                if reservation:
                    cls.given[port] = reservation
                    return port
        raise TestFailure("no free port in EDGE_TEST_PORTS %d-%d" % (low, high))


def words_of(block):
    """The directives a block of configuration sets at its own level."""
    names, depth = set(), 0
    for line in block.splitlines():
        line = line.strip()
        if line.startswith("</"):
            depth -= 1
        elif line.startswith("<"):
            depth += 1
        elif line and depth == 0 and not line.startswith("#"):
            names.add(line.split()[0].lower())
    return names


def with_defaults(block, defaults):
    """`block` behind those of the `defaults` (name, value) that it does not set itself."""
    own = words_of(block)
    return "\n".join(["%s %s" % pair for pair in defaults if pair[0].lower() not in own] + [block])


class Edged:
    """One server. Blocks of configuration: server, listener, queue; and further text at the end of the file.

    A listener that says TLS or Auth has what belongs to it: modules, certificates in tls/ (certificates.py), <TLSContext default>
    and <AuthBackend staff> unless `more` brings its own, and the users given: (name, password, options of edgectl passwd add).
    `files` are texts below ServerRoot, by name. Where a LuaScript is named, mod_lua, mod_tls and mod_auth_sasl are there, and the
    certificates too."""

    def __init__(self, build, server="", listener="", queue="", more="", hold=None, root=None, name="edged", env=None,
                 wrapper=(), nofile=None, users=(), files=None, names=None):
        self.build = os.path.abspath(build)
        self.own_root = root is None
        self.root = root or tempfile.mkdtemp(prefix="edged-%s-" % name)
        self.port = Ports.take()
        self.blocks = {"server": server, "listener": listener, "queue": queue, "more": more}
        self.users = list(users)
        self.files = dict(files or {})
        self.names = names  # the port of a name server on loopback
        self.hold = hold
        self.wrapper = list(wrapper)
        self.nofile = nofile
        self.env = dict(os.environ, **(env or {}))
        self.env.setdefault("ASAN_OPTIONS", "abort_on_error=0:exitcode=99:detect_leaks=1")
        self.env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=0")
        self.env.setdefault("TSAN_OPTIONS", "halt_on_error=0:exitcode=66:second_deadlock_stack=1")
        self.process = None
        self.stderr_path = os.path.join(self.root, "stderr")
        self.conf_path = os.path.join(self.root, "edge.conf")
        self.stderr_seen = 0
        self.may_crash = False
        for part in ("spool", "logs", "run", "state"):
            os.makedirs(os.path.join(self.root, part), exist_ok=True)

    # Configuration

    def module(self, name, test=False):
        where = ("test", "modules") if test else ("modules",)
        return "LoadModule %s_module %s" % (name, os.path.join(self.build, *where, "mod_%s.so" % name))

    def completed(self):
        """The blocks, with the sections that TLS and Auth need."""
        blocks = dict(self.blocks)
        if re.search(r"^\s*TLS\s", blocks["listener"], re.M) and "<TLSContext default>" not in blocks["more"]:
            blocks["more"] += "\n<TLSContext default>\nCertificate tls/server.pem\nCertificateKey tls/server.key\n</TLSContext>"
        if re.search(r"^\s*Auth\s", blocks["listener"], re.M) and "<AuthBackend staff>" not in blocks["more"]:
            blocks["more"] += "\n<AuthBackend staff>\nType file\nFile secrets/users\n</AuthBackend>"
        return blocks

    def filled(self, text):
        return text.replace("@BUILD@", self.build).replace("@ROOT@", self.root).replace("@PORT@", str(self.port))

    def scripted(self):
        return "LuaScript" in "".join(self.blocks.values())

    def configuration(self):
        blocks = {key: self.filled(text) for key, text in self.completed().items()}
        bindings = validator = ""
        loads = [self.module("smtp_edge"), self.module("queue_spool")]
        if re.search(r"^\s*(Protocol\s+http|Http\w+\s)", "\n".join(blocks.values()), re.M | re.I):
            loads.append(self.module("http_edge"))
        if self.hold:
            loads.append(self.module(self.hold, test=True))
            validator = "<Validator every>\n    Module %s_module\n</Validator>" % self.hold
            bindings = "\n".join("<On %s>\n    Validate every\n</On>" % phase for phase in PHASES)
        if "answer_module" in "".join(blocks.values()):
            loads.append(self.module("answer", test=True))
        if re.search(r"^\s*(<Admin>|Protocol\s+admin\b)", "\n".join(blocks.values()), re.M | re.I):
            loads.append(self.module("admin"))
        if "rate_module" in blocks["more"]:
            loads.append(self.module("rate"))
        if "<TLSContext" in blocks["more"] or self.scripted():
            loads.append(self.module("tls"))
        if "<AuthBackend" in blocks["more"] or self.scripted():
            loads.append(self.module("auth_sasl"))
        if self.scripted():
            loads.append(self.module("lua"))
        if "<Handoff" in "".join(blocks.values()):
            loads.append(self.module("relay"))
            for block in re.findall(r"<Handoff.*?</Handoff>", "".join(blocks.values()), re.S):
                for name in re.findall(r"Protocol\s+(discard|http|maildir)\b", block):
                    loads += [line for line in [self.module("relay_" + name)] if line not in loads]
        for name in sorted(set(re.findall(r"^\s*Module\s+(\w+)_module\b", blocks["more"], re.M))):
            loaded = re.search(r"LoadModule\s+%s_module\b" % name, "\n".join(loads + list(blocks.values())))
            if not loaded and os.path.exists(os.path.join(self.build, "modules", "mod_%s.so" % name)):
                loads.append(self.module(name))
        quiet = [("AuthFailures", "off")] if "<AuthBackend" in blocks["more"] or self.scripted() else []  # who tests it sets it
        if self.names:
            quiet.append(("DnsServers", "127.0.0.1:%d" % self.names))
        for name in sorted(set(re.findall(r"^\s*Module\s+(\w+)_module\b", blocks["more"], re.M))):
            loaded = re.search(r"LoadModule\s+%s_module\b" % name, "\n".join(loads + list(blocks.values())))
            if not loaded and os.path.exists(os.path.join(self.build, "modules", "mod_%s.so" % name)):
                loads.append(self.module(name))
        server = with_defaults(blocks["server"], quiet + [
            ("ServerName", "mx.example.net"), ("Workers", "2"), ("GracefulTimeout", "60s"), ("PidFile", "run/edged.pid"),
            ("ControlSocket", "run/edged.sock"), ("ErrorLog", "logs/error.log"), ("LogLevel", "info"),
            ("TransactionLog", "logs/transactions.json json")])
        spool = [("Spool", "spool/main"), ("SpoolMinFree", "none")]
        queue = with_defaults(blocks["queue"], [] if "relay" in words_of(blocks["queue"]) else spool)
        listener = with_defaults(blocks["listener"], [
            ("Listen", "127.0.0.1:%d" % self.port), ("Protocol", "smtp"), ("Queue", "main")])
        return "\n".join(loads + [server, validator, "<Queue main>", queue, "</Queue>", "<Listener mx>", listener, bindings,
                                  "</Listener>", blocks["more"], ""])

    def prepare(self):
        """What the configuration names must be there before it is read."""
        more = self.completed()["more"]
        for name, text in self.files.items():
            self.write_file(name, text)
        if ("<TLSContext" in more or self.scripted()) and not os.path.isdir(os.path.join(self.root, "tls")):
            certificates.put_into(os.path.join(self.root, "tls"))
        if "<AuthBackend" in more and not os.path.isdir(os.path.join(self.root, "secrets")):
            os.makedirs(os.path.join(self.root, "secrets"), 0o700)
            os.close(os.open(os.path.join(self.root, "secrets", "users"), os.O_CREAT | os.O_WRONLY, 0o600))
            self.write_configuration()
            for name, password, *options in self.users:
                self.passwd("add", name, *options, password=password)

    def write_file(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as out:
            out.write(self.filled(text))
        if name.endswith("tokens"):
            os.chmod(path, 0o640)  # what everybody can read is refused

    def passwd(self, *arguments, password=None, check=True):
        return self.ctl("passwd", *arguments, check=check, text=None if password is None else password + "\n")

    def write_configuration(self):
        with open(self.conf_path + ".new", "w", encoding="utf-8", errors="surrogateescape") as out:
            out.write(self.configuration())
        os.rename(self.conf_path + ".new", self.conf_path)

    # Life

    def edged(self, *arguments):
        return [os.path.join(self.build, "bin", "edged"), "-f", self.conf_path, "-d", self.root, *arguments]

    def _limits(self):
        if self.nofile:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.nofile, self.nofile))

    def launch(self):
        """Starts the process and does not wait."""
        self.prepare()
        self.write_configuration()
        with open(self.stderr_path, "ab") as err:
            self.process = subprocess.Popen(self.wrapper + self.edged("-X"), stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                                            env=self.env, cwd=self.root, start_new_session=True, preexec_fn=self._limits)
        return self

    def start(self):
        """Starts and waits until it serves."""
        pidfile = os.path.join(self.root, "run", "edged.pid")
        if os.path.exists(pidfile):
            os.unlink(pidfile)
        before = self.log().count(b" serves, process")
        self.launch()

        def serves():
            if self.process.poll() is not None:
                raise TestFailure("edged did not start, exit status %d:\n%s" % (self.process.returncode, self.tail()))
            return self.log().count(b" serves, process") > before and self.answers()
        try:
            wait_for("the server to serve", serves, 90)
        except TestFailure as trouble:
            raise TestFailure("%s; standard error:\n%s" % (trouble, self.tail()))
        return self

    def start_refused(self):
        """Starts a server that must not come up; returns what it said."""
        self.launch()
        try:
            status = self.process.wait(3 * DEADLINE)
        except subprocess.TimeoutExpired:
            raise TestFailure("edged serves with a bad configuration")
        if status == 0:
            raise TestFailure("edged ended with 0 on a bad configuration")
        return self.log().decode("utf-8", "replace")

    def answers(self):
        """Whether the port is bound; no session is made of it by a look into the kernel's table."""
        wanted = ":%04X" % self.port
        with open("/proc/net/tcp", encoding="ascii") as table:
            return any(line.split()[1].endswith(wanted) and line.split()[3] == "0A" for line in table.readlines()[1:])

    def parent(self):
        """The parent's process id; a wrapper must exec what it wraps."""
        return self.process.pid

    def children(self):
        """Process ids of the running generations, oldest first."""
        parent = self.parent()
        try:
            with open("/proc/%d/task/%d/children" % (parent, parent), encoding="ascii") as listed:
                pids = [int(x) for x in listed.read().split()]
        except OSError:
            return []
        return sorted(pid for pid in pids if self._alive(pid))

    @staticmethod
    def _alive(pid):
        """Until its last thread has ended, a killed process keeps its sockets and locks; its first is a zombie before that."""
        try:
            threads = os.listdir("/proc/%d/task" % pid)
        except OSError:
            return False
        for thread in threads:
            try:
                with open("/proc/%d/task/%s/stat" % (pid, thread), encoding="ascii", errors="replace") as stat:
                    if stat.read().rpartition(")")[2].split()[0] not in "ZX":
                        return True
            except OSError:
                pass
        return False

    def signal(self, number):
        os.kill(self.parent(), number)

    def generations(self):
        return self.log().count(b" serves, process")

    def closed(self):
        return self.log().count(b" takes no more connections")

    def reload(self, good=True):
        """SIGHUP, and waits for its outcome."""
        self.write_configuration()
        before, closed, refused = self.generations(), self.closed(), self.log().count(b"configuration is refused")
        self.signal(signal.SIGHUP)
        if good:
            wait_for("the new generation", lambda: self.generations() > before, 90)
            wait_for("the old generation to take no more", lambda: self.closed() > closed, 90)
        else:
            wait_for("the refusal of the new configuration", lambda: self.log().count(b"configuration is refused") > refused, 90)

    def stop(self, now=False):
        """SIGTERM; the exit status must be 0 and the standard error free of trouble."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            if now:
                time.sleep(0.05)
                if self.process.poll() is None:
                    self.signal(signal.SIGTERM)
        try:
            status = self.process.wait(max(DEADLINE, 90))
        except subprocess.TimeoutExpired:
            self.kill()
            raise TestFailure("edged did not stop on SIGTERM:\n" + self.tail())
        self.process = None
        self.check_clean()
        if status != 0:
            raise TestFailure("edged ended with %d:\n%s" % (status, self.tail()))

    def kill(self):
        """SIGKILL for parent and children, at once."""
        if self.process is None:
            return
        pids = self.children()
        for pid in [self.parent()] + pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        for pid in pids:
            wait_for("child %d to be gone" % pid, lambda pid=pid: not self._alive(pid))
        self.process = None

    def check_clean(self):
        said = self.log()
        found = TROUBLE.search(said)
        if found:
            raise TestFailure("trouble in standard error:\n" + said[max(0, found.start() - 200):found.start() + 6000].decode("utf-8", "replace"))
        if not self.may_crash and b" ended by " in said:
            raise TestFailure("a child died:\n" + self.tail())

    def remove(self):
        if self.own_root:
            shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop(now=True)
        finally:
            self.kill()
            if kind is None and not os.environ.get("EDGE_TEST_KEEP"):
                self.remove()

    # What it said

    def log(self):
        try:
            with open(self.stderr_path, "rb") as said:
                return said.read()
        except OSError:
            return b""

    def tail(self, octets=4000):
        return self.log()[-octets:].decode("utf-8", "replace")

    def transactions(self):
        """All lines of the transaction log so far."""
        try:
            with open(os.path.join(self.root, "logs", "transactions.json"), "rb") as lines:
                text = lines.read()
        except OSError:
            return []
        whole = text[:text.rfind(b"\n") + 1].decode("utf-8")
        return [json.loads(line) for line in whole.splitlines()]

    # Asking it

    def ctl(self, *arguments, check=True, text=None):
        """`text` goes to its standard input."""
        done = subprocess.run([os.path.join(self.build, "bin", "edgectl"), "-f", self.conf_path, "-d", self.root, *arguments],
                              input=(text or "").encode(), capture_output=True, env=self.env, timeout=120, check=False)
        if check and done.returncode != 0:
            raise TestFailure("edgectl %s: exit status %d\n%s" % (" ".join(arguments), done.returncode,
                                                                  done.stderr.decode("utf-8", "replace")))
        return done

    def status(self):
        return json.loads(self.ctl("-o", "json", "status").stdout)

    def counter(self, name):
        """Of a family, the sum of its series; messages_total{outcome=accepted}: of those that have this label."""
        counters = self.status()["counters"]
        family, _, wanted = name.rstrip("}").partition("{")
        wanted = {'%s="%s"' % tuple(part.split("=")) for part in wanted.split(",")} if wanted and '"' not in wanted else set()
        series = [key for key in counters if key.partition("{")[0] == family]
        if name not in counters and series:
            return sum(counters[key] for key in series if wanted <= set(key.rstrip("}").partition("{")[2].split(",")))
        if name not in counters:
            raise TestFailure("no counter %s; there are: %s" % (name, " ".join(sorted(counters))))
        return counters[name]

    def queue(self):
        return json.loads(self.ctl("-o", "json", "queue", "list").stdout)

    def message(self, identity):
        return self.ctl("queue", "show", identity, "--raw").stdout

    def connect(self, source=None, timeout=DEADLINE):
        return socket.create_connection(("127.0.0.1", self.port), timeout, (source, 0) if source else None)


def add_common_arguments(parser):
    parser.add_argument("--build", default=os.environ.get("EDGE_BUILD", "."), help="the build folder (default: %(default)s)")
    parser.add_argument("-v", "--verbose", action="store_true")


class Report:
    """One line per case and the plain counts at the end."""

    def __init__(self, suite):
        self.suite, self.passed, self.failed, self.skipped, self.lock = suite, 0, 0, 0, threading.Lock()

    def ok(self, name, note=""):
        with self.lock:
            self.passed += 1
            print("ok      %s%s" % (name, "  (%s)" % note if note else ""), flush=True)

    def fail(self, name, why):
        with self.lock:
            self.failed += 1
            print("FAILED  %s\n        %s" % (name, str(why).rstrip().replace("\n", "\n        ")), flush=True)

    def skip(self, name, why, machine=False):
        """A skip is loud where everything was to be installed; what the machine itself does not allow is no failure."""
        if os.environ.get("EDGE_TEST_ALL") == "1" and not machine:
            self.fail(name, "cannot run: " + why)
            return
        with self.lock:
            self.skipped += 1
            print("skipped %s  (%s)" % (name, why), flush=True)

    def run(self, name, case):
        try:
            note = case()
        except TestFailure as trouble:
            self.fail(name, trouble)
        except Exception as trouble:  # pylint: disable=broad-except
            import traceback
            self.fail(name, "%r\n%s" % (trouble, traceback.format_exc()))
        else:
            self.ok(name, note or "")

    def end(self):
        print("%s: %d passed, %d failed%s" % (self.suite, self.passed, self.failed,
                                              ", %d skipped" % self.skipped if self.skipped else ""), flush=True)
        return 1 if self.failed else 0

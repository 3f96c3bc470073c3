"""The benchmarks of validators: what ten of them cost a message, what lists of a million entries do, also while they are read anew, and
whether sessions that wait for a name server slow the others."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from peers import EdgedPeer, TestFailure

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Ports, wait_for  # noqa: E402 pylint: disable=wrong-import-position
from nameserver import NameServer  # noqa: E402 pylint: disable=wrong-import-position

TESTS = ("checks", "lists", "dns_wait")
SESSIONS = ["-s", "50", "-n", "0"]
WAITING = 1000

# Ten checks a message, none of which objects: one at connect, two at EHLO, one at MAIL, four at RCPT, two at the end of data.
TEN = """
<Validator pace>
    Module rate_module
    Rate connections 100000000/1s by=address
    Rate messages 100000000/1s by=address
    Rate recipients 100000000/1s by=address
</Validator>
<Validator hello>
    Module helo_module
</Validator>
<Validator name>
    Module helo_module
    Refuse syntax
</Validator>
<Validator local>
    Module relay_domains_module
    Domains %(domains)s
</Validator>
<Validator below>
    Module relay_domains_module
    Domains %(domains)s .below.example
</Validator>
<Validator named>
    Module relay_domains_module
    Domains %(domains)s other.example
    Networks 192.0.2.0/24
</Validator>
<Validator head>
    Module headers_module
    Header forbidden X-Never
    Header once Subject
</Validator>
<Validator size>
    Module headers_module
    HeaderSize 64K
    HeaderCount 500
</Validator>
""" % {"domains": "localhost example.com example.org server.example"}
BOUND = """
<On BANNER>
    Validate pace
</On>
<On EHLO>
    Validate hello
    Validate name
</On>
<On MAIL>
    Validate pace
</On>
<On RCPT>
    Validate pace
    Validate local
    Validate below
    Validate named
</On>
<On HAVE_DATA>
    Validate head
    Validate size
</On>
"""
WAITS = """
<Validator resolves>
    Module  dns_module
    SenderDomain resolves
    Timeout 10m
</Validator>
<Listener slow>
    Listen   127.0.0.1:%d
    Protocol smtp
    Queue    main
    Timeout  10m
    <On MAIL>
        Validate resolves
    </On>
</Listener>
"""

# Half a million clients, as many domains and mailboxes: none of those that the load has.
LISTED = """
<Validator listed>
    Module access_module
    Access refuse client file:%(root)s/clients
    Access refuse sender file:%(root)s/names
    Access refuse recipient file:%(root)s/names
</Validator>
"""
LISTED_BOUND = """
<On RCPT>
    Validate listed
</On>
"""
ENTRIES = 500000

# The name server holds every answer back for as long as the measurement takes.
UNHURRIED = "DnsTimeout 60s\nDnsTries 1\nDnsInFlight 2000"


class Waiting:
    """Sessions that have said MAIL and wait for what the name server does not tell."""

    def __init__(self, port, count):
        self.clients = []
        for number in range(count):
            client = socket.create_connection(("127.0.0.1", port), 60)
            self.clients.append(client)
            self.answer(client)
            client.sendall(b"EHLO client.example\r\n")
            self.answer(client)
            client.sendall(b"MAIL FROM:<a@n%d.held.example>\r\n" % number)

    @staticmethod
    def answer(client):
        text = b""
        while not (text.endswith(b"\r\n") and text.splitlines()[-1][3:4] == b" "):
            got = client.recv(4096)
            if not got:
                raise TestFailure("the connection ended: %r" % text)
            text += got

    def still(self):
        """How many of them have not been answered."""
        for client in self.clients:
            client.setblocking(False)
        count = 0
        for client in self.clients:
            try:
                client.recv(1)
            except BlockingIOError:
                count += 1
        return count

    def close(self):
        for client in self.clients:
            client.close()


class Lists:
    """Files of many entries, which a thread writes again and again when it is told to."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="edged-lists-")
        self.ended, self.written, self.thread = threading.Event(), 0, None
        with open(os.path.join(self.root, "clients"), "w", encoding="ascii") as out:
            out.writelines("10.%d.%d.%d\n" % (i >> 16 & 255, i >> 8 & 255, i & 255) for i in range(ENTRIES))
        with open(os.path.join(self.root, "names"), "w", encoding="ascii") as out:
            out.writelines("box%d@mail.test\n" % i if i % 2 else ".host%d.test\n" % i for i in range(ENTRIES))

    def rewrite(self):
        while not self.ended.wait(2):
            for name in ("clients", "names"):
                path = os.path.join(self.root, name)
                shutil.copy(path, path + ".new")
                os.rename(path + ".new", path)
            self.written += 1

    def start_rewriting(self):
        self.thread = threading.Thread(target=self.rewrite)
        self.thread.start()

    def close(self):
        self.ended.set()
        if self.thread:
            self.thread.join()
        shutil.rmtree(self.root)


class Validated:
    """Of one run of the benchmarks."""

    def __init__(self, bench):
        self.bench = bench

    def run(self, test):
        measure = {"checks": self.checks, "lists": self.lists, "dns_wait": self.dns_wait}[test]
        for number in range(self.bench.given.runs):
            kinds = ["none", "listed", "rewritten"] if test == "lists" else [False, True]
            kinds = kinds if number % 2 == 0 else kinds[::-1]
            for more in kinds:
                self.bench.attempt(test, EdgedPeer, lambda more=more: measure(more))

    def loaded(self, test, name, server):
        self.bench.load(server, SESSIONS, self.bench.given.warm)
        before = server.group.cpu()
        result = self.bench.load(server, SESSIONS, self.bench.given.seconds)
        messages = max(1, result.get("messages", 0))
        self.bench.keep(test, name, {"per_second": result.get("per_second", 0), "failed": result.get("failed", 0),
                                     "cpu_us": (server.group.cpu() - before) * 1e6 / messages, "p99": result.get("txn_p99", 0)})

    def checks(self, ten):
        server = EdgedPeer(self.bench, listener=BOUND if ten else "", sections=TEN if ten else "")
        try:
            server.start()
            self.loaded("checks", "ten" if ten else "none", server)
        finally:
            server.stop()

    def lists(self, kind):
        files = Lists()
        sections = LISTED % {"root": files.root} if kind != "none" else ""
        server = EdgedPeer(self.bench, listener=LISTED_BOUND if sections else "", sections=sections)
        try:
            server.start()
            if kind == "rewritten":
                files.start_rewriting()
            self.loaded("lists", kind, server)
        finally:
            server.stop()
            files.close()

    def dns_wait(self, waiting):
        port, names, waiters = Ports.take(), NameServer("*.held.example held\n"), None
        server = EdgedPeer(self.bench, sections=WAITS % port, names=names.port, more=UNHURRIED)
        try:
            server.start()
            if waiting:
                waiters = Waiting(port, WAITING)
                wait_for("the questions to be held", lambda: len(names.held) >= WAITING, 30)
            self.loaded("dns_wait", "waiting" if waiting else "nobody", server)
            if waiting:
                self.bench.keep("dns_wait", "still", {"sessions": waiters.still()})
        finally:
            if waiters:
                waiters.close()
            server.stop()
            names.close()

    def lua(self):
        """One line of figures, or nothing where Lua is not built."""
        tool = self.bench.tool("lua_bench")
        if not os.path.exists(tool):
            return None
        done = subprocess.run([tool], capture_output=True, text=True, check=False)
        return self.bench.figures(done.stdout)

    def table(self):
        rows = [("checks", "none", "no validator"), ("checks", "ten", "ten, none objects"),
                ("lists", "none", "no list"), ("lists", "listed", "three questions to lists of %d entries" % ENTRIES),
                ("lists", "rewritten", "the same, read anew every two seconds"),
                ("dns_wait", "nobody", "nobody waits for a name server"), ("dns_wait", "waiting", "%d sessions do" % WAITING)]
        rows = [row for row in rows if (row[0], row[1]) in self.bench.results]
        if not rows:
            return []
        return ["", "### Validators: 4 KiB, many per connection, 50 sessions", "", "| | messages per second | server CPU, us each |", "|---|---:|---:|"] + [
            "| %s | %s | %s |" % (text, self.bench.spread(test, name, "per_second"), self.bench.shown(self.bench.median(test, name, "cpu_us")))
            for test, name, text in rows]

    def goals(self, goal):
        def share(test, with_, without, key="per_second"):
            ours, theirs = self.bench.median(test, with_, key), self.bench.median(test, without, key)
            return ours / theirs if ours and theirs else None
        goal("messages per second with ten validators, share of none", share("checks", "ten", "none"), "> 0.95", lambda x: x > 0.95)
        goal("the same by server CPU", share("checks", "none", "ten", "cpu_us"), "> 0.95", lambda x: x > 0.95)
        goal("messages per second with lists of %d entries, share of none" % ENTRIES, share("lists", "listed", "none"), "> 0.95", lambda x: x > 0.95)
        goal("the same by server CPU", share("lists", "none", "listed", "cpu_us"), "> 0.95", lambda x: x > 0.95)
        goal("messages per second beside %d sessions that wait for DNS, share of without" % WAITING, share("dns_wait", "waiting", "nobody"),
             ">= 0.95", lambda x: x >= 0.95)
        goal("of those sessions, still waiting at the end", self.bench.median("dns_wait", "still", "sessions"), "%d" % WAITING, lambda x: x == WAITING)

"""Clients that send uniquely named messages and remember, for each, what they were told.

Each message's sender is its token, and its body carries a checksum; so the queue can be held against the record:
an acknowledged message is there exactly once and whole, one of unknown outcome at most once, an unfinished or
refused one not at all.
"""
import hashlib
import http.client
import json
import os
import random
import re
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import DEADLINE, TestFailure, wait_for  # noqa: E402 pylint: disable=wrong-import-position

QUEUED = re.compile(rb"250 2\.6\.0 Message queued as ([0-9a-f-]{36})\r\n")
LINE = bytes(range(33, 97)) * 1 + b"\r\n"


def body_of(token, size):
    """Header and body; the checksum is over what is behind the empty line."""
    text = (token.encode() + b" " + LINE.replace(b".", b"_")) * max(1, size // 100)
    return b"Subject: %s\r\nX-Sum: %s\r\n\r\n%s" % (token.encode(), hashlib.sha256(text).hexdigest().encode(), text)


def check_body(octets, token):
    """None when the stored message is whole, else what is wrong."""
    head, _, text = octets.partition(b"\r\n\r\n")
    wanted = re.search(rb"\r\nX-Sum: ([0-9a-f]{64})", b"\r\n" + head)
    if b"\r\nSubject: " + token.encode() not in head:
        return "it has another subject"
    if not wanted:
        return "it has no checksum"
    if hashlib.sha256(text).hexdigest().encode() != wanted.group(1):
        return "its body differs (%d octets)" % len(text)
    return None


class Record:
    """What became of each token."""
    serial = 0

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged, self.unknown, self.refused, self.unfinished = {}, set(), set(), set()
        self.troubles, self.connections, self.farewells = [], 0, 0

    def token(self):
        with self.lock:
            Record.serial += 1
            return "t%d-%08x" % (Record.serial, random.getrandbits(32))

    def trouble(self, text):
        with self.lock:
            self.troubles.append(text)

    def note(self, kind, token, identity=None):
        with self.lock:
            if kind == "acknowledged":
                self.acknowledged[token] = identity
            else:
                getattr(self, kind).add(token)


class Gone(Exception):
    """The server closed or reset; `farewell` when it said 421 before."""

    def __init__(self, farewell=False):
        super().__init__()
        self.farewell = farewell


class Conversation:
    def __init__(self, server, source=None):
        self.socket = server.connect(source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        if not self.reply().startswith(b"220"):
            raise Gone(True)
        self.command(b"HELO load.example")

    def reply(self):
        while True:
            try:
                line = self.file.readline()
            except (ConnectionError, socket.timeout):
                raise Gone() from None
            if not line.endswith(b"\n"):
                raise Gone()
            if line[3:4] != b"-":
                return line

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except (ConnectionError, socket.timeout):
            raise Gone() from None

    def command(self, text):
        self.send(text + b"\r\n")
        line = self.reply()
        if line.startswith(b"421"):
            raise Gone(True)
        return line

    def close(self):
        self.file.close()
        self.socket.close()


class Load:
    """Some threads that send until told to stop."""

    def __init__(self, server, record, threads=8, large=2, strict=False, per_connection=20, small_size=4000, large_size=400000):
        self.server, self.record, self.strict, self.per_connection = server, record, strict, per_connection
        self.sizes = [large_size if i < large else small_size for i in range(threads)]
        self.ending = threading.Event()
        self.threads = []

    def start(self):
        self.threads = [threading.Thread(target=self.run, args=(i, size)) for i, size in enumerate(self.sizes)]
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(3 * DEADLINE)
            if thread.is_alive():
                raise TestFailure("a client hangs")

    def run(self, number, size):
        while not self.ending.is_set():
            try:
                self.session(number, size)
            except Gone as gone:
                if gone.farewell:
                    with self.record.lock:
                        self.record.farewells += 1
                elif self.strict:
                    self.record.trouble("a session was broken outside a message")
            except OSError as trouble:
                if self.strict:
                    self.record.trouble("no connection: %s" % trouble)
                time.sleep(0.02)
            except Exception as trouble:  # pylint: disable=broad-except
                self.record.trouble("client: %r" % trouble)
                return

    def session(self, number, size):
        talk = Conversation(self.server, "127.0.0.%d" % (1 + number % 8))
        with self.record.lock:
            self.record.connections += 1
        try:
            for _ in range(self.per_connection):
                if self.ending.is_set():
                    break
                self.message(talk, random.choice((size, size // 2, 100)))
            talk.send(b"QUIT\r\n")
            talk.reply()
        finally:
            talk.close()

    def message(self, talk, size):
        token = self.record.token()
        outcome = "unfinished"
        try:
            if not talk.command(b"MAIL FROM:<%s@load.example>" % token.encode()).startswith(b"250"):
                outcome = "refused"
                return
            talk.command(b"RCPT TO:<b@server.example>")
            if not talk.command(b"DATA").startswith(b"354"):
                outcome = "refused"
                return
            talk.send(body_of(token, size))
            outcome = "unknown"
            talk.send(b".\r\n")
            line = talk.reply()
            found = QUEUED.fullmatch(line)
            outcome = "refused"
            if found:
                self.record.note("acknowledged", token, found.group(1).decode())
                outcome = None
            elif not line.startswith(b"4"):
                self.record.trouble("end of data was answered with %r" % line)
        except Gone as gone:
            if self.strict and (outcome == "unknown" or not gone.farewell):
                self.record.trouble("a session was broken in a message (%s)" % outcome)
            raise
        finally:
            if outcome:
                self.record.note(outcome, token)


class ControlConnection(http.client.HTTPConnection):
    """The server's control socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Control:
    """Requests to the control socket, on one connection as long as it lasts."""

    def __init__(self, server):
        self.path = os.path.join(server.root, "run", "edged.sock")
        self.connection = None

    def request(self, method, path):
        for attempt in (1, 2):
            try:
                self.connection = self.connection or ControlConnection(self.path)
                self.connection.request(method, path)
                answer = self.connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                if self.connection:
                    self.connection.close()
                self.connection = None
                if attempt == 2:
                    raise
        return None

    def list(self):
        """The whole queue: identity -> sender's local part."""
        found, cursor = {}, ""
        while True:
            status, text = self.request("GET", "/api/v1/queue?limit=1000" + ("&cursor=" + cursor if cursor else ""))
            if status != 200:
                raise TestFailure("queue list: %d %s" % (status, text[:300]))
            page = json.loads(text)
            for item in page["items"]:
                if item["id"] in found:
                    raise TestFailure("the list shows %s twice" % item["id"])
                found[item["id"]] = (item.get("sender") or "?").partition("@")[0]
            cursor = page.get("next_cursor")
            if not cursor:
                return found

    def content(self, identity):
        status, text = self.request("GET", "/api/v1/queue/%s/content" % identity)
        return text if status == 200 else None

    def delete(self, identity):
        status, text = self.request("DELETE", "/api/v1/queue/%s?reason=load" % identity)
        if status not in (200, 204):
            raise TestFailure("delete: %d %s" % (status, text[:300]))


class Listing(dict):
    """A list that counts as an answer also when it is empty."""

    def __bool__(self):
        return True


class Ledger:
    """Holds the queue against the records of all rounds."""

    def __init__(self, server):
        self.server, self.control = server, Control(server)
        self.lost = self.duplicated = self.damaged = self.ghosts = self.checked = 0
        self.whole, self.deleted = set(), set()
        self.notes = []

    def say(self, text):
        if len(self.notes) < 12:
            self.notes.append(text)

    def compare(self, record, everything=False, delete_share=0.0):
        listed = wait_for("the queue's list", self.try_list)
        by_token = {}
        for identity, token in listed.items():
            by_token.setdefault(token, []).append(identity)
        for token, identities in by_token.items():
            if len(identities) > 1:
                self.duplicated += len(identities) - 1
                self.say("%s is there %d times" % (token, len(identities)))
            if token in record.unfinished or token in record.refused:
                self.ghosts += 1
                self.say("%s was never accepted but is there" % token)
        for token, identity in record.acknowledged.items():
            if identity in self.deleted:
                if identity in listed:
                    self.ghosts += 1
                    self.say("%s was deleted and is there again" % identity)
            elif identity not in by_token.get(token, ()):
                self.lost += 1
                self.say("%s, acknowledged as %s, is lost" % (token, identity))
        for identity, token in listed.items():
            if identity in self.whole and not everything:
                continue
            octets = self.control.content(identity)
            wrong = "it cannot be read" if octets is None else check_body(octets, token)
            self.checked += 1
            if wrong:
                self.damaged += 1
                self.say("%s (%s): %s" % (identity, token, wrong))
            self.whole.add(identity)
            if random.random() < delete_share and token in record.acknowledged:
                self.control.delete(identity)
                self.deleted.add(identity)

    def try_list(self):
        try:
            return Listing(self.control.list())
        except (OSError, http.client.HTTPException):
            return None

    def verdict(self, record):
        text = "messages acknowledged %d, lost %d, duplicated %d, damaged %d, ghosts %d; unknown %d, bodies read %d, connections %d" % (
            len(record.acknowledged), self.lost, self.duplicated, self.damaged, self.ghosts, len(record.unknown), self.checked, record.connections)
        if self.lost or self.duplicated or self.damaged or self.ghosts or record.troubles:
            raise TestFailure("%s\n%s" % (text, "\n".join(self.notes + record.troubles[:12])))
        return text

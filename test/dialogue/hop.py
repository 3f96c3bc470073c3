"""The next hop that a script plays: it listens, takes connections of the server's, and says what the script says."""
import errno
import os
import re
import shutil
import socket
import ssl
import sys
import tempfile
import threading
import time

from peer import VERSIONS, Client, shown
from script import HARNESS, ScriptError, pattern_of, strings

sys.path.insert(0, HARNESS)
from edged import DEADLINE, Ports, TestFailure, wait_for  # noqa: E402 pylint: disable=wrong-import-position

QUEUED = 1  # connections that a listener with a backlog of 0 has the kernel complete before it drops the next


class Hop(Client):
    """A listener and the connection it took last."""

    is_hop = True

    def __init__(self, name, port=None, address="127.0.0.1", path=None):
        super().__init__(name)
        self.address, self.path, self.port = address, path, port or Ports.take()
        self.listening, self.fillers = None, []
        self.listen()

    def __str__(self):
        return "next hop " + self.name

    def written(self):
        return "unix:" + self.path if self.path else "%s:%d" % (self.address, self.port)

    def listen(self, backlog=64):
        if self.path:
            self.listening = socket.socket(socket.AF_UNIX)
            self.listening.bind(self.path)
        else:
            self.listening = socket.socket()
            self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            wait_for("%s to have its port again" % self, self.binds)
        self.listening.listen(backlog)

    def binds(self):
        """Connections of the last listener may still be on their way out."""
        try:
            self.listening.bind((self.address, self.port))
        except OSError as trouble:
            if trouble.errno != errno.EADDRINUSE:
                raise
            return False
        return True

    def refuse(self):
        """Nobody listens."""
        self.close()
        for filler in self.fillers:
            filler.close()
        self.fillers = []
        if self.listening:
            self.listening.close()
            if self.path:
                os.unlink(self.path)
        self.listening = None

    def fill_up(self):
        """Somebody listens, and no further connection is completed."""
        self.refuse()
        self.listen(0)
        for _ in range(QUEUED + 1):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((self.address, self.port))
            self.fillers.append(filler)
        time.sleep(0.1)

    def accept(self):
        self.close()
        self.listening.settimeout(DEADLINE)
        try:
            self.socket, _ = self.listening.accept()
        except TimeoutError:
            raise TestFailure("%s: nobody connects" % self) from None
        self.socket.settimeout(DEADLINE)
        if not self.path:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending, self.ended = b"", None

    def context(self, folder, options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = VERSIONS[options.get("min", options.get("only", "1.2"))]
        context.maximum_version = VERSIONS[options.get("max", options.get("only", "1.3"))]
        name = options.get("cert", "server")
        context.load_cert_chain(os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key"))
        return context

    def handshake(self, folder, options):
        self.socket.settimeout(DEADLINE)
        if self.pending:
            raise TestFailure("%s: unread before TLS: %s" % (self, shown(self.pending)))
        try:
            self.socket = self.context(folder, options).wrap_socket(self.socket, server_side=True, suppress_ragged_eofs=False)
        except (ssl.SSLError, OSError) as trouble:
            self.ended = "broken: %s" % trouble
            raise TestFailure("%s: handshake: %s" % (self, trouble)) from None

    def gather(self, enough):
        """Octets until `enough`, asked with all of them and how many were there the last time, says where the rest begins."""
        until, data, before = time.monotonic() + DEADLINE, bytearray(), 0
        while True:
            data += self.pending
            self.pending = b""
            end = enough(data, before)
            if end is not None:
                self.pending = bytes(data[end:])
                return bytes(data[:end])
            before = len(data)
            if not self.receive(max(0.0, until - time.monotonic())):
                raise TestFailure("%s: waited for more, got %d octets: %s%s" % (
                    self, len(data), shown(bytes(data)), ", then the connection was %s" % self.ended if self.ended else ""))

    def until(self, mark):
        """The octets up to and with `mark`."""
        def enough(data, before):
            at = data.find(mark, max(0, before - len(mark)))
            return at + len(mark) if at >= 0 else None
        return self.gather(enough)

    def exactly(self, count):
        return self.gather(lambda data, _: count if len(data) >= count else None)


class Hops:
    """All next hops of a script: next-hop NAME [unix] [at=ADDRESS] [beside=OTHER] [absent]"""

    def __init__(self, declared):
        self.hops, self.folder, self.lock = {}, None, threading.Lock()
        for name, *words in declared:
            options = dict(word.partition("=")[::2] for word in words)
            path = os.path.join(self.place(), name) if "unix" in options else None
            port = self.named(options["beside"]).port if "beside" in options else None
            self.hops[name] = Hop(name, port, options.get("at", "127.0.0.1"), path)
            if "absent" in options:
                self.hops[name].refuse()

    def place(self):
        self.folder = self.folder or tempfile.mkdtemp(prefix="edge-hop-")
        return self.folder

    def named(self, name):
        if name not in self.hops:
            raise ScriptError("no next-hop %s" % name)
        return self.hops[name]

    def filled(self, text):
        for name, hop in self.hops.items():
            text = text.replace("@%s@" % name, hop.written()).replace("@%s.port@" % name, str(hop.port))
        return text

    def close(self):
        for hop in self.hops.values():
            hop.refuse()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def unstuffed(octets):
    """The message within what came behind DATA, up to and with the line with the dot."""
    return (b"\n" + octets[:-3]).replace(b"\n.", b"\n")[1:]


class HopSteps:
    """Steps of next hops, and those that ask what became of a message."""

    # pylint: disable=no-member,attribute-defined-outside-init

    def do_hop(self, step):
        """hop NAME [{ ... }]: as `client`."""
        if step.block is None:
            self.client = self.player.hop(step.rest)
            return
        before, self.client = self.client, self.player.hop(step.rest)
        self.play(step.block)
        self.client = before

    def do_accept(self, _):
        self.client.accept()

    def do_refuse(self, step):
        """refuse [full]: nobody listens; or connections are not completed."""
        if step.rest == "full":
            self.client.fill_up()
        else:
            self.client.refuse()

    def do_listen(self, _):
        self.client.refuse()
        self.client.listen()

    def hear(self, text):
        self.keep(self.client.expect(pattern_of(self.octets(text) + b"\r\n")))

    def do_takes(self, step):
        """takes [COUNT] "...": the message up to the dot, or so many octets; without what was stuffed, and without
        the Received field where "..." does not begin with one."""
        rest = self.fill_in(step.rest)
        count, _, text = rest.partition(" ") if rest[:1].isdigit() else ("", "", rest)
        found = self.client.exactly(int(count)) if count else unstuffed(self.client.until(b"\r\n.\r\n"))
        received = re.match(rb"Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", found)
        if not text:
            return
        wanted = strings(text)
        found = found[received.end():] if received and not wanted.startswith(b"Received:") else found
        if wanted == found:
            return
        matched = pattern_of(wanted).fullmatch(found) if b"%{" in wanted else None
        if not matched:
            raise TestFailure("taken: %s\nwanted: %s" % (shown(found), shown(wanted)))
        self.keep({key: value.decode() for key, value in matched.groupdict().items()})

    def do_dribble(self, step):
        """dribble SECONDS "...": an octet each so many seconds, until all are said or the other side has had enough."""
        pause, _, text = step.rest.partition(" ")
        for octet in strings(self.fill_in(text)):
            try:
                self.client.socket.sendall(bytes([octet]))
            except OSError:
                return
            if self.client.receive(float(pause)):
                raise TestFailure("%s: got meanwhile %s" % (self.client, shown(self.client.pending)))
            if self.client.ended:
                return

    def do_reason(self, step):
        """reason ID RECIPIENT PATTERN: what edgectl queue show says, now or soon, of the last try for this recipient."""
        identity, recipient, wanted = self.fill_in(step.rest).split(" ", 2)
        line = re.compile(rb"(?m)^recipient +" + re.escape(recipient.encode()) + rb", \w+, tried \d+ times?: " +
                          pattern_of(wanted.encode("utf-8", "surrogateescape")).pattern + rb"(?: \([^\n]*\))?$")
        seen = [b""]

        def shows():
            done = self.server.ctl("queue", "show", identity, check=False)
            seen[0] = done.stdout + done.stderr
            return line.search(seen[0])
        try:
            wait_for("the reason", shows, pause=0.05)
        except TestFailure:
            raise TestFailure("wanted %r, edgectl says:\n%s" % (wanted, seen[0].decode("utf-8", "replace"))) from None

    def do_gone(self, step):
        """gone ID: the message has left the queue, or does so soon."""
        identity = self.fill_in(step.rest)
        wait_for("message %s to leave the queue" % identity,
                 lambda: all(entry["id"] != identity for entry in self.server.queue()), pause=0.05)

    # Steps that are said once and played often

    def do_play(self, step):
        """play PART: the steps of `part PART { ... }`, as whoever is on."""
        name = self.fill_in(step.rest)
        if name not in self.player.parts:
            raise ScriptError("no part %s" % name)
        self.play(self.player.parts[name])

    def do_for(self, step):
        """for NAME [NAME2] in A => A2 | B => B2 { ... }: the block once for each, which is ${NAME}."""
        names, word, rest = step.rest.partition(" in ")
        for case in rest.split(" | "):
            values = [value.strip() for value in case.split(" => ")]
            if not word or len(values) != len(names.split()):
                raise ScriptError("for NAME NAME in VALUE => VALUE | VALUE => VALUE { ... }")
            self.keep(dict(zip(names.split(), values)))
            try:
                self.play(step.block)
            except TestFailure as trouble:
                raise TestFailure("with %s\n%s" % (case.strip(), trouble)) from None

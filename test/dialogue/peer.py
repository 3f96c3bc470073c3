"""One connection of a dialogue, octet by octet."""
import os
import select
import socket
import ssl
import struct
import sys
import time

from script import HARNESS

sys.path.insert(0, HARNESS)
from edged import DEADLINE, TestFailure  # noqa: E402 pylint: disable=wrong-import-position

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def shown(octets):
    text = repr(octets if len(octets) <= 600 else octets[:400] + b" ... " + octets[-100:])
    return text if len(octets) <= 600 else "%s (%d octets)" % (text, len(octets))


class Client:
    """One connection, octet by octet."""

    is_hop = False

    def __init__(self, name):
        self.name, self.socket, self.pending, self.ended = name, None, b"", None
        self.contexts, self.session = {}, None

    def __str__(self):
        return "client " + self.name

    def connect(self, port, source=None, rcvbuf=None):
        self.close()
        self.socket = socket.socket()
        self.socket.settimeout(DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if rcvbuf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.pending, self.ended = b"", None

    def close(self):
        if self.socket:
            self.keep_session()
            self.socket.close()
        self.socket = None

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def keep_session(self):
        if isinstance(self.socket, ssl.SSLSocket) and self.socket.session:
            self.session = self.socket.session

    def send(self, octets, bytewise=False):
        try:
            if not bytewise:
                self.socket.sendall(octets)
                return
            for at in range(len(octets)):
                self.socket.sendall(octets[at:at + 1])
                time.sleep(0.001)
        except (BrokenPipeError, ConnectionResetError) as trouble:
            raise TestFailure("%s: cannot send: %s; received before: %s" % (self, trouble, shown(self.pending)))

    def fill(self, octets):
        """Sends until nothing goes any more."""
        self.socket.setblocking(False)
        sent, idle_since = 0, None
        until = time.monotonic() + DEADLINE
        try:
            while time.monotonic() < until:
                try:
                    sent += self.socket.send(octets * 64)
                    idle_since = None
                except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                    idle_since = idle_since or time.monotonic()
                    if time.monotonic() - idle_since > 0.5:
                        return sent
                    time.sleep(0.01)
                except ConnectionError:
                    return sent
        finally:
            self.socket.settimeout(DEADLINE)
        raise TestFailure("%s: the server took %d octets without being read" % (self, sent))

    def receive(self, timeout=DEADLINE):
        """More octets, or False at the end or after the time."""
        if self.ended:
            return False
        secure = isinstance(self.socket, ssl.SSLSocket)
        if not (secure and self.socket.pending()):
            ready, _, _ = select.select([self.socket], [], [], timeout)
            if not ready:
                return False
        try:
            # What came may be no data: a ticket, a part of a record.
            self.socket.settimeout(max(timeout, 0.01) if secure else DEADLINE)
            octets = self.socket.recv(65536)
        except TimeoutError:
            return False
        except ssl.SSLEOFError:
            self.ended = "truncated"
            return False
        except ssl.SSLError as trouble:
            self.ended = "broken: %s" % trouble
            return False
        except ConnectionResetError:
            self.ended = "reset"
            return False
        if not octets:
            self.ended = "closed"
            return False
        self.pending += octets
        return True

    # TLS

    def context(self, folder, options):
        """Kept, because a session is resumed by the context it came of."""
        key = tuple(sorted((k, v) for k, v in options.items() if k not in ("sni", "resume")))
        if key in self.contexts:
            return self.contexts[key]
        context = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
        context.check_hostname = context.verify_mode = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.minimum_version = VERSIONS[options.get("min", options.get("only", "1.2"))]
        context.maximum_version = VERSIONS[options.get("max", options.get("only", "1.3"))]
        if "cert" in options:
            context.load_cert_chain(os.path.join(folder, options["cert"] + ".pem"), os.path.join(folder, options["cert"] + ".key"))
        if "ciphers" in options:
            context.set_ciphers(options["ciphers"])
        self.contexts[key] = context
        return context

    def handshake(self, folder, options):
        if self.pending:
            raise TestFailure("%s: unread before TLS: %s" % (self, shown(self.pending)))
        self.socket.settimeout(DEADLINE)
        try:
            self.socket = self.context(folder, options).wrap_socket(
                self.socket, server_hostname=options.get("sni"), session=self.session if "resume" in options else None,
                suppress_ragged_eofs=False)
        except (ssl.SSLError, OSError) as trouble:
            raise TestFailure("%s: handshake: %s" % (self, trouble)) from None

    def hello(self, folder):
        """The octets of a real ClientHello."""
        to_us, from_us = ssl.MemoryBIO(), ssl.MemoryBIO()
        speaker = self.context(folder, {}).wrap_bio(to_us, from_us, server_hostname="mx.example.net")
        try:
            speaker.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return from_us.read()

    def expect(self, pattern, length=None):
        """The next octets must match; `pattern` is compiled; `length` when it is a fixed text."""
        until = time.monotonic() + DEADLINE
        while True:
            if length is not None and len(self.pending) >= length or length is None and b"\n" in self.pending:
                break
            if not self.receive(max(0.0, until - time.monotonic())):
                break
        take = self.pending[:length] if length is not None else self.pending[:self.pending.find(b"\n") + 1]
        found = pattern.fullmatch(take)
        if not found:
            raise TestFailure("%s: expected %s\n     got %s%s" % (
                self, pattern.pattern.decode("utf-8", "replace"), shown(take or self.pending),
                ", then the connection was %s" % self.ended if self.ended else "" if take else " and nothing more"))
        self.pending = self.pending[len(take):]
        return {key: value.decode() for key, value in found.groupdict().items()}

"""A name server for tests: UDP and TCP on one loopback port, a zone written as text, and every kind of trouble.

    mail.example      A 192.0.2.7 ttl=60            records; AAAA, MX, TXT, PTR and CNAME as well
    example           MX 10 mail.example            a null MX: MX 0 .
    192.0.2.7         PTR mail.example              below in-addr.arpa or ip6.arpa
    192.0.2.7@list    A 127.0.0.2                   as lists of addresses are asked: 7.2.0.192.list
    *.wild            A 192.0.2.8                   names below it that stand nowhere else
    empty.example     exists                        without records
    slow.example      held                          answered when release() is called; delay=SECS: later
    bad.example       silent | servfail | refused | wrong-id | wrong-question | truncated | garbage | no-soa

What stands nowhere does not exist, and may be denied for 60 seconds. A trick belongs to its name beside records of it.
"""
import ipaddress
import shlex
import socket
import struct
import threading
import time

TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
NAMES = {number: name for name, number in TYPES.items()}
TRICKS = ("exists", "held", "silent", "servfail", "refused", "wrong-id", "wrong-question", "truncated", "garbage", "no-soa")
LABELS = 40  # of an answer that goes round in circles


def backwards(text):
    """The labels of an address, last first."""
    address = ipaddress.ip_address(text)
    digits = str(address).split(".") if address.version == 4 else list(address.exploded.replace(":", ""))
    return ".".join(reversed(digits))


def owner(text):
    text = text.lower().rstrip(".")
    address, at, zone = text.partition("@")
    try:
        if at:
            return "%s.%s" % (backwards(address), zone)
        return "%s.%s" % (backwards(text), "in-addr.arpa" if ipaddress.ip_address(text).version == 4 else "ip6.arpa")
    except ValueError:
        return text


def name_octets(name):
    out = b""
    for label in name.rstrip(".").split(".") if name.rstrip(".") else []:
        raw = label.encode("utf-8", "surrogateescape")
        out += bytes([len(raw)]) + raw
    return out + b"\0"


def data_octets(kind, words):
    if kind == "A":
        return ipaddress.IPv4Address(words[0]).packed
    if kind == "AAAA":
        return ipaddress.IPv6Address(words[0]).packed
    if kind == "MX":
        return struct.pack("!H", int(words[0])) + name_octets(words[1])
    if kind == "TXT":
        strings = [word.encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1") for word in words]
        return b"".join(bytes([len(part)]) + part for part in strings)
    return name_octets(words[0])


class Zone:
    def __init__(self, text):
        self.records, self.tricks = {}, {}  # name -> [(type, ttl, octets, target)], name -> {trick: value}
        for number, line in enumerate(text.split("\n"), 1):
            words = shlex.split(line, comments=True)
            if not words:
                continue
            try:
                self._take(owner(words[0]), words[1:])
            except (ValueError, IndexError, struct.error) as trouble:
                raise ValueError("names, line %d: %r: %s" % (number, line, trouble)) from None

    def _take(self, name, words):
        self.records.setdefault(name, [])
        trick, _, value = words[0].partition("=")
        if trick in TRICKS or trick == "delay":
            self.tricks.setdefault(name, {})[trick] = value
            return
        kind, ttl = words[0].upper(), 60
        if words[-1].startswith("ttl="):
            ttl = int(words.pop()[4:])
        self.records[name].append((TYPES[kind], ttl, data_octets(kind, words[1:]), words[1].lower().rstrip(".")))

    def find(self, name):
        """The owner that answers for a name; None."""
        if name in self.records:
            return name
        labels = name.split(".")
        for cut in range(1, len(labels)):
            wild = "*." + ".".join(labels[cut:])
            if wild in self.records:
                return wild
        return None

    def answers(self, name, kind):
        """Entries for the answer section, aliases followed; and whether the last name exists."""
        out = []
        for _ in range(LABELS):
            found = self.find(name)
            records = self.records.get(found, [])
            fitting = [record for record in records if record[0] == kind]
            aliases = [record for record in records if record[0] == TYPES["CNAME"]]
            for record in fitting or aliases:
                out.append(name_octets(name) + struct.pack("!HHIH", record[0], 1, record[1], len(record[2])) + record[2])
            if fitting or not aliases:
                return out, found is not None
            name = aliases[0][3]
        return out, True


SOA = b"\0" + struct.pack("!HHIH", TYPES["SOA"], 1, 60, 22) + b"\0\0" + struct.pack("!IIIII", 1, 60, 60, 60, 60)


class NameServer:
    """Serves from the moment it is made."""

    def __init__(self, text=""):
        self.zone = Zone(text)
        self.lock = threading.Condition()
        self.questions = []  # (type, name)
        self.released, self.closed = False, False
        while True:
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.tcp = socket.socket()
            self.udp.bind(("127.0.0.1", 0))
            self.port = self.udp.getsockname()[1]
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.tcp.bind(("127.0.0.1", self.port))
                break
            except OSError:
                self.udp.close()
                self.tcp.close()
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.tcp.listen(64)
        self.held = []
        for run in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=run, daemon=True).start()

    def close(self):
        self.closed = True
        self.release()
        for one in (self.udp, self.tcp):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def release(self):
        """What is held goes out, and nothing is held any more."""
        with self.lock:
            self.released = True
            waiting, self.held = self.held, []
        for send, octets in waiting:
            send(octets)

    def asked(self, kind, name):
        """How often a question came; `name` as in the zone, "*" for any."""
        with self.lock:
            return sum(kind in ("*", one) and name in ("*", other) for one, other in self.questions)

    # Answering

    def _read(self, octets):
        labels, at = [], 12
        while octets[at]:
            labels.append(octets[at + 1:at + 1 + octets[at]].decode("utf-8", "surrogateescape"))
            at += 1 + octets[at]
        return ".".join(labels).lower(), struct.unpack_from("!H", octets, at + 1)[0], octets[12:at + 5]

    def _answer(self, octets, by_tcp, send):
        name, kind, question = self._read(octets)
        with self.lock:
            self.questions.append((NAMES.get(kind, str(kind)), name))
        tricks = self.zone.tricks.get(self.zone.find(name), {})
        if "silent" in tricks:
            return
        identity, code, answers, authority, cut = octets[:2], 0, [], [], False
        if "servfail" in tricks or "refused" in tricks:
            code = 2 if "servfail" in tricks else 5
        elif "truncated" in tricks and not by_tcp:
            cut = True
        else:
            answers, exists = self.zone.answers(name, kind)
            code = 0 if exists else 3
            if not answers and "no-soa" not in tricks:
                authority = [SOA]
        if "wrong-id" in tricks:
            identity = bytes([identity[0] ^ 0x55, identity[1]])
        if "wrong-question" in tricks:
            question = bytes([question[0], question[1] ^ 1]) + question[2:]
        head = identity + struct.pack("!HHHHH", 0x8180 | (0x0200 if cut else 0) | code, 1, len(answers), len(authority), 0)
        whole = head + question + b"".join(answers + authority)
        if "garbage" in tricks:
            whole = head[:6] + b"\0\3\0\0\0\0" + question + b"\xc0\xff\0\1\0"
        if "held" in tricks:
            with self.lock:
                if not self.released:
                    self.held.append((send, whole))
                    return
        if "delay" in tricks:
            threading.Thread(target=self._later, args=(float(tricks["delay"]), send, whole), daemon=True).start()
            return
        send(whole)

    def _later(self, seconds, send, octets):
        time.sleep(seconds)
        if not self.closed:
            send(octets)

    def _serve_udp(self):
        while not self.closed:
            try:
                octets, peer = self.udp.recvfrom(4096)
            except OSError:
                return
            if len(octets) >= 17:
                self._answer(octets, False, lambda answer, peer=peer: self._send(lambda: self.udp.sendto(answer, peer)))

    def _serve_tcp(self):
        while not self.closed:
            try:
                peer, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer):
        pending = b""
        try:
            while True:
                octets = peer.recv(4096)
                if not octets:
                    return
                pending += octets
                while len(pending) >= 2 and len(pending) >= 2 + (pending[0] << 8 | pending[1]):
                    size = pending[0] << 8 | pending[1]
                    message, pending = pending[2:2 + size], pending[2 + size:]
                    self._answer(message, True, lambda answer: self._send(
                        lambda: peer.sendall(struct.pack("!H", len(answer)) + answer)))
        except OSError:
            pass
        finally:
            peer.close()

    @staticmethod
    def _send(act):
        try:
            act()
        except OSError:
            pass  # whoever asked has gone

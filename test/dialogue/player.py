"""Plays a script against a running edged."""
import base64
import json
import os
import re
import shutil
import signal
import socket
import ssl
import sys
import threading
import time

from hop import HopSteps
from peer import Client, shown
from script import HARNESS, ScriptError, pattern_of, row_pattern, strings

sys.path.insert(0, HARNESS)
import nameserver  # noqa: E402 pylint: disable=wrong-import-position
import sasl  # noqa: E402 pylint: disable=wrong-import-position
from edged import DEADLINE, TestFailure, wait_for  # noqa: E402 pylint: disable=wrong-import-position

def member(line, path):
    at = line
    for part in path.split("."):
        if isinstance(at, list):
            at = at[int(part)] if int(part) < len(at) else None
        elif isinstance(at, dict):
            at = at.get(part)
        else:
            return None
    return at


def log_matches(line, kind, wanted):
    if line.get("type") != kind:
        return False
    for path, text in wanted:
        value = member(line, path)
        value = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if not pattern_of(text.encode("utf-8", "surrogateescape")).fullmatch(value.encode("utf-8")):
            return False
    return True


class Player:
    """All that the clients of one script share; one Hand for each thread of it."""

    def __init__(self, server, rows, relaxed, names=None, hops=None, parts=None):
        self.server, self.rows, self.relaxed, self.names = server, rows, relaxed, names
        self.hops, self.parts = hops, parts or {}
        self.clients, self.values, self.lock = {}, {}, threading.RLock()
        self.log_taken = set()
        self.barriers = {}

    def client(self, name):
        with self.lock:
            return self.clients.setdefault(name, Client(name))

    def hop(self, name):
        return self.hops.named(name)

    def close(self):
        for client in self.clients.values():
            client.close()

    def play(self, steps):
        Hand(self).play(steps)


class Hand(HopSteps):
    """Plays steps one after the other, as a client or as a next hop."""

    def __init__(self, player, peer=None):
        self.player, self.server = player, player.server
        self.client = peer or player.client("c")
        self.claimed = None  # the reply row that the next S: must show

    def play(self, steps):
        for step in steps:
            try:
                getattr(self, "do_" + {"C:": "line", "S:": "reply"}.get(step.word, step.word.replace("-", "_")))(step)
            except TestFailure as trouble:
                raise TestFailure("%s\n%s" % (step, trouble)) from None
            except (ScriptError, ValueError, OSError) as trouble:
                raise TestFailure("%s\n%r" % (step, trouble)) from trouble

    def fill_in(self, text):
        with self.player.lock:
            return self.player.hops.filled(re.sub(r"\$\{(\w+)\}", lambda found: self.value(found.group(1)), text))

    def value(self, name):
        if name == "PORT":
            return str(self.server.port)
        if name not in self.player.values:
            raise ScriptError("nothing is called ${%s}" % name)
        return self.player.values[name]

    def octets(self, text):
        return self.fill_in(text).encode("utf-8", "surrogateescape")

    def keep(self, values):
        with self.player.lock:
            self.player.values.update(values)

    # Clients

    def do_client(self, step):
        if step.block is None:
            self.client = self.player.client(step.rest)
            return
        before, self.client = self.client, self.player.client(step.rest)
        self.play(step.block)
        self.client = before

    def do_connect(self, step):
        options = dict(pair.split("=", 1) for pair in self.fill_in(step.rest).split())
        self.client.connect(int(options.get("port", self.server.port)), options.get("from"), int(options.get("rcvbuf", 0)))

    def do_line(self, step):
        """C: TEXT of a client; what a next hop must hear."""
        if self.client.is_hop:
            self.hear(step.rest)
            return
        self.client.send(self.octets(step.rest) + b"\r\n")

    def do_reply(self, step):
        """S: PATTERN to a client; what a next hop says."""
        if self.client.is_hop:
            self.client.send(self.octets(step.rest) + b"\r\n")
            return
        if self.claimed:
            if not row_pattern(self.player.rows[self.claimed]).match(step.rest):
                raise ScriptError("this is not the reply of row %s" % self.claimed)
            self.claimed = None
        self.keep(self.client.expect(pattern_of(self.octets(step.rest) + b"\r\n")))

    def do_row(self, step):
        if step.rest not in self.player.rows:
            raise ScriptError("no row %s in reply_texts.def" % step.rest)
        self.claimed = step.rest

    def do_send(self, step):
        text = step.rest
        bytewise = text.startswith("bytewise ")
        self.client.send(strings(self.fill_in(text[9:] if bytewise else text)), bytewise)

    def do_expect(self, step):
        octets = strings(self.fill_in(step.rest))
        if b"%{" in octets:
            pattern = pattern_of(octets)
            self.settle(0.3, lambda: pattern.fullmatch(self.client.pending))
            self.keep(self.client.expect(pattern, len(self.client.pending)))
        else:
            self.client.expect(re.compile(re.escape(octets)), len(octets))

    def settle(self, quiet, enough):
        """Receives until the end, or until nothing more comes for so many seconds and what is there is enough."""
        until = time.monotonic() + DEADLINE
        while self.client.receive(quiet) or not (self.client.ended or enough() or time.monotonic() > until):
            pass

    def do_one(self, step):
        """one read { S: ... }: all of it in what a single read gives."""
        if step.rest != "read":
            raise ScriptError("one read { ... }")
        if not self.player.relaxed:
            lines = b"".join(self.octets(inner.rest) + b"\r\n" for inner in step.block if inner.word == "S:")
            if self.client.pending:
                raise TestFailure("%s: unread before: %s" % (self.client, shown(self.client.pending)))
            self.client.receive()
            if not pattern_of(lines).fullmatch(self.client.pending):
                raise TestFailure("%s: one read gave %s" % (self.client, shown(self.client.pending)))
        self.play(step.block)

    def do_silence(self, step):
        if self.client.receive(float(step.rest)) or self.client.ended or self.client.pending:
            raise TestFailure("%s: expected nothing, got %s %s" % (self.client, shown(self.client.pending), self.client.ended or ""))

    def do_closed(self, step):
        until = time.monotonic() + DEADLINE
        while not self.client.ended and time.monotonic() < until:
            self.client.receive(max(0.0, until - time.monotonic()))
        if self.client.pending or not self.client.ended:
            raise TestFailure("%s: expected the end, got %s" % (self.client, shown(self.client.pending)))
        if step.rest and self.client.ended != step.rest:
            raise TestFailure("%s: the connection was %s" % (self.client, self.client.ended))
        self.client.close()

    def do_drop(self, _):
        """Forgets a reply and what comes right behind it, or whatever comes up to the end; a next hop, all up to the end."""
        if self.client.is_hop:
            until = time.monotonic() + DEADLINE
            while not self.client.ended and time.monotonic() < until:
                self.client.pending = b""
                self.client.receive(0.5)
        else:
            self.settle(0.5, lambda: re.search(rb"(?:^|\n)\d{3} [^\n]*\n\Z", self.client.pending))
        self.client.pending = b""

    def do_close(self, _):
        self.client.close()

    def do_half_close(self, _):
        self.client.socket.shutdown(socket.SHUT_WR)

    def do_reset(self, _):
        self.client.reset()

    def do_delay(self, step):
        time.sleep(float(step.rest))

    def do_flood(self, step):
        self.client.fill(strings(step.rest))

    def do_together(self, step):
        troubles = []

        def run(inner):
            try:
                peer = self.player.hop(inner.rest) if inner.word == "hop" else self.player.client(inner.rest)
                Hand(self.player, peer).play(inner.block)
            except BaseException as trouble:  # pylint: disable=broad-except
                troubles.append(trouble)
                for barrier in self.player.barriers.values():
                    barrier.abort()
        if any(inner.word not in ("client", "hop") or inner.block is None for inner in step.block):
            raise ScriptError("together { client NAME { ... } hop NAME { ... } ... }")
        names = [[other.rest for other in inner.block if other.word == "barrier"] for inner in step.block]
        for name in {name for some in names for name in some}:
            self.player.barriers[name] = threading.Barrier(sum(name in some for some in names), timeout=2 * DEADLINE)
        threads = [threading.Thread(target=run, args=(inner,)) for inner in step.block]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        real = [trouble for trouble in troubles if not isinstance(trouble, threading.BrokenBarrierError)]
        if troubles:
            raise (real or troubles)[0]

    def do_barrier(self, step):
        self.player.barriers[step.rest].wait()

    def do_each(self, step):
        """each N NAME { ... }: the block for so many clients, one after the other; ${N} is the number."""
        count, _, name = step.rest.partition(" ")
        for number in range(1, int(count) + 1):
            self.keep({"N": str(number)})
            Hand(self.player, self.player.client("%s%d" % (name or "each", number))).play(step.block)

    # The name server

    def do_release(self, step):
        """release: what the name server holds goes out."""
        self.player.names.release()

    def do_asked(self, step):
        """asked N TYPE NAME: how often the name server was asked that; TYPE and NAME may be *."""
        count, kind, name = self.fill_in(step.rest).split()
        name = name if name == "*" else nameserver.owner(name)
        try:
            wait_for("the questions", lambda: self.player.names.asked(kind, name) == int(count))
        except TestFailure:
            raise TestFailure("asked %d times: %s" % (self.player.names.asked(kind, name),
                                                      " ".join("%s:%s" % one for one in self.player.names.questions))) from None

    # TLS and AUTH

    def folder(self):
        return os.path.join(self.server.root, "tls")

    @staticmethod
    def options(text):
        return dict(word.partition("=")[::2] for word in text.split())

    def do_handshake(self, step):
        self.client.handshake(self.folder(), self.options(self.fill_in(step.rest)))

    def do_no_handshake(self, step):
        """In TLS 1.3 a client learns with its first read that its certificate was refused."""
        try:
            self.client.handshake(self.folder(), self.options(self.fill_in(step.rest)))
        except TestFailure:
            self.client.close()
            return
        while self.client.receive(DEADLINE):
            pass
        if self.client.pending or not self.client.ended or self.client.ended == "closed":
            raise TestFailure("%s: the handshake was done; then %s %s" % (self.client, shown(self.client.pending), self.client.ended))
        self.client.close()

    def do_tls(self, step):
        """tls MEMBER=PATTERN...: what the client sees of it."""
        peer = self.client.socket
        if not isinstance(peer, ssl.SSLSocket):
            raise TestFailure("%s: no TLS" % self.client)
        certificate = peer.getpeercert() or {}
        facts = {"version": peer.version(), "cipher": peer.cipher()[0], "resumed": str(peer.session_reused).lower(),
                 "name": dict(pair for part in certificate.get("subject", ()) for pair in part).get("commonName"),
                 "key": self._key_kind(peer)}
        for member_, pattern in self.options(self.fill_in(step.rest)).items():
            if not pattern_of(pattern.encode()).fullmatch(str(facts[member_]).encode()):
                raise TestFailure("%s: %s" % (self.client, facts))

    @staticmethod
    def _key_kind(peer):
        found = peer.getpeercert(True)
        return "none" if not found else "ecdsa" if b"\x2a\x86\x48\xce\x3d\x02\x01" in found else "rsa"

    def do_cut_hellos(self, step):
        """cut-hellos STEP [immediate] [reset]: hellos that end too early, each on its own connection."""
        words = step.rest.split()
        hello = self.client.hello(self.folder())
        for length in list(range(0, len(hello), int(words[0]))) + [len(hello) - 1]:
            self.client.connect(self.server.port)
            if "immediate" not in words:
                for text, code in ((None, b"220"), (b"EHLO cut.example", b"250"), (b"STARTTLS", b"220")):
                    if text:
                        self.client.send(text + b"\r\n")
                    self.client.expect(re.compile(rb"(?s:.*)") if code == b"250" else re.compile(code + rb" [^\r\n]*\r\n"),
                                       self._whole_reply(code) if code == b"250" else None)
            self.client.send(hello[:length])
            if "reset" in words:
                self.client.reset()
            else:
                self.client.socket.shutdown(socket.SHUT_WR)
                while self.client.receive():
                    pass
                if not self.client.ended:
                    raise TestFailure("a hello cut after %d octets: still open" % length)
                if self.client.pending and self.client.pending[:1] != b"\x15":
                    raise TestFailure("a hello cut after %d octets: got %s" % (length, shown(self.client.pending)))
                self.client.close()

    def _whole_reply(self, code):
        """How long the reply is that has come."""
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            found = re.match(rb"(?:%s-[^\r\n]*\r\n)*%s [^\r\n]*\r\n" % (code, code), self.client.pending)
            if found:
                return found.end()
            if not self.client.receive():
                break
        raise TestFailure("%s: no whole %s, got %s" % (self.client, code.decode(), shown(self.client.pending)))

    def do_drip_hello(self, step):
        """drip-hello SECONDS: an octet each so many seconds, until the server has had enough."""
        start = time.monotonic()
        for octet in self.client.hello(self.folder()):
            try:
                self.client.socket.sendall(bytes([octet]))
            except OSError:
                pass
            while self.client.receive(float(step.rest)):
                pass
            if self.client.ended:
                self.client.close()
                return
            if time.monotonic() - start > 2 * DEADLINE:
                break
        raise TestFailure("%s: a dripped handshake goes on for %g s" % (self.client, time.monotonic() - start))

    def do_let(self, step):
        """let NAME base64 "octets" | plain USER PASSWORD | cram-md5 USER PASSWORD CHALLENGE"""
        name, kind, rest = self.fill_in(step.rest).split(" ", 2)
        if kind == "base64":
            octets = strings(rest)
        elif kind == "plain":
            octets = sasl.plain(*rest.split())
        elif kind == "cram-md5":
            user, password, challenge = rest.split()
            octets = sasl.cram_md5(user, password, base64.b64decode(challenge))
        else:
            raise ScriptError("let NAME base64|plain|cram-md5 ...")
        self.keep({name: sasl.text64(octets)})

    def do_scram(self, step):
        """scram USER PASSWORD [flag=y] [proof=wrong] [nonce=wrong]: up to the last reply, which is for S: to look at."""
        user, password, *more = step.rest.split()
        more = self.options(" ".join(more))
        scram = sasl.Scram(user, password, more.get("flag", "n"))
        self.client.send(b"AUTH SCRAM-SHA-256 " + sasl.text64(scram.first()).encode() + b"\r\n")
        final = scram.final(self._challenge())
        if "proof" in more:
            final = final[:-8] + b"AAAAAAA="
        if "nonce" in more:
            final = final.replace(b",r=", b",r=x")
        self.client.send(sasl.text64(final).encode() + b"\r\n")
        if "fails" not in more:
            try:
                scram.verify(self._challenge())
            except ValueError as trouble:
                raise TestFailure(str(trouble)) from None
            self.client.send(b"\r\n")

    def _challenge(self):
        return base64.b64decode(self.client.expect(re.compile(rb"334 (?P<text>[A-Za-z0-9+/=]*)\r\n"))["text"])

    # The server

    def do_edgectl(self, step):
        """edgectl ARGUMENTS [<<< TEXT]"""
        arguments, _, text = self.fill_in(step.rest).partition(" <<< ")
        self.server.ctl(*arguments.split(), text=text + "\n" if text else None)

    def do_no_edgectl(self, step):
        arguments, _, text = self.fill_in(step.rest).partition(" <<< ")
        done = self.server.ctl(*arguments.split(), text=text + "\n" if text else None, check=False)
        if done.returncode == 0:
            raise TestFailure("edgectl did not refuse:\n%s" % done.stdout.decode("utf-8", "replace"))

    def do_install(self, step):
        """install FROM TO: a file below ServerRoot takes the place of another, at once."""
        source, target = (os.path.join(self.server.root, name) for name in step.rest.split())
        shutil.copy(source, target + ".new")
        os.rename(target + ".new", target)

    def do_remove(self, step):
        os.remove(os.path.join(self.server.root, step.rest))

    def do_touch(self, step):
        os.utime(os.path.join(self.server.root, step.rest))

    def _take_log(self, kind, wanted):
        with self.player.lock:
            for index, line in enumerate(self.server.transactions()):
                if index not in self.player.log_taken and log_matches(line, kind, wanted):
                    self.player.log_taken.add(index)
                    return line
        return None

    def do_log(self, step):
        kind, *pairs = self.fill_in(step.rest).split()
        wanted = [tuple(pair.split("=", 1)) for pair in pairs]
        try:
            wait_for("the log line", lambda: self._take_log(kind, wanted))
        except TestFailure:
            raise TestFailure("no such line in the transaction log:\n" + "\n".join(
                json.dumps(line) for index, line in enumerate(self.server.transactions()) if index not in self.player.log_taken)) from None

    def do_unlogged(self, step):
        """unlogged TYPE: no further line of it."""
        time.sleep(0.2)
        left = [line for index, line in enumerate(self.server.transactions())
                if index not in self.player.log_taken and line["type"] == step.rest]
        if left:
            raise TestFailure("further lines: %s" % json.dumps(left))

    def do_counter(self, step):
        name, operator, number = step.rest.split()
        test = {"==": lambda a, b: a == b, ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b}[operator]
        seen = []

        def reached():
            seen[:] = [self.server.counter(name)]
            return test(seen[0], int(number))
        try:
            wait_for("the counter", reached, pause=0.1)
        except TestFailure as trouble:
            raise TestFailure("counter %s is %d" % (name, seen[0]) if seen else trouble) from None

    def do_stored(self, step):
        """stored NUMBER: so many messages are in the queue, now or soon."""
        listed = []

        def reached():
            listed[:] = self.server.queue()
            return len(listed) == int(step.rest)
        try:
            wait_for("the messages", reached, pause=0.1)
        except TestFailure:
            raise TestFailure("%d messages are in the queue: %s" % (len(listed), json.dumps(listed)[:2000])) from None

    def do_shows(self, step):
        """shows ID member=VALUE...: of what the queue knows of a message."""
        identity, *pairs = self.fill_in(step.rest).split()
        known = json.loads(self.server.ctl("-o", "json", "queue", "show", identity).stdout)
        if not log_matches(dict(known, type="shown"), "shown", [tuple(pair.split("=", 1)) for pair in pairs]):
            raise TestFailure(json.dumps(known))

    def do_queue_command(self, step):
        self.server.ctl("queue", *self.fill_in(step.rest).split())

    def do_body(self, step):
        """body ID ...: the message without the Received field in front of it, octet for octet."""
        identity, _, text = self.fill_in(step.rest).partition(" ")
        if step.block is not None:
            wanted = b""
            for line in step.block:
                mark, _, rest = line.strip().partition("|")
                if mark:
                    raise ScriptError("lines of a body begin with |")
                wanted += rest[1:].encode("utf-8", "surrogateescape") + b"\r\n"
        else:
            wanted = strings(text)
        whole = self.server.message(identity)
        received = re.match(rb"Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", whole)
        if not received:
            raise TestFailure("the message does not begin with Received: %s" % shown(whole))
        found = whole[received.end():]
        if not pattern_of(wanted).fullmatch(found) if b"%{" in wanted else wanted != found:
            raise TestFailure("stored: %s\nwanted: %s" % (shown(found), shown(wanted)))

    def do_raw(self, step):
        """raw ID "...": the whole stored message matches."""
        identity, _, text = self.fill_in(step.rest).partition(" ")
        whole = self.server.message(identity)
        found = pattern_of(strings(text)).fullmatch(whole)
        if not found:
            raise TestFailure("stored: %s" % shown(whole))
        self.keep({key: value.decode() for key, value in found.groupdict().items()})

    def do_change(self, step):
        """change server|listener|queue|more|file NAME { ... }: for the next reload."""
        if step.rest.startswith("file "):
            self.server.write_file(step.rest[5:].strip(), "\n".join(step.block) + "\n")
        else:
            self.server.blocks[step.rest] = self.player.hops.filled("\n".join(step.block))

    def do_reload(self, step):
        if step.rest not in ("", "refused"):
            raise ScriptError("reload, or reload refused")
        self.server.reload(good=step.rest == "")

    def do_signal(self, step):
        self.server.signal(getattr(signal, "SIG" + step.rest))

    def do_kill_child(self, step):
        self.server.may_crash = True
        before = self.server.generations()
        os.kill(self.server.children()[-1], getattr(signal, "SIG" + (step.rest or "KILL")))
        wait_for("a new child", lambda: self.server.generations() > before, 60)

    def do_exits(self, step):
        process = self.server.process
        try:
            status = process.wait(max(DEADLINE, 30))
        except Exception:
            raise TestFailure("edged does not end") from None
        if status != int(step.rest or 0):
            raise TestFailure("edged ended with %d" % status)

    def do_errorlog(self, step):
        pattern = pattern_of(self.octets(step.rest))
        wait_for("%r in the error log:\n%s" % (step.rest, self.server.tail(1500)), lambda: pattern.search(self.server.log()))

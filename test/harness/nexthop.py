"""A next hop for tests: takes mail by SMTP or LMTP and does what it is told, or what nobody should do.

    hop = NextHop()                     listens on a loopback port of its own
    hop.answers["RCPT"] = "450 4.2.1 Not now"         what it answers to a command; a function gets the argument
    hop.trouble["."] = "close"          close, reset, silence or garbage in place of the answer
    hop.tls_with(FOLDER, "server")      has server.pem and server.key: offers STARTTLS, or speaks TLS at once with at_once=True
    hop.messages                        what it has taken: Message(sender, recipients, parameters, content, connection)

Verbs are GREETING, EHLO, STARTTLS, HANDSHAKE (trouble only), MAIL, RCPT, DATA, `.` (the message), RSET, QUIT, in upper case.
"""
import os
import socket
import ssl
import struct
import threading
import time

from edged import Ports, TestFailure, wait_for

GREETING = "220 hop.example ESMTP"
KEYWORDS = ["PIPELINING", "8BITMIME", "SIZE 100000000", "ENHANCEDSTATUSCODES", "DSN"]


class Message:
    def __init__(self, sender, recipients, content, connection, lines, secured=False):
        self.secured = secured
        self.sender, self.recipients, self.content, self.connection = sender, recipients, content, connection
        self.lines = lines  # the commands of its envelope, as they came


class Ended(Exception):
    """This connection is over."""


class Connection:
    def __init__(self, hop, peer, number):
        self.hop, self.peer, self.number = hop, peer, number
        self.kept = b""
        self.sender, self.recipients, self.lines = None, [], []
        self.secured = False

    # Octets

    def read_line(self):
        while b"\r\n" not in self.kept:
            self.more()
        line, self.kept = self.kept.split(b"\r\n", 1)
        return line.decode("utf-8", "surrogateescape")

    def more(self):
        some = self.peer.recv(65536)
        if not some:
            raise Ended
        self.kept += some

    def read_message(self):
        if self.hop.slow:
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            time.sleep(self.hop.slow)
        data = b"\r\n" + self.kept
        searched = 0
        while (end := data.find(b"\r\n.\r\n", searched)) < 0:
            searched = max(0, len(data) - 5)
            some = self.peer.recv(1 << 20)
            if not some:
                raise Ended
            data += some
        self.kept = data[end + 5:]
        return data[2:end + 2].replace(b"\r\n..", b"\r\n.")[1 if data[2:4] == b".." else 0:]

    def read_octets(self, count):
        while len(self.kept) < count:
            self.more()
        octets, self.kept = self.kept[:count], self.kept[count:]
        return octets

    def say(self, text):
        """Lines behind the first get its code."""
        lines = text.split("\n")
        for i, line in enumerate(lines[:-1]):
            lines[i] = line if line[3:4] == "-" else line[:3] + "-" + line[4:]
            lines[i + 1] = lines[i + 1] if lines[i + 1][:3] == line[:3] else line[:3] + " " + lines[i + 1]
        self.peer.sendall("".join(line + "\r\n" for line in lines).encode("utf-8", "surrogateescape"))

    # Answers

    def misbehave(self, what):
        if what == "reset":
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif what == "garbage":
            self.say("this is not SMTP at all")
            return
        elif what == "silence":
            self.hop.ending.wait()
        raise Ended

    def answer(self, verb, argument, usual, before=lambda answer: None):
        """`before` is called with the answer before the other side can know of it."""
        self.hop.seen.append((self.number, verb, argument))
        trouble = self.hop.pick(self.hop.trouble, verb, argument)
        if trouble:
            self.misbehave(trouble)
            return None
        answer = self.hop.pick(self.hop.answers, verb, argument) or usual
        before(answer)
        self.say(answer)
        return answer

    # Commands

    def hello(self, verb, argument):
        self.forget()
        if not argument:
            self.say("501 5.5.4 Who?")
            return
        keywords = [] if verb == "HELO" else list(self.hop.keywords)
        if keywords and self.hop.tls and not self.secured:
            keywords.append("STARTTLS")
        lines = ["hop.example"] + keywords
        self.answer("EHLO", argument, "\n".join(
            "250%s%s" % (" " if i == len(lines) - 1 else "-", line) for i, line in enumerate(lines)))

    def forget(self):
        self.sender, self.recipients, self.lines = None, [], []

    def mail(self, line):
        answer = self.answer("MAIL", line, "250 2.1.0 Ok")
        if answer and answer[0] == "2":
            self.forget()
            self.sender = line.partition("<")[2].partition(">")[0]
            self.lines = [line]

    def rcpt(self, line):
        address = line.partition("<")[2].rpartition(">")[0]
        if self.sender is None:
            self.say("503 5.5.1 MAIL first")
            return
        answer = self.answer("RCPT", address, "250 2.1.5 Ok")
        if answer and answer[0] == "2":
            self.recipients.append(address)
            self.lines.append(line)

    def data(self):
        if not self.recipients:
            self.say("503 5.5.1 RCPT first")
            return
        answer = self.answer("DATA", "", "354 Go on")
        if answer and answer.startswith("354"):
            self.taken(self.read_message())

    def bdat(self, argument):
        count, _, last = argument.partition(" ")
        content = self.read_octets(int(count))
        if last.upper() != "LAST" or not self.recipients:
            raise TestFailure("a chunk that nobody expected: BDAT " + argument)
        self.taken(content)

    def taken(self, content):
        message = Message(self.sender, self.recipients, content, self.number, self.lines, self.secured)
        for recipient in self.recipients if self.hop.lmtp else [""]:
            if self.hop.lmtp:
                message = Message(self.sender, [recipient], content, self.number, self.lines, self.secured)
            if self.hop.keep_first:  # it has the message, and the client may never hear of it
                self.hop.messages.append(message)

            def keep(answer, message=message):
                if answer[0] == "2" and not self.hop.keep_first:
                    self.hop.messages.append(message)
            self.answer(".", recipient, "250 2.0.0 Taken as %d" % (len(self.hop.messages) + 1), keep)
        self.forget()

    def starttls(self):
        if self.hop.injected:  # in one write, as somebody on the way would put it there
            self.peer.sendall(b"220 2.0.0 Go ahead\r\n" + self.hop.injected)
            self.shake()
            return
        answer = self.answer("STARTTLS", "", "220 2.0.0 Go ahead" if self.hop.tls else "502 5.5.1 What?")
        if answer and answer.startswith("220"):
            self.shake()

    def auth(self, argument):
        if argument == "LOGIN":
            self.say("334 VXNlcm5hbWU6")
            argument += " " + self.read_line()
            self.say("334 UGFzc3dvcmQ6")
            argument += " " + self.read_line()
        self.answer("AUTH", argument, "235 2.7.0 Welcome")

    def shake(self):
        trouble = self.hop.trouble.get("HANDSHAKE")
        if trouble:
            self.more()  # the client has begun
            self.misbehave(trouble)
        self.kept = b""
        self.hop.open.discard(self.peer)
        self.peer = self.hop.tls.wrap_socket(self.peer, server_side=True)
        self.hop.open.add(self.peer)
        self.hop.certificates.append(self.peer.getpeercert())
        self.secured = True

    def run(self):
        if self.hop.tls_at_once:
            self.shake()
        self.answer("GREETING", "", GREETING)
        while True:
            line = self.read_line()
            verb, _, argument = line.partition(" ")
            verb = verb.upper()
            if verb in ("EHLO", "HELO", "LHLO"):
                self.hello(verb, argument)
            elif verb == "STARTTLS":
                self.starttls()
            elif verb == "AUTH":
                self.auth(argument)
            elif verb == "MAIL":
                self.mail(line)
            elif verb == "RCPT":
                self.rcpt(line)
            elif verb == "DATA":
                self.data()
            elif verb == "BDAT":
                self.bdat(argument)
            elif verb == "RSET":
                self.forget()
                self.answer("RSET", "", "250 2.0.0 Ok")
            elif verb == "QUIT":
                self.answer("QUIT", "", "221 2.0.0 Bye")
                return
            else:
                self.say("500 5.5.2 What?")


class NextHop:
    def __init__(self, port=None, lmtp=False, keywords=None, path=None):
        self.port = port or Ports.take()
        self.lmtp = lmtp
        self.path = path
        self.keywords = list(KEYWORDS if keywords is None else keywords)
        self.answers, self.trouble = {}, {}
        self.messages, self.seen = [], []
        self.keep_first = False
        self.slow = 0
        self.connections = 0
        self.ending = threading.Event()
        self.listening = None
        self.trouble_of_ours = None
        self.open = set()
        self.tls, self.tls_at_once = None, False
        self.injected = b""  # behind the answer to STARTTLS, in clear text
        self.certificates = []  # of its clients, where they were asked for one
        self.names = []  # that handshakes asked for; None: no name
        self.start()

    @staticmethod
    def pick(table, verb, argument):
        what = table.get(verb)
        return what(argument) if callable(what) else what

    def tls_with(self, folder, name, at_once=False):
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.sni_callback = lambda peer, name, context: self.names.append(name)
        self.tls.load_cert_chain(os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key"))
        self.tls_at_once = at_once

    def start(self):
        self.ending.clear()
        if self.path:
            self.listening = socket.socket(socket.AF_UNIX)
            self.listening.bind(self.path)
        else:
            self.listening = socket.socket()
            self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listening.bind(("127.0.0.1", self.port))
        self.listening.listen(512)
        threading.Thread(target=self.accept, args=(self.listening,), daemon=True).start()

    def accept(self, listening):
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            if not self.path:
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            threading.Thread(target=self.serve, args=(peer, self.connections), daemon=True).start()

    def serve(self, peer, number):
        self.open.add(peer)
        connection = Connection(self, peer, number)
        try:
            connection.run()
        except (Ended, OSError):  # a handshake that failed is an OSError too
            pass
        except TestFailure as trouble:
            self.trouble_of_ours = trouble
        finally:
            self.open.discard(connection.peer)
            connection.peer.close()
            peer.close()

    def release(self):
        """Connections that were silent are closed."""
        ending, self.ending = self.ending, threading.Event()
        ending.set()

    def stop(self):
        """Nobody listens any more, and all connections are cut."""
        if self.ending.is_set():
            return
        self.ending.set()
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for peer in list(self.open):
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def has(self, count):
        wait_for("%d messages at the next hop (%d are there)" % (count, len(self.messages)),
                 lambda: len(self.messages) >= count)
        if self.trouble_of_ours:
            raise self.trouble_of_ours
        return self.messages

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

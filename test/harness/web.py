"""Requests to the admin's HTTP server: well-formed ones by http.client, others as raw octets."""
import http.client
import json
import os
import re
import socket
import ssl

from control import Answer
from edged import TestFailure

BLOCK = """
<Admin>
    Listen 127.0.0.1:%d
    TokenFile secrets/admin.tokens
    %s
</Admin>
"""


class Web:
    """A server's admin port, and tokens of each role."""

    def __init__(self, port, tls=None, source=None):
        self.port = port
        self.tls = tls
        self.source = source
        self.tokens = {}
        self.session = None  # (cookie, csrf)

    @staticmethod
    def block(port, lines=""):
        return BLOCK % (port, lines)

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), 30, (self.source, 0) if self.source else None)
        return self.tls.wrap_socket(connection, server_hostname="localhost") if self.tls else connection

    def origin(self):
        return "%s://127.0.0.1:%d" % ("https" if self.tls else "http", self.port)

    def ask(self, method, target, body=None, role=None, wanted=None, token=None, session=False, **headers):
        """`body` goes as JSON; header names are written with underscores."""
        fields = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        if role or token:
            fields["Authorization"] = "Bearer " + (token or self.tokens[role])
        if session:
            fields.setdefault("Cookie", self.session[0])
            fields.setdefault("Origin", self.origin())
            fields.setdefault("X-Edge-Csrf", self.session[1])
        content = None
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        client.sock = self.connect()
        try:
            client.request(method, target, content, fields)
            answer = Answer(client.getresponse())
        finally:
            client.close()
        if wanted is not None and answer.status != wanted:
            raise TestFailure("%s %s: %d, wanted %d\n%s" % (method, target, answer.status, wanted,
                                                             answer.content.decode("utf-8", "replace")))
        return answer

    def raw(self, octets, ends=True):
        """All that comes for these octets, until the server closes, or until a whole answer is there."""
        with self.connect() as connection:
            connection.sendall(octets)
            got = b""
            connection.settimeout(20)
            try:
                while True:
                    more = connection.recv(65536)
                    got += more
                    if not more or (not ends and b"\r\n\r\n" in got):
                        return got
            except ConnectionError:
                return got

    def status_of(self, octets):
        """The status; the connection may stay open."""
        got = self.raw(octets, ends=False)
        found = re.match(rb"HTTP/1\.1 (\d{3}) ", got)
        return int(found.group(1)) if found else got

    def log_in(self, body, wanted=200):
        answer = self.ask("POST", "/api/v1/auth/session", body, Origin=self.origin())
        if answer.status != wanted:
            raise TestFailure("login: %d, wanted %d\n%s" % (answer.status, wanted, answer.content))
        if wanted == 200:
            self.session = (answer.headers["Set-Cookie"].split(";")[0], answer.document["csrf"])
        return answer


def make_token(server, name, role):
    """By edgectl, which needs no running server. Returns the token."""
    return server.ctl("token", "create", "--name", name, "--role", role).stdout.decode().split()[-1]


def client_context(root, certificate=None):
    context = ssl.create_default_context(cafile=os.path.join(root, "tls", "ca.pem"))
    context.check_hostname = False
    if certificate:
        context.load_cert_chain(*certificate)
    return context

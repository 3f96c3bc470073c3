"""Requests to a server's control socket, as edgectl makes them."""
import http.client
import json
import os
import socket

from edged import TestFailure


class Control(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.content = response.read()

    @property
    def etag(self):
        return self.headers["ETag"]

    @property
    def document(self):
        return json.loads(self.content)

    @property
    def code(self):
        return self.document.get("code")


def ask(server, method, target, body=None, wanted=None, **headers):
    """One request; `body` goes as JSON. Header names are written with underscores. `wanted` is the status that must come."""
    client = Control(os.path.join(server.root, "run", "edged.sock"))
    fields = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    content = None
    if body is not None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields.setdefault("Content-Type", "application/json")
    try:
        client.request(method, target, content, fields)
        answer = Answer(client.getresponse())
    finally:
        client.close()
    if wanted is not None and answer.status != wanted:
        raise TestFailure("%s %s: %d, wanted %d\n%s" % (method, target, answer.status, wanted, answer.content.decode("utf-8", "replace")))
    return answer

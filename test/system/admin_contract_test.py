#!/usr/bin/env python3
"""The API against its own description: every route is called without a token, with each role, under a wrong Host, from another
site, without and with a stale If-Match, with an unknown member, with 2 MiB, and what it answers is compared with its schema.
admin_contract_test.py --build DIR"""
import argparse
import csv
import datetime
import io
import json
import os
import re
import shutil
import smtplib
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from control import ask as ask_socket  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Ports, Report, TestFailure, add_common_arguments, expect, holds  # noqa: E402 pylint: disable=wrong-import-position
from web import Web, make_token  # noqa: E402 pylint: disable=wrong-import-position

ROLES = ("read", "operate", "admin")
MORE = """
<TLSContext default>
    Certificate tls/server.pem
    CertificateKey tls/server.key
</TLSContext>
<Validator local>
    Module answer_module
    Answer 550 5.1.1 "Unknown user"
    Only nobody@server.example
</Validator>
<Validator pace>
    Module rate_module
    Rate messages 100/1h by=address
</Validator>
"""
LISTENER = "TLS starttls\n<On MAIL>\nValidate pace mode=enforce\n</On>\n<On RCPT>\nValidate local\n</On>"
# What is in the queue stays there: nothing is handed off.
HANDOFF = "<Handoff inside>\nProtocol smtp\nAddress 127.0.0.1:9\n</Handoff>"
HOLD = '{"holds":[{"id":"0123abcd","scope":"all","reason":"contract","who":"uid 0","since":"2026-01-01T00:00:00Z"}]}'
JSON_TYPES = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}
# Changes that are made for their answers; what they need is looked up. Whatever else changes something is called wrongly only.
CHANGES = (
    ("POST", "/api/v1/bans", {"address": "192.0.2.77", "for": 60, "reason": "contract"}),
    ("DELETE", "/api/v1/bans/{address}", None),
    ("POST", "/api/v1/tokens", {"name": "made", "role": "read", "expires": "2099-01-01", "from": "192.0.2.0/24"}),
    ("DELETE", "/api/v1/tokens/made", None),
    ("PATCH", "/api/v1/validators/local/bindings/mx/RCPT", {"mode": "shadow", "reason": "contract"}),
    ("PATCH", "/api/v1/validators/local/bindings/mx/RCPT", {"mode": "written"}),
    ("POST", "/api/v1/tls/reload", None),
    ("POST", "/api/v1/queue/{id}/hold", {"reason": "contract"}),
    ("POST", "/api/v1/queue/{id}/release", {}),
    ("POST", "/api/v1/queue/{id}/requeue", {}),
    ("POST", "/api/v1/queue/holds", {"scope": "domain", "value": "held.example", "for": 60, "reason": "contract"}),
    ("POST", "/api/v1/handoff/inside/probe", {"recipient": "one@server.example"}),
    ("DELETE", "/api/v1/queue/{id}", {"reason": "contract"}),
    ("DELETE", "/api/v1/rates/all", None),
)


def is_a(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, JSON_TYPES[name])


def conform(value, schema, where):
    """An answer holds what its schema says and nothing that it does not say."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    holds("%s is %r, not %s" % (where, value, "/".join(kinds)), not kinds or any(is_a(value, kind) for kind in kinds))
    if "enum" in schema:
        holds("%s is %r, none of %r" % (where, value, schema["enum"]), value in schema["enum"])
    if schema.get("format") == "date-time" and value is not None:
        datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if isinstance(value, dict):
        rest = schema.get("additionalProperties")
        for name in schema.get("required", []):
            holds("%s has no %s" % (where, name), name in value)
        for name, member in value.items():
            inner = schema.get("properties", {}).get(name, rest)
            holds("%s has %s, which its description has not" % (where, name), inner is not None or "properties" not in schema)
            if isinstance(inner, dict):
                conform(member, inner, where + "." + name)
    if isinstance(value, list):
        for index, item in enumerate(value):
            conform(item, schema.get("items", {}), "%s[%d]" % (where, index))


class Contract:
    def __init__(self, build):
        self.port = Ports.take()
        self.server = Edged(build, listener=LISTENER, queue=HANDOFF, more=Web.block(self.port, "RequestRate 10000\nMaxStreams 2") + MORE)
        self.web = Web(self.port)
        self.document = None

    def __enter__(self):
        self.server.prepare()
        self.server.write_configuration()
        with open(os.path.join(self.server.root, "state", "holds.json"), "w", encoding="ascii") as out:
            out.write(HOLD)
        os.makedirs(os.path.join(self.server.root, "secrets"), exist_ok=True)
        for role in ROLES:
            self.web.tokens[role] = make_token(self.server, role + "-1", role)
        self.server.__enter__()
        self.session = smtplib.SMTP("127.0.0.1", self.server.port, "client.example", timeout=30)
        self.session.sendmail("a@client.example", ["b@server.example"], "Subject: <b>\u00e9\r\n\r\nx\r\n".encode())
        self.session.ehlo("<img src=x onerror=alert(1)>"[:200].replace(" ", ""))
        self.session.mail("c@client.example")
        self.document = self.web.ask("GET", "/api/v1/openapi.json", role="read", wanted=200).document
        return self

    def __exit__(self, *what):
        self.session.close()
        return self.server.__exit__(*what)

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def operation(self, method, path):
        """Also of a path whose names are filled in; one without names comes first."""
        for known, pattern, operation in sorted(self.operations(), key=lambda row: row[1].count("{")):
            if known == method and re.fullmatch(re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(pattern)), path):
                return operation
        raise TestFailure("%s %s is not described" % (method, path))

    def fill(self, path):
        """Names in a path, by what the list above it holds."""
        while "{" in path:
            above, _, rest = path.partition("/{")
            name, _, rest = rest.partition("}")
            listing = self.web.ask("GET", above, role="admin")
            items = listing.document.get("items", []) if listing.status == 200 else []
            item = items[0] if items else {}
            value = item.get(name, item.get("name", item.get("id", item.get("key", "nothing"))))
            path = above + "/" + urllib.parse.quote(str(value), safe="") + rest
        return path

    def checked(self, method, path, answer):
        operation = self.operation(method, path)
        where = "%s %s" % (method, path)
        holds("%s: X-Request-Id" % where, answer.headers["X-Request-Id"])
        if answer.status == 304 or method == "HEAD":
            return
        if answer.status >= 400:
            problem = answer.document
            for name in ("type", "title", "status", "detail", "code", "request_id"):
                holds("%s: the problem has no %s: %r" % (where, name, problem), name in problem)
            expect("%s: its status" % where, problem["status"], answer.status)
            expect("%s: its id" % where, problem["request_id"], answer.headers["X-Request-Id"])
            return
        expected = [status for status in operation["responses"] if status[0] == "2"]
        expect("%s: the status" % where, str(answer.status), expected[0])
        media, content = next(iter(operation["responses"][expected[0]]["content"].items()))
        expect("%s: the type" % where, answer.headers["Content-Type"].split(";")[0], media.split(";")[0])
        if media == "application/json":
            conform(answer.document, content["schema"], where)


def sample(path):
    return re.sub(r"\{[^/]*\}", "sample", path)


def is_public(operation):
    return operation.get("security") == []


STREAM = "text/event-stream"


def is_stream(operation):
    """Always one; others become one when an argument says so."""
    return any(STREAM == next(iter(response.get("content", {})), None) for response in operation["responses"].values())


def parameters(operation, where):
    return {row["name"]: row for row in operation["parameters"] if row["in"] == where}


def the_description_is_whole(contract, build):
    index = contract.web.ask("GET", "/api/v1", role="read", wanted=200).document
    listed = {(route["method"], route["path"]) for route in index["routes"]}
    described = {(method, path) for method, path, _ in contract.operations()}
    expect("the same routes", sorted(listed ^ described), [])
    ids = [operation["operationId"] for _, _, operation in contract.operations()]
    expect("ids of their own", sorted(name for name in ids if ids.count(name) > 1), [])
    for method, path, operation in contract.operations():
        for status, response in operation["responses"].items():
            for media, content in response.get("content", {}).items():
                holds("%s %s: %s says what it holds" % (method, path, status),
                      media != "application/json" or content["schema"].get("properties"))
    expect("the same over the control socket", ask_socket(contract.server, "GET", "/api/v1/openapi.json", wanted=200).document, contract.document)
    contract.web.ask("GET", "/api/v1/", role="read", wanted=200)
    again = contract.web.ask("GET", "/api/v1/openapi.json", role="read")
    expect("known", contract.web.ask("GET", "/api/v1/openapi.json", role="read", If_None_Match=again.etag).status, 304)
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "openapi")
    if not shutil.which("node") or not os.path.isdir(os.path.join(folder, "node_modules")):
        holds("the linter is not here: npm ci in test/openapi", not os.environ.get("EDGE_TEST_ALL"))
        return "the linter is not here"
    path = os.path.join(contract.server.root, "openapi.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(contract.document, out)
    done = subprocess.run(["node", os.path.join(folder, "lint.mjs"), path], capture_output=True, text=True, check=False, timeout=120)
    expect("the linter: " + done.stdout + done.stderr, done.returncode, 0)
    return None


def roles(contract, build):
    """Who may not learns nothing; who may gets further, to an argument that nobody takes."""
    for method, path, operation in contract.operations():
        where, target = "%s %s" % (method, path), sample(path)
        wrong = target + "?no_such_argument=1"
        expect(where + " by nobody", contract.web.ask(method, target).status == 401, not is_public(operation))
        least = ("nobody",) + ROLES
        for role in ROLES:
            answer = contract.web.ask(method, wrong, role=role)
            if is_public(operation) or least.index(role) >= least.index(operation["x-role"]):
                expect("%s by %s" % (where, role), (answer.status, answer.code), (422, "unknown-member"))
            else:
                expect("%s by %s" % (where, role), (answer.status, answer.code, answer.document["role"]), (403, "role-required", operation["x-role"]))
            contract.checked(method, target, answer)


def places(contract, build):
    """A wrong Host, another site."""
    for method, path, _ in contract.operations():
        target = sample(path) + "?no_such_argument=1"
        expect("%s %s: Host" % (method, path), contract.web.ask(method, target, role="admin", Host="evil.example").code, "host-not-allowed")
        for fields in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
            expect("%s %s: %r" % (method, path, fields), contract.web.ask(method, target, role="admin", **fields).code, "csrf")


def contents(contract, build):
    """Members that nobody takes, wrong types, no JSON, 2 MiB, other types."""
    for method, path, operation in contract.operations():
        where, target = "%s %s" % (method, path), sample(path)
        if method == "GET":
            continue
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        takes_all = isinstance(body.get("additionalProperties"), dict)
        answer = contract.web.ask(method, target, {"no_such_member": 1}, role="admin", If_Match='"stale"')
        holds("%s: an unknown member: %d" % (where, answer.status), takes_all or (answer.status, answer.code) == (422, "unknown-member"))
        if not takes_all:
            expect(where + ": where", answer.document["errors"][0]["pointer"], "#/no_such_member")
        for text, status in ((b"{", 400), (b"[1]", 422), (b"{\"a\":1,\"a\":2}", 400), (b"\xff", 400), (b"{\"a\":1e999999}", 422), (b"[" * 2000, 400),
                             (b"\"" + b"x" * 100000, 400), (b"{\"\\u0000\":1}", 422), (b"null", 422)):
            answer = contract.web.ask(method, target, text, role="admin", If_Match='"stale"')
            holds("%s: %r is %d" % (where, text[:20], answer.status), answer.status == status or (takes_all and answer.status in (404, 409, 412, 422)))
        expect(where + ": a form", contract.web.ask(method, target, b"a=1", role="admin", Content_Type="application/x-www-form-urlencoded").status, 415)
        try:
            expect(where + ": 2 MiB", contract.web.ask(method, target, b" " * (2 << 20), role="admin").status, 413)
        except (ConnectionError, BrokenPipeError):
            pass  # refused while it was being sent
        for name, schema in body.get("properties", {}).items():
            bad = {"string": 7, "integer": "x", "number": "x", "boolean": "x", "object": 7, "array": 7}
            kinds = schema.get("type", "any")
            kind = kinds if isinstance(kinds, str) else kinds[0]
            if kind == "any":
                continue
            answer = contract.web.ask(method, target, {name: bad[kind]}, role="admin", If_Match='"stale"')
            holds("%s: %s of a wrong type: %d" % (where, name, answer.status), answer.status == 422)
            pointers = [row["pointer"] for row in answer.document.get("errors", [])]
            holds("%s: %s is pointed at: %r" % (where, name, pointers), "#/" + name in pointers)


def matches(contract, build):
    """Without If-Match, and with one that is stale, nothing changes."""
    for method, path, operation in contract.operations():
        if "If-Match" not in parameters(operation, "header"):
            continue
        where, target = "%s %s" % (method, path), contract.fill(path)
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        body = {name: example(schema["properties"][name]) for name in schema.get("required", [])}
        missing = contract.web.ask(method, target, body, role="admin")
        holds("%s without If-Match: %d %s" % (where, missing.status, missing.content[:200]), missing.status in (428, 404, 409))
        stale = contract.web.ask(method, target, body, role="admin", If_Match='"0000000000000000"')
        holds("%s with a stale one: %d %s" % (where, stale.status, stale.content[:300]), stale.status in (412, 404, 409, 422))
        if stale.status == 412:
            holds(where + " says what there is", stale.document["current_etag"] and "current" in stale.document)


def flat(schema, above=""):
    """The columns of a list: its members, and in place of an object the object's."""
    for name, row in schema["properties"].items():
        kinds = row.get("type", [])
        if "object" in ([kinds] if isinstance(kinds, str) else kinds) and "properties" in row:
            yield from flat(row, above + name + ".")
        else:
            yield above + name


def lists(contract, build):
    """Each list by pages that are linked, in parts, as lines, as CSV; and none of it when it is asked for wrongly."""
    web, seen = contract.web, 0
    for method, path, operation in contract.operations():
        content = operation["responses"].get("200", {}).get("content", {})
        items = content.get("application/json", {}).get("schema", {}).get("properties", {}).get("items", {}).get("items", {})
        if method != "GET" or not items.get("properties"):
            expect(path + " has one form", [media for media in content if media not in ("application/json", STREAM) and len(content) > 1], [])
            continue
        seen += 1
        web.ask("POST", "/api/v1/bans", {"address": "192.0.2.%d" % seen, "for": 600, "reason": '=1+"x",\u202e<b>'}, role="admin", wanted=200)
        whole = web.ask("GET", path, role="admin", wanted=200).document["items"]
        columns = list(flat(items))
        answer = web.ask("GET", path, role="admin", wanted=200, Accept="text/csv")
        expect(path + ": the type", answer.headers["Content-Type"], "text/csv; charset=utf-8; header=present")
        rows = list(csv.reader(io.StringIO(answer.content.decode(), newline="")))
        expect(path + ": columns", rows[0], columns)
        holds("%s: as many rows: %d, %d" % (path, len(rows), len(whole)), abs(len(rows) - 1 - len(whole)) <= 1)
        holds("%s: of the same width" % path, all(len(row) == len(columns) for row in rows))
        for cell in (cell for row in rows for cell in row):
            holds("%s: %r is harmless" % (path, cell), re.fullmatch(r"-?[0-9.]+|", cell) or (cell[0] not in "=+-@" and cell.isprintable()))
        answer = web.ask("GET", path, role="admin", wanted=200, Accept="application/x-ndjson, application/json;q=0.5")
        expect(path + ": the type", answer.headers["Content-Type"], "application/x-ndjson")
        for line in answer.content.splitlines():
            conform(json.loads(line), items, path + " by lines")
        one = columns[0]
        for item in web.ask("GET", path + "?fields=" + one, role="admin", wanted=200).document["items"]:
            expect(path + ": in parts", [name for name in item if name != one.split(".")[0]], [])
        wrong = web.ask("GET", path + "?fields=nothing_of_this", role="admin", Accept="text/csv")
        expect(path + ": what there is not", (wrong.status, wrong.code), (422, "unknown-value"))
        contract.checked("GET", path, wrong)
        if {"limit", "cursor"} <= set(parameters(operation, "query")):
            pages, target = 0, path + "?limit=1&fields=" + one
            while target and pages < 5:
                answer = web.ask("GET", target, role="admin", wanted=200)
                pages += len(answer.document["items"])
                expect(path + ": linked when there is more", bool(answer.headers["Link"]), answer.document["next_cursor"] is not None)
                target = answer.headers["Link"] and path + re.fullmatch(r'<(\?[!-~]+)>; rel="next"', answer.headers["Link"]).group(1)
            holds("%s: %d items by pages" % (path, pages), pages >= min(len(whole), 5))
    holds("%d lists" % seen, seen >= 10)
    ndjson = contract.server.ctl("export", "bans", "-o", "jsonl").stdout.decode().splitlines()
    rows = list(csv.DictReader(io.StringIO(contract.server.ctl("export", "bans", "--fields", "address,reason").stdout.decode(), newline="")))
    expect("edgectl: the same", [json.loads(line)["address"] for line in ndjson], [row["address"] for row in rows])
    expect("edgectl: harmless", {row["reason"] for row in rows if row["reason"].startswith("'")}, {"'=1+\"x\",\\u202e<b>"})
    expect("edgectl: filters", contract.server.ctl("export", "audit", "action=no.such").stdout.count(b"\n"), 1)
    done = contract.server.ctl("export", "nothing", check=False)
    expect("edgectl: no such list", (done.returncode, done.stdout), (3, b""))


def example(schema):
    kind = schema.get("type", "string")
    kind = kind if isinstance(kind, str) else kind[0]
    if "enum" in schema:
        return schema["enum"][0]
    return {"string": "x", "integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": True, "object": {}, "array": []}[kind]


def answers(contract, build):
    """What can be read, read; by GET and by HEAD, and by methods that are not there."""
    web = contract.web
    for method, path, operation in contract.operations():
        if method != "GET":
            continue
        target = contract.fill(path)
        if is_stream(operation):
            expect(path + " by HEAD", web.ask("HEAD", target, role="admin").status, 200)
            continue
        needed = {name: example(row["schema"]) for name, row in parameters(operation, "query").items() if row["required"]}
        target += "?" + urllib.parse.urlencode(needed) if needed else ""
        answer = web.ask("GET", target, role="admin")
        holds("%s: %d %s" % (target, answer.status, answer.content[:300]),
              answer.status == 200 or ("{" in path and answer.status in (404, 410)) or (path == "/readyz" and answer.status == 503))
        contract.checked("GET", target.split("?")[0], answer)
        head = web.ask("HEAD", target, role="admin")
        expect(target + " by HEAD", (head.status, head.content), (answer.status, b""))
        for name in parameters(operation, "query"):
            twice = web.ask("GET", path.replace("{", "x").replace("}", "x") + "?%s=1&%s=1" % (name, name), role="admin")
            holds("%s twice: %d" % (name, twice.status), twice.status == 422)
        unknown = [other for other in ("PUT", "PATCH", "DELETE", "POST") if other.lower() not in contract.document["paths"][path]]
        if unknown:
            answer = web.ask(unknown[0], target, role="admin")
            expect("%s %s" % (unknown[0], path), answer.status, 405)
            holds("Allow", "GET" in answer.headers["Allow"])


def changes(contract, build):
    for method, path, body in CHANGES:
        target = contract.fill(path)
        answer = contract.web.ask(method, target, body, role="admin")
        holds("%s %s: %d %s" % (method, target, answer.status, answer.content[:300]), answer.status < 300)
        contract.checked(method, target, answer)
    trail = contract.web.ask("GET", "/api/v1/audit?limit=1000", role="read", wanted=200).document["items"]
    actions = {line["action"] for line in trail}
    for action in ("ban.add", "ban.lift", "token.create", "token.revoke"):
        holds("%s is in the trail: %r" % (action, sorted(actions)), action in actions)
    ids = [line["request_id"] for line in trail]
    expect("request ids", len(set(ids)), len(ids))


def repeats(contract, build):
    """What is asked again under its key is answered again and done once, after a reload as well; by edgectl --once too."""
    web, ban = contract.web, {"address": "192.0.2.99", "for": 60, "reason": "once"}
    for method, path, operation in contract.operations():
        expect("%s %s takes a key" % (method, path), "Idempotency-Key" in parameters(operation, "header"), method != "GET" and not is_public(operation))
    first = web.ask("POST", "/api/v1/bans", ban, role="operate", wanted=200, Idempotency_Key='"a-1"')
    again = web.ask("POST", "/api/v1/bans", ban, role="operate", wanted=200, Idempotency_Key='"a-1"')
    expect("the same answer", (again.content, again.headers["X-Request-Id"]), (first.content, first.headers["X-Request-Id"]))
    expect("said so", (first.headers["Idempotency-Replayed"], again.headers["Idempotency-Replayed"]), (None, "true"))
    contract.checked("POST", "/api/v1/bans", again)
    other = web.ask("POST", "/api/v1/bans", dict(ban, reason="another"), role="operate", Idempotency_Key='"a-1"')
    expect("another request", (other.status, other.code), (422, "idempotency-key-reused"))
    contract.checked("POST", "/api/v1/bans", other)
    expect("another's key", web.ask("POST", "/api/v1/bans", ban, role="admin", wanted=200, Idempotency_Key='"a-1"').headers["Idempotency-Replayed"], None)
    contract.server.reload()
    again = web.ask("POST", "/api/v1/bans", ban, role="operate", wanted=200, Idempotency_Key='"a-1"')
    expect("after a reload", again.content, first.content)
    for _ in range(2):
        contract.server.ctl("--once", "night-1", "bans", "add", "192.0.2.98", "--reason", "once")
    trail = web.ask("GET", "/api/v1/audit?action=ban.add", role="read", wanted=200).document["items"]
    expect("done once each", [line["who"] for line in trail if line["reason"] == "once"], ["uid %d" % os.getuid(), "token:admin-1", "token:operate-1"])
    made = {"name": "once", "role": "read"}
    web.ask("POST", "/api/v1/tokens", made, role="admin", wanted=201, Idempotency_Key="t")
    secret = web.ask("POST", "/api/v1/tokens", made, role="admin", Idempotency_Key="t")
    expect("a secret is shown once", (secret.status, secret.code), (409, "done-before"))


CASES = (the_description_is_whole, roles, places, contents, matches, answers, changes, lists, repeats)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    given = parser.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27200-27299")
    report = Report("admin_contract")
    with Contract(given.build) as contract:
        for case in CASES:
            report.run(case.__name__, lambda case=case: case(contract, given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

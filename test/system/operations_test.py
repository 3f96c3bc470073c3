#!/usr/bin/env python3
"""Listeners shut and opened, drains, health, overview and history from outside: operations_test.py --build DIR"""
import argparse
import json
import os
import smtplib
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

OK, ERROR, USAGE, NOT_FOUND = range(4)


def run(server, *arguments, code=OK):
    done = server.ctl(*arguments, check=False)
    expect("exit status of edgectl %s (%s)" % (" ".join(arguments), done.stderr.decode("utf-8", "replace").strip()), done.returncode, code)
    return done.stdout.decode()


def ask(server, method, target, **fields):
    """Status, fields of the head, and document, from the control socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(os.path.join(server.root, "run", "edged.sock"))
        more = "".join("%s: %s\r\n" % (name.replace("_", "-"), value) for name, value in fields.items())
        connection.sendall(("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n" % (method, target, more)).encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, content = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.split(": ", 1) for line in lines[1:]), content


def document(server, target):
    status, _, content = ask(server, "GET", target)
    expect("status of " + target, status, 200)
    return json.loads(content)


def client_of(server):
    client = smtplib.SMTP("127.0.0.1", server.port, "client.example.com", timeout=30)
    client.ehlo()
    return client


def is_open(server):
    try:
        socket.create_connection(("127.0.0.1", server.port), 5).close()
        return True
    except ConnectionRefusedError:
        return False


def send_one(server):
    client = client_of(server)
    client.sendmail("a@client.example.com", ["b@server.example.com"], b"Subject: x\r\n\r\nx\r\n")
    client.quit()


def listeners(server):
    return json.loads(run(server, "listeners", "-o", "json"))


def a_listener_is_paused(build):
    with Edged(build, name="operations") as server:
        client = client_of(server)
        run(server, "listeners", "pause", "mx", code=ERROR)  # a reason is needed
        run(server, "listeners", "pause", "other", "--reason", "x", code=NOT_FOUND)
        run(server, "listeners", "pause", "mx", "--reason", "a test")
        wait_for("connections to be refused", lambda: not is_open(server))
        expect("its state", listeners(server)[0]["state"], "paused")
        expect("sessions go on", client.docmd("NOOP")[0], 250)
        run(server, "ready", code=ERROR)
        server.reload()
        holds("still, behind a reload", not is_open(server))
        expect("its state behind a reload", listeners(server)[0]["state"], "paused")
        run(server, "listeners", "resume", "mx")
        wait_for("connections to be taken again", lambda: is_open(server))
        wait_for("it to be ready", lambda: server.ctl("ready", check=False).returncode == OK)
        send_one(server)
        expect("its state", listeners(server)[0]["state"], "open")
        client.close()
        server.kill()
        server.start()
        holds("a restart opens", is_open(server))


def a_listener_is_drained(build):
    with Edged(build, name="operations") as server:
        idle, busy = client_of(server), client_of(server)
        busy.docmd("MAIL", "FROM:<a@client.example.com>")
        run(server, "listeners", "drain", "mx", "--reason", "a test")
        wait_for("connections to be refused", lambda: not is_open(server))
        wait_for("who has begun nothing to be told", lambda: idle.docmd("NOOP")[0] == 421)
        expect("who has begun", busy.docmd("RCPT", "TO:<b@server.example.com>")[0], 250)
        expect("its message", busy.data(b"Subject: x\r\n\r\nx\r\n")[0], 250)
        expect("and then", busy.docmd("NOOP")[0], 421)
        run(server, "listeners", "resume", "mx")
        wait_for("connections to be taken again", lambda: is_open(server))


def the_server_is_drained(build):
    with Edged(build, name="operations") as server:
        client = client_of(server)
        run(server, "drain", code=USAGE)
        run(server, "drain", "--reason", "a test", "--deadline", "1h")
        run(server, "drain", "--reason", "once more", code=ERROR)
        wait_for("connections to be refused", lambda: not is_open(server))
        expect("why it is not ready", run(server, "ready", code=ERROR), "not ready: the server drains\n")
        expect("health", json.loads(run(server, "health", "-o", "json", code=ERROR))["status"], "fail")
        server.reload()
        holds("still, behind a reload", not is_open(server))
        run(server, "undrain")
        run(server, "undrain", code=ERROR)
        wait_for("connections to be taken again", lambda: is_open(server))
        client.close()
        # Who has begun a message and does not go on is ended at the deadline.
        stuck = client_of(server)
        stuck.docmd("MAIL", "FROM:<a@client.example.com>")
        run(server, "drain", "--reason", "a test", "--deadline", "1s", "--wait")
        expect("what it is told", stuck.getreply()[0], 421)
        expect("all have ended", document(server, "/api/v1/drain")["sessions"], 0)


def a_drain_may_end_the_server(build):
    with Edged(build, name="operations") as server:
        client = client_of(server)
        run(server, "drain", "--reason", "a test", "--exit")
        wait_for("the client to be told", lambda: client.docmd("NOOP")[0] == 421)
        client.close()
        expect("exit status", server.process.wait(30), 0)


def health_is_told(build):
    with Edged(build, name="operations", listener="TLS starttls context=default") as server:
        def checked():
            return {check["name"]: check for check in document(server, "/api/v1/health")["checks"]}
        checks = checked()
        expect("what is checked", sorted(checks), ["certificates", "clock", "configuration", "disk", "dns", "listeners", "spool", "workers"])
        for name in ("certificates", "configuration", "dns", "listeners", "spool", "workers"):
            wait_for(name, lambda name=name: checked()[name]["status"] == "ok")  # a worker that the machine stalls for a second is told as well
        holds("people read it too", "workers" in run(server, "health"))
        server.blocks["server"] = "Nonsense on"
        server.reload(good=False)
        expect("a refused reload", checked()["configuration"]["status"], "warn")
        holds("attention is called to it", any(each["key"] == "configuration" for each in document(server, "/api/v1/overview")["attention"]))
        server.blocks["server"] = ""
        server.reload()
        expect("a good one", checked()["configuration"]["status"], "ok")
        holds("it is alive", b"ok\n" in ask(server, "GET", "/livez")[2])
        build_facts = document(server, "/api/v1/build")
        holds("what it is made of", build_facts["libraries"]["apr"] and "smtp_edge" in build_facts["modules"])


def a_spool_without_room_is_not_ready(build):
    with Edged(build, name="operations", queue="Spool spool/main\nSpoolMinFree 900000G") as server:
        wait_for("it not to be ready", lambda: server.ctl("ready", check=False).returncode == ERROR)
        expect("the overview says so", document(server, "/api/v1/overview")["ready"], False)
        expect("and the queue", document(server, "/api/v1/overview")["queue"]["accepting"], False)


def the_overview_tells(build):
    with Edged(build, name="operations") as server:
        send_one(server)
        client = client_of(server)
        client.docmd("HUH")
        client.docmd("MAIL", "FROM:<a@client.example.com> SIZE=99999999999")
        wait_for("the first session to have ended", lambda: document(server, "/api/v1/overview")["sessions"]["open"] == 1)
        overview = document(server, "/api/v1/overview")
        expect("sessions", overview["sessions"], {"open": 1, "most": 2000})
        expect("totals", overview["totals"], {"sessions": 2, "messages": 1, "recipients": 1, "rejected_messages": 0, "refused_commands": 2})
        expect("queue", (overview["queue"]["messages"], overview["queue"]["accepting"]), (1, True))
        expect("reasons", sorted((each["source"], each["code"], each["text"], each["count"]) for each in overview["reject_reasons"]),
               [("core", 500, "Syntax error, command unrecognized", 1), ("limit", 552, "Message size exceeds %n limit", 1)])
        last = overview["recent_rejections"][0]
        expect("the last refusal", (last["command"], last["source"], last["client"], last["listener"], last["reference"]),
               ("mail", "limit", "127.0.0.1", "mx", None))
        holds("is of a session that can be looked up", run(server, "sessions", "show", last["session"]))
        wait_for("a rate", lambda: document(server, "/api/v1/overview")["rates"]["messages"] > 0)
        run(server, "listeners", "pause", "mx", "--reason", "for the trail")
        expect("the last change", document(server, "/api/v1/overview")["recent_changes"][0]["reason"], "for the trail")

        def unchanged():
            _, fields, _ = ask(server, "GET", "/api/v1/overview")
            return ask(server, "GET", "/api/v1/overview", If_None_Match=fields["ETag"])[0] == 304
        wait_for("an overview that has not changed", unchanged)
        client.close()


def history_outlives_a_reload(build):
    with Edged(build, name="operations") as server:
        send_one(server)

        def points():
            history = document(server, "/api/v1/overview/history?range=15m")
            expect("step", history["step"], 1)
            expect("length", {len(values) for values in history["series"].values()}, {900})
            return [value for value in history["series"]["queue"] if value is not None]
        wait_for("some seconds", lambda: len(points()) >= 3)
        server.reload()
        before = len(points())
        holds("what was before it is there", before >= 3)
        wait_for("more of them", lambda: len(points()) > before)
        for reach, step, count in (("1h", 4, 900), ("6h", 24, 900)):
            history = document(server, "/api/v1/overview/history?range=" + reach)
            expect(reach, (history["step"], len(history["series"]["accepted"])), (step, count))
        expect("another range", ask(server, "GET", "/api/v1/overview/history?range=1y")[0], 422)


def workers_are_listed(build):
    with Edged(build, name="operations") as server:
        clients = [client_of(server) for _ in range(8)]
        workers = document(server, "/api/v1/workers")["items"]
        expect("how many", len(workers), 2)
        expect("their sessions", sum(worker["sessions"] for worker in workers), 8)
        holds("they turn", all(worker["turns"] > 0 for worker in workers))
        holds("they are threads", len({worker["thread"] for worker in workers}) == 2)
        for client in clients:
            client.close()


def ticks_come(build):
    with Edged(build, name="operations") as server, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(os.path.join(server.root, "run", "edged.sock"))
        connection.sendall(b"GET /api/v1/events?types=tick,listener HTTP/1.1\r\nHost: x\r\n\r\n")
        seen = b""
        while seen.count(b"event: tick") < 2:
            seen += connection.recv(65536)
        run(server, "listeners", "pause", "mx", "--reason", "a test")
        until = time.monotonic() + 30
        while b"event: listener" not in seen and time.monotonic() < until:
            seen += connection.recv(65536)
        holds("a listener's change is told", b'"state":"paused"' in seen)
        tick = json.loads(seen.split(b"event: tick", 1)[1].split(b"data: ", 1)[1].split(b"\n", 1)[0])
        expect("what a tick holds", sorted(tick), ["queue", "rates", "sessions"])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27100-27199")
    report = Report("operations")
    for case in (a_listener_is_paused, a_listener_is_drained, the_server_is_drained, a_drain_may_end_the_server, health_is_told,
                 a_spool_without_room_is_not_ready, the_overview_tells, history_outlives_a_reload, workers_are_listed, ticks_come):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

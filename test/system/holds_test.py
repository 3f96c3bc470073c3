#!/usr/bin/env python3
"""Holds: hand-off that an operator stops, as a whole or in part, and next hops as they are shown: holds_test.py --build DIR"""
import argparse
import email
import email.policy
import json
import os
import re
import smtplib
import sys
import time
from datetime import datetime

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Ports, Report, TestFailure, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position
from nexthop import NextHop  # noqa: E402 pylint: disable=wrong-import-position

TEXT = b"Subject: x\r\n\r\nbody\r\n"


def handoff(hop, extra=""):
    return "<Handoff inside>\nProtocol smtp\nAddress 127.0.0.1:%d\nRetry 200ms\n%s\n</Handoff>" % (hop.port, extra)


def send(server, *recipients, port=None):
    with smtplib.SMTP("127.0.0.1", port or server.port, timeout=20) as client:
        return client.sendmail("a@client.example", recipients, TEXT)


def ask(server, *words, code=0):
    done = server.ctl("-o", "json", *words, check=False)
    expect("exit status of %s: %s" % (" ".join(words), done.stderr), done.returncode, code)
    return json.loads(done.stdout) if code == 0 else done.stderr.decode()


def hold(server, *words):
    return ask(server, "holds", "add", *words, "--reason", "a test")["id"]


def stays(what, hop, count):
    """That nothing more comes cannot be seen: what would come has had its time when a later message has been looked at."""
    time.sleep(1)
    expect(what, len(hop.messages), count)


def recipients_of(hop):
    return sorted(recipient for message in hop.messages for recipient in message.recipients)


def all_of_it(build):
    with NextHop() as hop, Edged(build, queue=handoff(hop)) as server:
        held = hold(server, "all")
        send(server, "one@server.example")
        send(server, "two@server.example")
        stays("messages that went on", hop, 0)
        expect("messages that wait", len(server.queue()), 2)
        expect("the figure", [line for line in server.ctl("metrics").stdout.decode().splitlines() if line.startswith("edge_queue_holds ")],
               ["edge_queue_holds 1"])
        ask(server, "holds", "lift", held)
        hop.has(2)
        wait_for("the queue to be empty", lambda: not server.queue())
        expect("holds", ask(server, "holds"), [])


def one_next_hop(build):
    with NextHop() as hop, Edged(build, queue=handoff(hop)) as server:
        held = hold(server, "backend", "inside")
        send(server, "one@server.example")
        stays("messages that went on", hop, 0)
        expect("state of the next hop", [(item["backend"], item["held"]) for item in ask(server, "handoff")], [("inside", True)])
        ask(server, "holds", "lift", held)
        hop.has(1)


def one_domain(build):
    with NextHop() as hop, Edged(build, queue=handoff(hop)) as server:
        held = hold(server, "domain", "Held.Example")
        send(server, "one@held.example", "two@server.example", "three@HELD.example")
        send(server, "four@held.example")
        send(server, "five@server.example")
        hop.has(2)
        stays("messages that went on", hop, 2)
        expect("who got them", recipients_of(hop), ["five@server.example", "two@server.example"])
        expect("messages that wait", len(server.queue()), 2)
        ask(server, "holds", "lift", held)
        wait_for("the others", lambda: not server.queue())
        expect("all", recipients_of(hop), sorted(["one@held.example", "two@server.example", "three@HELD.example", "four@held.example",
                                                  "five@server.example"]))


def one_listener(build):
    other = Ports.take()
    more = "<Listener other>\nListen 127.0.0.1:%d\nProtocol smtp\nQueue main\n</Listener>" % other
    with NextHop() as hop, Edged(build, queue=handoff(hop), more=more) as server:
        held = hold(server, "listener", "other")
        send(server, "one@server.example", port=other)
        send(server, "two@server.example")
        hop.has(1)
        stays("messages that went on", hop, 1)
        expect("who got it", recipients_of(hop), ["two@server.example"])
        ask(server, "holds", "lift", held)
        hop.has(2)


def ends_by_itself(build):
    with NextHop() as hop, Edged(build, queue=handoff(hop)) as server:
        hold(server, "all", "--for", "2s")
        hold(server, "domain", "server.example", "--for", "3s")
        send(server, "one@server.example")
        hop.has(1)
        expect("holds", ask(server, "holds"), [])


def outlives_everything(build):
    with NextHop() as hop:
        server = Edged(build, queue=handoff(hop))
        try:
            server.start()
            held = hold(server, "all")
            send(server, "one@server.example")
            server.reload()
            server.kill()
            server.start()
            expect("holds", [(item["id"], item["scope"], item["reason"], item["who"]) for item in ask(server, "holds")],
                   [(held, "all", "a test", "uid %d" % os.getuid())])
            send(server, "two@server.example")
            stays("messages that went on", hop, 0)
            ask(server, "holds", "lift", held)
            hop.has(2)
            server.stop()
        finally:
            server.kill()
        server.remove()


def outlive(server, seconds):
    """Until all in the queue is older than that."""
    youngest = max(datetime.fromisoformat(one["received"].replace("Z", "+00:00")).timestamp() for one in server.queue())
    wait_for("age", lambda: time.time() > youngest + seconds)


def untouched(server, one):
    """Nothing was written down about it."""
    shown = json.loads(server.ctl("-o", "json", "queue", "show", one).stdout)
    expect("attempts, and what was said", (shown["attempts"], [(to["attempts"], to["last_reply"]) for to in shown["deliveries"]]), (0, [(0, None)]))


def nothing_grows_too_old(build):
    """A crash between, and looks at each message before the hold is over."""
    other = Ports.take()
    more = "<Listener other>\nListen 127.0.0.1:%d\nProtocol smtp\nQueue main\n</Listener>" % other
    with NextHop() as hop, Edged(build, queue=handoff(hop, "Expire 1s"), more=more) as server:
        for words in (("all",), ("backend", "inside"), ("domain", "server.example"), ("listener", "other"), ("message",)):
            hop.messages.clear()
            every = hold(server, "all")
            send(server, "one@server.example", port=other)
            one = server.queue()[0]["id"]
            held = hold(server, *words) if words[0] != "message" else None
            if not held:
                server.ctl("queue", "hold", one, "--reason", "a look")
            outlive(server, 1)
            server.kill()
            server.start()
            ask(server, "holds", "lift", every)
            send(server, "else@elsewhere.example")
            if words[0] in ("domain", "listener", "message"):
                hop.has(1)
                expect("%s: what went on" % words[0], recipients_of(hop), ["else@elsewhere.example"])
            untouched(server, one)
            if held:
                ask(server, "holds", "lift", held)
            else:
                server.ctl("queue", "release", one)
            wait_for("the queue to be empty", lambda: not server.queue())
            expect("%s: what went on" % words[0], sorted((m.sender, m.recipients) for m in hop.messages),
                   [("a@client.example", ["else@elsewhere.example"]), ("a@client.example", ["one@server.example"])])


def tried_once_more(build):
    """What is in vain after the hold is the last attempt."""
    with NextHop() as hop, Edged(build, queue=handoff(hop, "Expire 1s")) as server:
        hop.answers["RCPT"] = lambda address: "450 4.2.1 Later" if address != "a@client.example" else None
        held = hold(server, "domain", "server.example")
        send(server, "one@server.example")
        outlive(server, 1)
        ask(server, "holds", "lift", held)
        hop.has(1)
        wait_for("the queue to be empty", lambda: not server.queue())
        expect("attempts", [argument for _, verb, argument in hop.seen if verb == "RCPT"], ["one@server.example", "a@client.example"])
        blocks = email.message_from_bytes(hop.messages[0].content, policy=email.policy.default).get_payload()[1].get_payload()[1:]
        expect("of whom", [(block["Final-Recipient"], block["Action"]) for block in blocks], [("rfc822; one@server.example", "failed")])
        expect("given up for age", server.counter("relay.relay_recipients_expired_total"), 1)


def old_troubles_do_not_count(build):
    """That the next hop did not work before the hold says nothing of what comes after it."""
    port = Ports.take()
    gone = "<Handoff inside>\nProtocol smtp\nAddress 127.0.0.1:%d\nRetry 1h\nExpire 8s\n</Handoff>" % port
    with Edged(build, queue=gone) as server:
        send(server, "one@server.example")
        wait_for("an attempt", lambda: server.queue()[0]["state"] == "deferred")
        one = server.queue()[0]["id"]
        server.ctl("queue", "hold", one, "--reason", "a look")
        held = hold(server, "all")
        send(server, "two@server.example")
        outlive(server, 8)
        with NextHop(port=port) as hop:
            ask(server, "holds", "lift", held)
            hop.has(1)
            server.ctl("queue", "release", one)
            wait_for("the queue to be empty", lambda: not server.queue())
            expect("who got them", [(m.sender, m.recipients) for m in hop.messages],
                   [("a@client.example", ["two@server.example"]), ("a@client.example", ["one@server.example"])])


def what_cannot_be(build):
    with NextHop() as hop, Edged(build, queue=handoff(hop)) as server:
        for words, said in ((("all", "x"), "all takes no value"), (("backend", "nowhere"), "There is no <Handoff nowhere>"),
                            (("listener", "nowhere"), "There is no <Listener nowhere>"), (("domain", "a b"), "is no domain"),
                            (("domain",), "is no domain"), (("some",), "scope")):
            text = ask(server, "holds", "add", *words, "--reason", "r", code=1)
            holds("%s: %s" % (" ".join(words), text), said in text)
        holds("a reason is asked for", "reason" in ask(server, "holds", "add", "all", code=1))
        ask(server, "holds", "lift", "00000000", code=3)
        expect("holds", ask(server, "holds"), [])
        path = os.path.join(server.root, "state", "holds.json")
        with open(path, "w", encoding="ascii") as out:
            out.write('{"holds":[{"id":"12345678","scope":"everything"}]}')
        server.reload(good=False)
        holds("the file is named", b"holds.json cannot be read: hold 1 of the list has a \"scope\"" in server.log())
        os.unlink(path)


def next_hops_are_shown(build):
    with NextHop() as hop, Edged(build, queue=handoff(hop)) as server:
        hop.answers["MAIL"] = "451 4.3.0 Not now"
        send(server, "one@server.example")
        wait_for("an attempt", lambda: ask(server, "handoff")[0]["attempts"]["tempfail"] > 0)
        item = ask(server, "handoff")[0]
        expect("what it is", (item["queue"], item["mode"], item["protocol"], item["held"]), ("main", "forward", "smtp", False))
        holds("its words: %s" % item["last_error"], "451 4.3.0 Not now" in item["last_error"]["text"])
        hop.answers.clear()
        hop.has(1)
        wait_for("it counts", lambda: ask(server, "handoff")[0]["attempts"]["ok"] == 1)
        holds("a table for people", b"inside" in server.ctl("handoff").stdout)


def a_next_hop_is_asked(build):
    with NextHop() as hop, Edged(build, queue=handoff(hop)) as server:
        item = ask(server, "handoff", "probe", "inside", "one@server.example")
        expect("the answer", (item["backend"], item["recipient"], item["outcome"], item["reached"]),
               ("inside", "one@server.example", "taken", True))
        expect("nothing was sent", [verb for _, verb, _ in hop.seen if verb in ("DATA", "BDAT")], [])
        hop.answers["RCPT"] = "550 5.1.1 Nobody of that name"
        done = server.ctl("handoff", "probe", "inside", check=False)
        expect("exit status", done.returncode, 1)
        holds("its words: %s" % done.stdout.decode(), "mail for postmaster@mx.example.net would be refused: 127.0.0.1" in done.stdout.decode()
              and "550 5.1.1 Nobody of that name" in done.stdout.decode())
        hop.stop()
        done = server.ctl("-o", "json", "handoff", "probe", "inside", check=False)
        item = json.loads(done.stdout)
        expect("nobody there", (item["outcome"], item["reached"]), ("deferred", False))
        ask(server, "handoff", "probe", "nowhere", code=3)
        holds("no mailbox", "is no mailbox" in ask(server, "handoff", "probe", "inside", "x", code=1))
    with Edged(build, queue="<Handoff away>\nProtocol discard\n</Handoff>") as server:
        holds("a kind that cannot be asked", "cannot be asked" in ask(server, "handoff", "probe", "away", code=1))


def given_up(build):
    """Deleted, and the sender told."""
    with NextHop() as hop, Edged(build, queue=handoff(hop).replace("200ms", "1h")) as server:
        hop.answers["RCPT"] = "450 4.2.1 Later"
        send(server, "one@server.example", "two@server.example")
        wait_for("an attempt", lambda: server.queue()[0]["state"] == "deferred")
        first = server.queue()[0]["id"]
        server.ctl("queue", "hold", first, "--reason", "a look")
        hop.answers.clear()
        done = server.ctl("queue", "delete", first, "--bounce", "--reason", "nobody wants it")
        expect("what it says", done.stdout.decode(), first + " bounced\n")
        hop.has(1)
        wait_for("the queue to be empty", lambda: not server.queue())
        notice = email.message_from_bytes(hop.messages[0].content, policy=email.policy.default)
        expect("to whom", (hop.messages[0].sender, hop.messages[0].recipients), ("", ["a@client.example"]))
        blocks = notice.get_payload()[1].get_payload()[1:]
        expect("of whom", sorted((block["Final-Recipient"], block["Action"], block["Status"]) for block in blocks),
               [("rfc822; %s@server.example" % name, "failed", "5.7.1") for name in ("one", "two")])
        ask(server, "queue", "delete", first, "--bounce", "--reason", "again", code=3)
    with Edged(build) as server:
        for words in (("holds",), ("holds", "add", "all", "--reason", "r"), ("handoff",)):
            holds("a server without hand-off says so", "has not loaded relay_module" in ask(server, *words, code=3))
        send(server, "one@server.example")
        first = server.queue()[0]["id"]
        holds("a queue that goes nowhere", "nobody would tell its sender" in ask(server, "queue", "delete", first, "--bounce", "--reason", "r", code=1))
        expect("it is still there", len(server.queue()), 1)
        server.stop()
        holds("a stopped server", "no server runs" in ask(server, "queue", "delete", first, "--bounce", "--reason", "r", code=1))


def given_up_before_a_crash(build):
    """What the answer said of a message holds, whatever becomes of the process that said it."""
    with NextHop() as hop, Edged(build, queue=handoff(hop)) as server:
        held = hold(server, "all")
        send(server, "one@server.example")
        first = server.queue()[0]["id"]
        server.ctl("queue", "delete", first, "--bounce", "--reason", "nobody wants it")
        expect("it is shown", server.queue()[0].get("given_up"), True)
        shown = server.ctl("queue", "show", first).stdout.decode()
        holds("by whom, and why: " + shown, re.search(r"^given up +by uid \d+, \d{4}-\S+Z, for: nobody wants it$", shown, re.M))
        holds("in the list: ", " active, given up " in server.ctl("queue", "list").stdout.decode())
        server.kill()
        shown = server.ctl("queue", "show", first).stdout.decode()
        holds("without a server: " + shown, re.search(r"^given up +by an operator$", shown, re.M))
        server.start()
        expect("it is there yet", [one["id"] for one in server.queue()], [first])
        server.ctl("holds", "lift", held)
        hop.has(1)
        wait_for("the queue to be empty", lambda: not server.queue())
        expect("who has got something", [(one.sender, one.recipients) for one in hop.messages], [("", ["a@client.example"])])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "29300-29499")
    report = Report("holds")
    for case in (all_of_it, one_next_hop, one_domain, one_listener, ends_by_itself, outlives_everything, nothing_grows_too_old,
                 tried_once_more, old_troubles_do_not_count, what_cannot_be,
                 next_hops_are_shown, a_next_hop_is_asked, given_up, given_up_before_a_crash):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    assert TestFailure
    sys.exit(main())

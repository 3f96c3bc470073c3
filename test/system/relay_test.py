#!/usr/bin/env python3
"""Hand-off: from the spool to a next hop that works, fails, lies or is not there: relay_test.py --build DIR"""
import argparse
import email
import email.policy
import os
import random
import smtplib
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Ports, Report, TestFailure, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position
from nameserver import NameServer  # noqa: E402 pylint: disable=wrong-import-position
from nexthop import NextHop  # noqa: E402 pylint: disable=wrong-import-position

SENDER, ONE, TWO = "a@client.example", "one@server.example", "two@server.example"
TEXT = b"Subject: x\r\n\r\n.a dot\r\n..\r\nbody\r\n"


def handoff(hop, extra="", protocol="smtp", retry="Retry 200ms", address=None):
    to = address or (("unix:" + hop.path) if hop.path else "127.0.0.1:%d" % hop.port)
    return "<Handoff inside>\nProtocol %s\nAddress %s\n%s\n%s\n</Handoff>" % (protocol, to, retry, extra)


def send(server, *recipients, text=TEXT, sender=SENDER, options=(), recipient_options=()):
    with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
        return client.sendmail(sender, recipients or (ONE,), text, mail_options=options, rcpt_options=recipient_options)


def content_of(message):
    """What the client sent: behind the Received field."""
    return message.content.partition(b"+0000\r\n")[2]


def is_empty(server):
    wait_for("the queue to be empty", lambda: not server.queue())


def only_entry(server):
    entries = server.queue()
    expect("messages in the queue", len(entries), 1)
    import json
    return json.loads(server.ctl("-o", "json", "queue", "show", entries[0]["id"]).stdout)


def parts_of(message):
    """A notice, as a program reads it: its fields by recipient, and what came back."""
    notice = email.message_from_bytes(message.content, policy=email.policy.default)
    expect("type of the notice", notice.get_content_type(), "multipart/report")
    expect("kind of report", notice.get_param("report-type"), "delivery-status")
    people, status, original = notice.get_payload()
    blocks = status.get_payload()
    by_recipient = {block["Final-Recipient"].partition(";")[2].strip(): block for block in blocks[1:]}
    return people.get_content(), by_recipient, original


def figure(server, name):
    """Of edge_handoff_NAME, as Prometheus reads it."""
    for line in server.ctl("metrics").stdout.decode().splitlines():
        if line.startswith("edge_handoff_%s " % name):
            return float(line.split()[-1])
    raise TestFailure("no figure edge_handoff_" + name)


# What goes well

def delivered_as_accepted(build):
    lines = ["Subject: big", ""] + ["%x" % random.getrandbits(280) for _ in range(40000)] + [".", "..end", ""]
    big = "\r\n".join(lines).encode()
    with NextHop() as hop, Edged(build, queue=handoff(hop)) as server:
        for keywords in (["PIPELINING"], [], ["CHUNKING", "PIPELINING"], ["CHUNKING"]):
            hop.keywords[:] = keywords
            hop.messages.clear()
            send(server, ONE, TWO)
            send(server, ONE, text=big)
            hop.has(2)
            by_size = sorted(hop.messages, key=lambda message: len(message.content))
            expect("the small one", content_of(by_size[0]), TEXT)
            expect("its recipients", by_size[0].recipients, [ONE, TWO])
            expect("its sender", by_size[0].sender, SENDER)
            holds("the large one is as it was sent", content_of(by_size[1]) == big)
            is_empty(server)
        expect("who we say we are", {name for _, verb, name in hop.seen if verb == "EHLO"}, {"mx.example.net"})
        expect("recipients done", server.counter("relay.relay_recipients_done_total"), 12)
        wait_for("no delivery to be under way", lambda: server.counter("relay.relay_in_flight") == 0)


def connections_are_used_again(build):
    with NextHop() as hop, Edged(build, queue=handoff(hop, "Connections 1"), server="Workers 1") as server:
        for i in range(20):
            send(server)
            hop.has(i + 1)
        holds("20 messages by %d connections" % hop.connections, hop.connections <= 2)
        hop.answers["."] = "250 2.0.0 And now goodbye"
        hop.trouble["MAIL"] = lambda line: "close" if hop.connections < 4 else None  # the next hop tires of a connection that waited
        send(server)
        hop.has(21)


def one_of_several_addresses(build):
    with NextHop() as first, NextHop() as second:
        addresses = "127.0.0.1:%d 127.0.0.1:%d" % (first.port, second.port)
        with Edged(build, queue=handoff(None, address=addresses, extra="HopTimeout idle=10ms")) as server:
            for _ in range(10):
                send(server)
            wait_for("all", lambda: len(first.messages) + len(second.messages) == 10)
            holds("both are used: %d and %d" % (len(first.messages), len(second.messages)), first.messages and second.messages)
            first.stop()
            before = len(second.messages)
            for _ in range(6):
                send(server)
            second.has(before + 6)
            is_empty(server)


def by_lmtp(build):
    with tempfile.TemporaryDirectory() as folder, NextHop(lmtp=True, path=os.path.join(folder, "lmtp")) as hop:
        hop.answers["."] = lambda recipient: {ONE: "250 2.0.0 one has it", TWO: "550 5.2.1 two is gone"}.get(recipient)
        with Edged(build, queue=handoff(hop, protocol="lmtp")) as server:
            send(server, ONE, TWO)
            hop.has(2)
            expect("who has it", [m.recipients for m in hop.messages if m.sender], [[ONE]])
            _, recipients, _ = parts_of([m for m in hop.messages if not m.sender][0])
            expect("who has not", list(recipients), [TWO])
            is_empty(server)


def by_mx(build):
    port = Ports.take()
    zone = """
        good.example      MX 10 dead.good.example
        good.example      MX 20 mx.good.example
        dead.good.example A 127.0.0.3
        mx.good.example   A 127.0.0.1
        plain.example     A 127.0.0.1
        null.example      MX 0 .
        self.example      MX 5 mx.example.net
        self.example      MX 10 mx.good.example
        nowhere.example   MX 5 missing.example
        broken.example    servfail
    """
    names = NameServer(zone)
    try:
        with NextHop(port=port) as hop:
            block = "<Handoff world>\nProtocol smtp\nPort %d\nRetry 300ms\nHopTimeout connect=2s\n</Handoff>" % port
            with Edged(build, queue=block, names=names.port) as server:
                send(server, "a@good.example", "b@plain.example", "c@Plain.Example", "d@[127.0.0.1]")
                hop.has(3)
                expect("recipients together by domain", sorted(sorted(m.recipients) for m in hop.messages),
                       [["a@good.example"], ["b@plain.example", "c@Plain.Example"], ["d@[127.0.0.1]"]])
                is_empty(server)
                hop.messages.clear()
                wrong = ["n@null.example", "s@self.example", "x@nowhere.example", "y@does-not-exist.example"]
                send(server, *wrong, sender="back@plain.example")
                hop.has(1)
                _, recipients, _ = parts_of(hop.messages[0])
                expect("status of each", {name: block["Status"] for name, block in recipients.items()},
                       {wrong[0]: "5.1.10", wrong[1]: "5.4.6", wrong[2]: "5.4.4", wrong[3]: "5.1.2"})
                is_empty(server)
                send(server, "z@broken.example")
                wait_for("a reason", lambda: only_entry(server)["deliveries"][0]["last_reply"])
                holds("it waits for a name server", only_entry(server)["deliveries"][0]["last_reply"].startswith("451 4.4.3"))
    finally:
        names.close()


# What goes wrong

def trouble_at_each_step(build):
    """Only what is silent is given up soon: whatever answers has all the time it needs on a busy machine."""
    trouble(build, "20s", ("close", "reset", "garbage", "421 4.3.2 Going down", "450 4.2.0 Not now"))
    trouble(build, "2s", ("silence",))


def trouble(build, most, kinds):
    steps = ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", ".")
    limits = "HopTimeout connect=20s idle=10ms " + " ".join("%s=%s" % (name, most) for name in ("greeting", "command", "data", "end"))
    with NextHop() as hop, Edged(build, queue=handoff(hop, limits + "\nExpire 1h")) as server:
        done = 0
        for keywords in (["PIPELINING"], []):
            hop.keywords[:] = keywords
            for step in steps:
                for what in kinds:
                    (hop.answers if what[0] == "4" else hop.trouble)[step] = what
                    seen = len(hop.seen)
                    send(server)
                    wait_for("the first try, %s at %s" % (what, step), lambda: len(hop.seen) > seen)
                    wait_for("a reason for %s at %s" % (what, step),
                             lambda: server.queue() and only_entry(server)["deliveries"][0]["last_reply"])
                    reply = only_entry(server)["deliveries"][0]["last_reply"]
                    if what[0] == "4":
                        holds("%s at %s, the reason is the host's: %s" % (what, step, reply), reply.endswith("said: " + what))
                    else:
                        holds("%s at %s, the reason is ours: %s" % (what, step, reply), reply.startswith("451 4."))
                    hop.trouble.clear()
                    hop.answers.clear()
                    done += 1
                    hop.has(done)
                    is_empty(server)
                    wait_for("its connection to be given back", lambda: (hop.messages[-1].connection, "QUIT", "") in hop.seen)
        expect("nothing was sent twice", len(hop.messages), done)


def refused_for_good(build):
    with NextHop() as hop, Edged(build, queue=handoff(hop, "HopTimeout idle=10ms")) as server:
        for step in ("MAIL", "RCPT", "DATA", "."):
            hop.messages.clear()
            hop.answers[step] = lambda argument: None if "<>" in argument or argument in (SENDER, "") and step == "RCPT" else "554 5.7.1 We do not like\nthis one"
            if step in ("DATA", "."):
                refused = []
                hop.answers[step] = lambda _: None if refused else refused.append(1) or "554 5.7.1 We do not like\nthis one"
            send(server, ONE, TWO)
            hop.has(1)
            expect("the notice comes from nobody", hop.messages[0].sender, "")
            expect("and goes to the sender", hop.messages[0].recipients, [SENDER])
            people, recipients, original = parts_of(hop.messages[0])
            expect("who is named", sorted(recipients), [ONE, TWO])
            expect("the action", recipients[ONE]["Action"], "failed")
            expect("the status", recipients[ONE]["Status"], "5.7.1")
            holds("what the host said", "554 5.7.1 We do not like" in recipients[ONE]["Diagnostic-Code"])
            holds("for people too", "We do not like" in people)
            expect("the original comes back", original.get_content_type(), "message/rfc822")
            expect("with its subject", original.get_payload()[0]["Subject"], "x")
            is_empty(server)
            hop.answers.clear()
        # Nobody is told that a notice could not be delivered.
        hop.messages.clear()
        hop.answers["RCPT"] = "550 5.1.1 Nobody"
        send(server)
        is_empty(server)
        expect("messages", len(hop.messages), 0)
        expect("notices", server.counter("relay.relay_notices_total"), 5)


def what_was_asked_to_be_told(build):
    with NextHop() as hop, Edged(build, queue=handoff(hop, "DelayNotice 1s\nExpire 6s")) as server:
        hop.keywords.remove("DSN")
        send(server, ONE, options=["ENVID=q1"], recipient_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;o@x.example"])
        hop.has(2)
        _, recipients, _ = parts_of([m for m in hop.messages if not m.sender][0])
        expect("the promise ends here", recipients[ONE]["Action"], "relayed")
        expect("who was meant", recipients[ONE]["Original-Recipient"], "rfc822;o@x.example")
        hop.messages.clear()
        hop.keywords.append("DSN")
        send(server, ONE, recipient_options=["NOTIFY=SUCCESS"])
        hop.has(1)
        holds("the promise goes on", hop.messages[0].lines[1].endswith("NOTIFY=SUCCESS"))
        hop.messages.clear()
        hop.answers["RCPT"] = lambda address: "550 5.1.1 Nobody" if address != SENDER else None
        send(server, ONE, recipient_options=["NOTIFY=NEVER"])
        is_empty(server)
        expect("who wanted to hear nothing", len(hop.messages), 0)
        hop.answers["RCPT"] = lambda address: "450 4.2.1 Full" if address != SENDER else None
        send(server, ONE)
        hop.has(2)
        actions = [parts_of(m)[1][ONE]["Action"] for m in hop.messages]
        expect("first late, then given up", actions, ["delayed", "failed"])
        is_empty(server)


def nobody_there(build):
    hop = NextHop()
    hop.stop()
    with Edged(build, queue=handoff(hop, retry="Retry 2s 3s")) as server:
        for _ in range(30):
            send(server)
        wait_for("the next hop to be down", lambda: figure(server, 'backend_up{backend="inside"}') == 0)
        wait_for("the reason at each", lambda: len([e for e in server.queue() if e["state"] == "deferred"]) == 30)
        reply = server.ctl("queue", "show", server.queue()[7]["id"]).stdout.decode()
        holds("the operator sees why: " + reply, "Connection refused" in reply)
        holds("tried by one at a time: %d" % server.counter("relay.relay_connections_total"),
              server.counter("relay.relay_connections_total") < 25)
        hop.start()
        hop.has(30)
        is_empty(server)
        expect("each once", len({m.content for m in hop.messages}), 30)
        wait_for("the figures", lambda: figure(server, 'attempts_total{backend="inside",result="ok"}') == 30)
        holds("what could not be reached", figure(server, 'attempts_total{backend="inside",result="unreachable"}') > 0)
        expect("it works", figure(server, 'backend_up{backend="inside"}'), 1)
        expect("nothing is under way", figure(server, 'inflight{backend="inside"}'), 0)
        holds("how long it took", figure(server, 'duration_seconds_count{backend="inside"}') >= 30)
    hop.stop()


def flushed(build):
    hop = NextHop()
    hop.stop()
    with Edged(build, queue=handoff(hop, retry="Retry 1h")) as server:
        send(server)
        send(server, TWO)
        wait_for("both to be put off", lambda: len([e for e in server.queue() if e["state"] == "deferred"]) == 2)
        hop.start()
        expect("what edgectl says", server.ctl("queue", "flush").stdout, b"2 messages are due\n")
        hop.has(2)
        is_empty(server)
    hop.stop()
    with Edged(build) as server:
        holds("without next hops there is nothing to flush", server.ctl("queue", "flush", check=False).returncode == 1)


def held_and_released(build):
    hop = NextHop()
    hop.stop()
    with Edged(build, queue=handoff(hop, retry="Retry 200ms")) as server:
        send(server)
        send(server)
        first, second = [entry["id"] for entry in server.queue()]
        wait_for("the hold", lambda: server.ctl("queue", "hold", first, "--reason", "INC-1", check=False).returncode == 0)
        hop.start()
        hop.has(1)
        wait_for("the other to go", lambda: [e["id"] for e in server.queue()] == [first])
        server.ctl("queue", "release", first)
        hop.has(2)
        is_empty(server)
    hop.stop()
    holds("ids differ", first != second)


# Nothing stored

def straight(hop, extra=""):
    return "<Handoff backend>\nProtocol smtp\nAddress 127.0.0.1:%d\n%s\n</Handoff>\nRelay backend" % (hop.port, extra)


def answer_to(server, *recipients, text=TEXT):
    """Code and text of the answer to the message."""
    with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
        client.ehlo()
        client.mail(SENDER)
        for recipient in recipients or (ONE,):
            client.rcpt(recipient)
        code, said = client.data(text)
        return code, said.decode()


def straight_through(build):
    lines = ["Subject: big", ""] + ["%x" % random.getrandbits(280) for _ in range(40000)] + [".", ""]
    big = "\r\n".join(lines).encode()
    with NextHop() as hop, Edged(build, queue=straight(hop)) as server:
        for keywords in (["PIPELINING"], [], ["CHUNKING"]):
            hop.keywords[:] = keywords
            hop.messages.clear()
            hop.answers["."] = "250 2.6.0 Mine now\nunder number 7"
            expect("the next hop's own words", answer_to(server, ONE, TWO), (250, "2.6.0 Mine now\n2.6.0 under number 7"))
            expect("the message", content_of(hop.has(1)[0]), TEXT)
            expect("for both", hop.messages[0].recipients, [ONE, TWO])
            answer_to(server, text=big)
            holds("a large one is as it was sent", content_of(hop.has(2)[1]) == big)
            for said in ((554, "5.7.1 No"), (452, "4.3.1 Full"), (250, "2.0.0 Well")):
                hop.answers["."] = "%d %s" % said
                expect("its answer to the message", answer_to(server), said)
            hop.answers.clear()
        holds("connections are used again: %d" % hop.connections, hop.connections < 12)
        expect("nothing is in the queue", server.queue(), [])
        for asked in (["status"], ["metrics"], ["queue", "stat"], ["queue", "flush"], ["health"]):
            server.ctl(*asked)
        nobody = server.ctl("queue", "hold", "01a2245a-b9d7-7733-857a-f97bc3d578c0", "--reason", "INC-1", check=False)
        expect("a message that is not there", nobody.returncode, 3)


def straight_refusals(build):
    with NextHop() as hop, Edged(build, queue=straight(hop, "HopTimeout idle=10ms")) as server:
        for keywords in (["PIPELINING"], [], ["CHUNKING"]):
            hop.keywords[:] = keywords
            for step in ("MAIL", "RCPT", "DATA", "."):
                if keywords == ["CHUNKING"] and step == "DATA":
                    continue
                hop.answers[step] = "550 5.7.1 Not like this"
                expect("refused at " + step, answer_to(server), (550, "5.7.1 Not like this"))
                hop.answers.clear()
            hop.answers["RCPT"] = lambda address: "550 5.1.1 Nobody" if address == TWO else None
            expect("one of two refused", answer_to(server, ONE, TWO), (550, "5.1.1 Nobody"))
            expect("one of two refused, in another order", answer_to(server, TWO, ONE), (550, "5.1.1 Nobody"))
            hop.answers.clear()
            expect("and nobody has got it", len(hop.messages), 0)
        hop.stop()
        expect("nobody there", answer_to(server), (451, "4.4.1 The next hop cannot be reached, try again later"))
        hop.start()
        wait_for("it to be tried again", lambda: answer_to(server)[0] == 250)


def straight_troubles(build):
    with NextHop() as hop, Edged(build, queue=straight(hop, "HopTimeout connect=5s greeting=300ms command=300ms end=300ms idle=10ms")) as server:
        for step in ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", "."):
            hop.keywords[:] = ["PIPELINING"]
            for what in ("close", "reset", "garbage", "silence"):
                wait_for("the last connection to be closed", lambda: not hop.open)
                hop.trouble[step] = what
                expect("%s at %s" % (what, step), answer_to(server)[0], 451)
                hop.trouble.clear()
                hop.release()


def straight_and_stopped(build):
    with NextHop() as hop:
        server = Edged(build, queue=straight(hop), server="GracefulTimeout 1s")
        try:
            server.start()
            hop.trouble["."] = "silence"
            with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
                client.ehlo()
                client.mail(SENDER)
                client.rcpt(ONE)
                client.docmd("DATA")
                client.send(TEXT + b".\r\n")
                wait_for("the message to be under way", lambda: any(verb == "." for _, verb, _ in hop.seen))
                server.signal(15)
                expect("what the client hears", client.getreply()[0], 451)
                client.close()
            server.stop()
        finally:
            server.kill()
        server.remove()


# Ends and new beginnings

def a_backlog_survives(build):
    hop = NextHop()
    hop.stop()
    server = Edged(build, queue=handoff(hop, retry="Retry 500ms"))
    try:
        server.start()
        for _ in range(50):
            send(server)
        server.stop()
        hop.start()
        server.start()
        hop.has(50)
        is_empty(server)
        server.stop()
        expect("each once", len(hop.messages), 50)
    finally:
        server.kill()
        hop.stop()
    server.remove()


def replaced_while_it_delivers(build):
    with NextHop() as hop, Edged(build, queue=handoff(hop, "Connections 4")) as server:
        hop.answers["."] = lambda _: time.sleep(0.05)
        sent = 0
        for _ in range(4):
            for _ in range(25):
                send(server)
                sent += 1
            server.reload()
        hop.has(sent)
        is_empty(server)
        expect("each once", len({m.content for m in hop.messages}), sent)
        expect("and no more", len(hop.messages), sent)


def stopped_while_it_delivers(build):
    with NextHop() as hop:
        server = Edged(build, queue=handoff(hop), server="GracefulTimeout 1s")
        try:
            server.start()
            hop.trouble["."] = "silence"
            send(server)
            wait_for("the message to be under way", lambda: any(verb == "." for _, verb, _ in hop.seen))
            server.stop()
            hop.trouble.clear()
            server.start()
            hop.has(1)
            is_empty(server)
            server.stop()
        finally:
            server.kill()
        server.remove()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27300-27499")
    report = Report("relay")
    for case in (delivered_as_accepted, connections_are_used_again, one_of_several_addresses, by_lmtp, by_mx, trouble_at_each_step,
                 refused_for_good, what_was_asked_to_be_told, nobody_there, held_and_released, flushed, straight_through, straight_refusals, straight_troubles, straight_and_stopped, a_backlog_survives,
                 replaced_while_it_delivers, stopped_while_it_delivers):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    assert TestFailure
    sys.exit(main())

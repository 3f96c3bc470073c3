#!/usr/bin/env python3
"""Settings that are changed while the server runs: settings_test.py --build DIR"""
import argparse
import contextlib
import json
import os
import re
import signal
import smtplib
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from control import Answer, Control, ask  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

SETTINGS = "/api/v1/config/settings"
SIZE = "listener.mx.max_message_size"


def setting(server, key):
    return ask(server, "GET", "%s/%s" % (SETTINGS, key), wanted=200).document


def change(server, key, value=None, wanted=200, match=None, query="", **more):
    body = dict(more)
    if value is not None:
        body.setdefault("value", value)
    tag = match or '"%s"' % setting(server, key)["etag"]
    return ask(server, "PATCH", "%s/%s%s" % (SETTINGS, key, query), body, wanted, If_Match=tag)


def revert(server, key, wanted=200):
    return ask(server, "DELETE", "%s/%s" % (SETTINGS, key), None, wanted, If_Match='"%s"' % setting(server, key)["etag"])


def ehlo(server):
    with smtplib.SMTP("127.0.0.1", server.port, "client.example.com", timeout=30) as client:
        client.ehlo()
        return client.esmtp_features


def size(server):
    return ehlo(server).get("size")


def trail(server, action):
    return ask(server, "GET", "/api/v1/audit?action=" + action, wanted=200).document["items"]


def rewrite(server, old, new):
    """The file is edited; the next reload takes it."""
    holds("%r stands in the file" % old, old in server.blocks["listener"])
    server.blocks["listener"] = server.blocks["listener"].replace(old, new)
    server.write_configuration()


def every_setting_is_shown(build):
    with Edged(build, listener="MaxMessageSize 1M\nBanner \"one\"") as server:
        items = ask(server, "GET", SETTINGS, wanted=200).document["items"]
        by_key = {item["key"]: item for item in items}
        expect("keys are unique", len(by_key), len(items))
        one = by_key[SIZE]
        line = [number for number, text in enumerate(open(server.conf_path, encoding="utf-8"), 1) if "MaxMessageSize" in text][0]
        expect("a setting", {name: one[name] for name in one if name not in ("help", "usage", "etag")}, {
            "key": SIZE, "directive": "MaxMessageSize", "type": "bytes", "unit": "byte", "effective": 1048576, "text": "1M",
            "origin": "file", "default": 78643200, "file": {"value": 1048576, "text": "1M", "source": {"file": "edge.conf", "line": line}},
            "override": None, "min": 0, "max": None, "words": None, "applies": "next_session", "runtime_mutable": True})
        expect("alone", setting(server, SIZE), one)
        expect("of the server", (by_key["max_message_size"]["effective"], by_key["max_message_size"]["origin"]), (78643200, "default"))
        expect("not while running", (by_key["server_name"]["applies"], by_key["server_name"]["runtime_mutable"]), ("reload", False))
        expect("a duration", (by_key["graceful_timeout"]["effective"], by_key["graceful_timeout"]["unit"]), (60, "second"))
        for prefix in ("listener.mx.", "log.", "nothing"):
            some = ask(server, "GET", SETTINGS + "?prefix=" + prefix, wanted=200).document
            expect("those of " + prefix, [item["key"] for item in some["items"]], [key for key in by_key if key.startswith(prefix)])
            expect("counted", some["matched"], len(some["items"]))
        expect("no such", ask(server, "GET", SETTINGS + "/listener.mx.nothing", wanted=404).code, "not-found")


def the_next_session_has_it(build):
    """Set by the API: the next session uses it, a reload keeps it, an edit of the file and a reload drop it."""
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        expect("at first", size(server), "1000000")
        with smtplib.SMTP("127.0.0.1", server.port, "client.example.com", timeout=30) as old:
            old.ehlo()
            done = change(server, SIZE, 500000, reason="INC-1 disk pressure")
            expect("an open session keeps what it was told", (old.ehlo()[0], old.esmtp_features["size"]), (250, "1000000"))
        expect("what it answers", done.document["changes"], [
            {"key": SIZE, "before": "1000000", "after": "500000", "applies": "next_session", "sessions": None}])
        expect("the next session", size(server), "500000")
        now = setting(server, SIZE)
        expect("who and why", (now["origin"], now["override"]["by"], now["override"]["reason"], now["override"]["persistence"],
                               now["override"]["expires_at"], now["override"]["file_value_then"], now["effective"]),
               ("override", "uid %d" % os.geteuid(), "INC-1 disk pressure", "reload", None, 1000000, 500000))
        expect("the tag of the answer is the new one", done.etag, '"%s"' % now["etag"])
        told = trail(server, "setting.change")[0]
        expect("audited", (told["target"], told["before"], told["after"], told["reason"]), (SIZE, "1000000", "500000", "INC-1 disk pressure"))
        server.reload()
        expect("after a reload", size(server), "500000")
        expect("still by the same", setting(server, SIZE)["override"]["reason"], "INC-1 disk pressure")
        rewrite(server, "MaxMessageSize 1000000", "MaxMessageSize 2000000")
        expect("an edit alone does nothing", size(server), "500000")
        server.reload()
        expect("the file wins", size(server), "2000000")
        expect("nothing is overridden", setting(server, SIZE)["override"], None)
        told = trail(server, "setting.drop")[0]
        expect("audited", (told["who"], told["target"], told["before"], told["after"]), ("edged", SIZE, "500000", "2000000"))
        holds("logged", b"is dropped: the configuration file says something else now" in server.log())
        server.reload()
        expect("told once", len(trail(server, "setting.drop")), 1)


def persistent_ones_survive_everything(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        path = os.path.join(server.root, "state", "overrides.conf")
        change(server, SIZE, 500000, reason="for good", persistence="persistent")
        change(server, "listener.mx.max_hops", 7)
        with open(path, encoding="utf-8") as text:
            text = text.read()
        holds("directives in their section:\n" + text, "<Listener mx>\n    MaxMessageSize 500000\n</Listener>\n" in text and "MaxHops" not in text)
        holds("who and why:\n" + text, "uid %d" % os.geteuid() in text and "for good" in text)
        for number in (server.parent(), *server.children()):
            os.kill(number, signal.SIGKILL)
        server.may_crash = True
        server.kill()
        server.start()
        expect("after kill -9", size(server), "500000")
        expect("the other has gone", setting(server, "listener.mx.max_hops")["origin"], "default")
        expect("as it was made", setting(server, SIZE)["override"]["reason"], "for good")
        revert(server, SIZE)
        expect("taken back", size(server), "1000000")
        with open(path, encoding="utf-8") as text:
            holds("no longer in the file", "MaxMessageSize" not in text.read())
        server.stop()
        server.start()
        expect("for good", size(server), "1000000")


def a_child_that_crashes_loses_nothing(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        change(server, SIZE, 500000)
        server.may_crash = True
        os.kill(server.children()[0], signal.SIGKILL)
        wait_for("another child", lambda: server.log().count(b" serves, process") == 2)
        expect("after the crash", size(server), "500000")


def two_editors(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        first = second = '"%s"' % setting(server, SIZE)["etag"]
        change(server, SIZE, 500000, match=first)
        stale = change(server, SIZE, 400000, match=second, wanted=412)
        expect("the code", stale.code, "stale-etag")
        expect("what is so now", (stale.document["current"]["effective"], '"%s"' % stale.document["current"]["etag"]),
               (500000, stale.document["current_etag"]))
        expect("nothing has changed", size(server), "500000")
        change(server, SIZE, 400000, match=stale.document["current_etag"])
        expect("with the new tag", size(server), "400000")
        expect("without a tag", ask(server, "PATCH", SETTINGS + "/" + SIZE, {"value": 1}).status, 428)
        change(server, SIZE, 300000, match="*")
        expect("forced", trail(server, "setting.change")[0]["result"], "done, forced")
        # The tag is of what is set, not of who looks or how much mail flows.
        expect("the tag stays", setting(server, SIZE)["etag"], setting(server, SIZE)["etag"])
        # The list's tag changes with any of them.
        tag = ask(server, "GET", SETTINGS).etag
        change(server, "max_hops", 9)
        expect("the list has changed", ask(server, "PATCH", SETTINGS, {"changes": {"max_hops": 8}}, If_Match=tag).status, 412)


def a_generation_that_leaves_sends_to_the_next(build):
    """A connection that is kept leads to a generation that may change nothing any more: it says so, and ends it."""
    with Edged(build, listener="MaxMessageSize 1000000") as server, smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
        client.ehlo()  # keeps the generation alive
        kept = Control(os.path.join(server.root, "run", "edged.sock"))
        kept.request("GET", SETTINGS)
        expect("the connection is kept", (kept.getresponse().read() != b"", kept.sock is not None), (True, True))
        server.ctl("reload")
        kept.request("PATCH", SETTINGS + "/" + SIZE, json.dumps({"value": 500000}), {"Content-Type": "application/json", "If-Match": "*"})
        answer = Answer(kept.getresponse())
        kept.close()
        expect("the answer", (answer.status, answer.code, answer.headers["Retry-After"], answer.headers["Connection"]), (503, "not-ready", "1", "close"))
        expect("nothing has changed", size(server), "1000000")
        change(server, SIZE, 500000, match="*")
        expect("the next one changes it", size(server), "500000")


def several_or_none(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        tag = ask(server, "GET", SETTINGS).etag
        bad = ask(server, "PATCH", SETTINGS, {"changes": {SIZE: 500000, "listener.mx.max_recipients": 0}}, 422, If_Match=tag)
        expect("which", [(one["pointer"], one["code"], one["got"]) for one in bad.document["errors"]],
               [("#/changes/listener.mx.max_recipients", "limit-out-of-range", "0")])
        expect("nothing has changed", (size(server), ask(server, "GET", SETTINGS).etag), ("1000000", tag))
        good = ask(server, "PATCH", SETTINGS, {"changes": {SIZE: 500000, "listener.mx.max_recipients": 50, "log.conf": "debug"},
                                               "reason": "all", "for": 3600}, 200, If_Match=tag).document
        expect("three", [one["key"] for one in good["changes"]], [SIZE, "listener.mx.max_recipients", "log.conf"])
        expect("both", (ehlo(server)["size"], ehlo(server)["limits"]), ("500000", "RCPTMAX=50"))
        overridden = ask(server, "GET", SETTINGS + "?origin=override").document["items"]
        expect("overridden", sorted(one["key"] for one in overridden), sorted([SIZE, "listener.mx.max_recipients", "log.conf"]))
        tag = ask(server, "GET", SETTINGS).etag
        back = ask(server, "PATCH", SETTINGS, {"changes": {"max_hops": 9}, "revert": [SIZE]}, 200, If_Match=tag).document
        expect("changed and taken back", [(one["key"], one["after"]) for one in back["changes"]], [("max_hops", "9"), (SIZE, "1000000")])
        ask(server, "DELETE", SETTINGS, None, 200, If_Match="*")
        expect("none is left", ask(server, "GET", SETTINGS + "?origin=override").document["items"], [])
        expect("as written", size(server), "1000000")


def bad_values_are_refused(build):
    rows = [
        (SIZE, {"value": -1}, 422, "invalid-value"), (SIZE, {"value": True}, 422, "invalid-value"), (SIZE, {"text": "1M 2M"}, 422, "invalid-value"),
        (SIZE, {"value": "1M\nMaxHops 3"}, 422, "invalid-value"), (SIZE, {"value": {"a": 1}}, 422, "wrong-type"), (SIZE, {}, 422, "missing"),
        (SIZE, {"value": 1, "text": "2"}, 422, "missing"), (SIZE, {"valeu": 1}, 422, "unknown-member"), (SIZE, {"value": 1, "for": 0}, 422, "out-of-range"),
        (SIZE, {"value": 1, "persistence": "maybe"}, 422, "unknown-value"), (SIZE, {"value": 1, "reason": "x" * 201}, 422, "too-long"),
        ("listener.mx.max_recipients", {"value": 0}, 422, "limit-out-of-range"), ("listener.mx.max_recipients", {"value": 1.5}, 422, "invalid-value"),
        ("listener.mx.timeout", {"value": "session=soon"}, 422, "invalid-value"), ("listener.mx.banner", {"text": "200 \"no\""}, 422, "invalid-value"),
        ("listener.mx.banner", {"text": "\"%{Nobody}\""}, 422, "invalid-value"), ("server_name", {"value": "x"}, 422, "not-mutable"),
        ("listener.mx.protocol", {"value": "http"}, 422, "not-mutable"), ("log.conf", {"value": "loud"}, 422, "invalid-value")]
    with Edged(build) as server:
        tag = ask(server, "GET", SETTINGS).etag
        for key, body, status, code in rows:
            got = ask(server, "PATCH", SETTINGS + "/" + key, body, If_Match="*")
            expect("%s %r" % (key, body), (got.status, got.code), (status, code))
        for raw in (b"", b"{", b"[]", b"\xff", b"{\"value\":1}{", b"{\"value\":1,\"value\":2}"):
            got = ask(server, "PATCH", SETTINGS + "/" + SIZE, raw, If_Match="*")
            holds("%r: %d" % (raw, got.status), 400 <= got.status < 500)
        expect("nothing has changed", ask(server, "GET", SETTINGS).etag, tag)
        expect("a message", change(server, "listener.mx.max_recipients", 0, wanted=422).document["detail"],
               '"MaxRecipients" may be 1 to 100000, got 0')


def a_dry_run_changes_nothing(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        told = change(server, "timeout", "command=1h session=1m", query="?dry_run=true", reason="to see").document
        expect("what would be", [(one["key"], one["applies"], one["sessions"]) for one in told["changes"]], [("timeout", "next_session", 0)])
        holds("warnings: %r" % told["warnings"], "longer than session=" in " ".join(told["warnings"]))
        expect("it would hold", told["settings"][0]["origin"], "override")
        expect("it does not", setting(server, "timeout")["origin"], "default")
        expect("nor is it told", trail(server, "setting.change"), [])
        expect("errors too", change(server, SIZE, "x", query="?dry_run=true", wanted=422).code, "invalid-value")


def time_ends_it(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        change(server, SIZE, 500000, **{"for": 6, "persistence": "persistent"})
        expires = setting(server, SIZE)["override"]["expires_at"]
        holds("it says when: %s" % expires, re.match(r"\d{4}-\d\d-\d\dT", expires))
        expect("meanwhile", size(server), "500000")
        wait_for("its end", lambda: setting(server, SIZE)["override"] is None)
        expect("as written", size(server), "1000000")
        expect("audited", [(one["who"], one["before"]) for one in trail(server, "setting.expire")], [("edged", "500000")])
        change(server, SIZE, 400000, **{"for": 1, "persistence": "persistent"})
        server.stop()
        time.sleep(1.1)  # its time ends while nobody serves
        server.start()
        expect("at a start", size(server), "1000000")
        expect("audited", len(trail(server, "setting.expire")), 2)


def broken_overrides_do_not_stop_a_start(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        change(server, SIZE, 500000, persistence="persistent")
        change(server, "listener.mx.max_hops", 7, persistence="persistent")
        server.stop()
        path = os.path.join(server.root, "state", "overrides.conf")
        with open(path, encoding="utf-8") as text:
            text = text.read().replace("MaxHops 7", "MaxHops many")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text + "\n# key listener.gone.max_hops\n# by \"x\" at 2026-01-01T00:00:00Z\n# over 100\nMaxHops 3\nrubbish\n")
        server.start()
        expect("the sound one", size(server), "500000")
        expect("the others", setting(server, "listener.mx.max_hops")["origin"], "default")
        expect("audited", sorted(one["target"] for one in trail(server, "setting.drop")), ["listener.gone.max_hops", "listener.mx.max_hops"])
        holds("logged", b"are no overrides and are passed over" in server.log())


def put(server, target, body, wanted=200, match=None, method="PUT"):
    tag = match or ask(server, "GET", target.split("?")[0]).etag
    return ask(server, method, target, body, wanted, If_Match=tag)


def greeting(server):
    with server.connect() as client:
        return client.recv(600).decode().strip()


def no_file_is_read_again(build):
    """Certificates, passwords, lists and the configuration itself are gone: a change needs none of them."""
    with Edged(build, server="Table friends file:lists/friends", listener="TLS starttls\nAuth on backend=staff\nMaxMessageSize 1000000",
               users=[("ann", "secret", "--plain")], files={"lists/friends": "192.0.2.1\n"}) as server:
        for name in ("lists", "tls", "secrets", "edge.conf"):
            os.rename(os.path.join(server.root, name), os.path.join(server.root, name + ".gone"))
        change(server, "max_hops", 9)
        change(server, SIZE, 500000)
        change(server, "listener.mx.auth.mechanisms", "PLAIN")
        with smtplib.SMTP("127.0.0.1", server.port, "client.example.com", timeout=30) as client:
            client.starttls()
            client.ehlo()
            expect("both", (client.esmtp_features["size"], client.esmtp_features["auth"].strip()), ("500000", "PLAIN"))
            client.login("ann", "secret")
        for name in ("lists", "tls", "secrets", "edge.conf"):
            os.rename(os.path.join(server.root, name + ".gone"), os.path.join(server.root, name))


def the_banner(build):
    with Edged(build, listener="Banner \"%{ServerName} ESMTP one\"") as server:
        here = "/api/v1/listeners/mx/banner"
        shown = ask(server, "GET", here, wanted=200).document
        expect("shown", (shown["text"], shown["code"], shown["reply"]), ("%{ServerName} ESMTP one", 220, "220 mx.example.net ESMTP one"))
        expect("a view of", shown["setting"]["key"], "listener.mx.banner")
        done = put(server, here, {"text": "%{ServerName} ESMTP \"two\" \\ #3", "reason": "to see"}).document
        expect("without warnings", done["warnings"], [])
        expect("a client reads it", greeting(server), '220 mx.example.net ESMTP "two" \\ #3')
        server.reload()
        expect("after a reload", greeting(server), '220 mx.example.net ESMTP "two" \\ #3')
        expect("the server's is another", ask(server, "GET", "/api/v1/banner").document["text"], "%{ServerName} ESMTP Mail Gateway")
        holds("no ESMTP", "ESMTP" in put(server, here, {"text": "mx.example.net"}).document["warnings"][0])
        holds("no name", "mx.example.net" in put(server, here, {"text": "gateway ESMTP"}).document["warnings"][0])
        put(server, here, {"text": "not now", "code": 421})
        expect("everybody is refused", greeting(server), "421 not now")
        for bad in ({"text": "a\r\nb"}, {"text": ""}, {"text": "x" * 507}, {"text": "x", "code": 250}, {}, {"text": 7}, {"text": "%{Who}"}):
            put(server, here, bad, 422)
        expect("it stays", greeting(server), "421 not now")
        expect("a stale tag", put(server, here, {"text": "x"}, 412, match='"0"').document["current"]["key"], "listener.mx.banner")
        ask(server, "GET", "/api/v1/listeners/nobody/banner", wanted=404)


def limits(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        here = "/api/v1/listeners/mx/limits"
        shown = ask(server, "GET", here, wanted=200).document
        keys = [one["key"] for one in shown["settings"]]
        holds("those of the listener: %r" % keys, SIZE in keys and "listener.mx.timeout" in keys and "listener.mx.banner" not in keys
              and all(one["runtime_mutable"] for one in shown["settings"]))
        whole = [one["key"] for one in ask(server, "GET", "/api/v1/limits").document["settings"]]
        holds("those of the server: %r" % whole, "max_connections" in whole and "graceful_timeout" in whole and not [key for key in whole if "." in key])
        put(server, here, {"max_message_size": 500000, "max_recipients": 10, "reason": "small"}, method="PATCH")
        expect("both", (ehlo(server)["size"], ehlo(server)["limits"]), ("500000", "RCPTMAX=10"))
        put(server, here, {"max_message_size": 400000, "max_recipients": 0}, 422, method="PATCH")
        expect("none", ehlo(server)["size"], "500000")
        put(server, here, {"max_size": 1}, 422, method="PATCH")
        put(server, here, {"banner": "x"}, 422, method="PATCH")
        put(server, here, {"reason": "nothing"}, 422, method="PATCH")
        put(server, here, {"max_message_size": None, "timeout": "30s"}, method="PATCH")
        expect("no bound", "size" in ehlo(server) and ehlo(server)["size"], False)
        # Connections: the place is counted by the limits of the session that takes it.
        put(server, "/api/v1/limits", {"max_connections": 2}, method="PATCH")
        wait_for("the places to be free", lambda: server.counter("connections_active") == 0)
        with contextlib.ExitStack() as clients:
            codes = [clients.enter_context(server.connect()).recv(100)[:3] for _ in range(3)]  # one after the other: workers accept side by side
        expect("the third", codes, [b"220", b"220", b"421"])


def log_levels(build):
    with Edged(build, server="LogLevel notice smtp_edge:warn") as server:
        shown = {one["area"]: one for one in ask(server, "GET", "/api/v1/log/levels", wanted=200).document["items"]}
        expect("an area", shown["smtp_edge"], {"area": "smtp_edge", "level": "warn", "file_level": "warn", "until": None})
        expect("all others", (shown["default"]["level"], shown["session"]["level"]), ("notice", "notice"))
        ask(server, "PUT", "/api/v1/log/levels", {"area": "session", "level": "debug"}, 200)
        ehlo(server)
        wait_for("a line of it", lambda: b"[session:debug]" in server.log())
        holds("for a while", setting(server, "log.session")["override"]["expires_at"])
        ask(server, "PUT", "/api/v1/log/levels", {"area": "session", "level": "info", "ttl": 1}, 200)
        wait_for("its end", lambda: setting(server, "log.session")["override"] is None)
        expect("as written", setting(server, "log.session")["text"], "notice")
        ask(server, "PUT", "/api/v1/log/levels", {"area": "default", "level": "info"}, 200)
        shown = {one["area"]: one["level"] for one in ask(server, "GET", "/api/v1/log/levels").document["items"]}
        expect("all but those with their own", (shown["session"], shown["smtp_edge"]), ("info", "warn"))
        for bad in ({"area": "nothing", "level": "info"}, {"area": "session", "level": "loud"}, {"area": "session"}, {"level": "info"}):
            holds("%r" % bad, ask(server, "PUT", "/api/v1/log/levels", bad).status in (404, 422))


def mechanisms(build):
    with Edged(build, listener="TLS starttls\nAuth on backend=staff", users=[("ann", "secret", "--plain")]) as server:
        here = "/api/v1/listeners/mx/auth"
        shown = ask(server, "GET", here, wanted=200).document
        expect("state", shown["state"], "on")
        expect("those", {name: one["enabled"] for name, one in shown["mechanisms"].items()},
               {"SCRAM-SHA-256-PLUS": True, "SCRAM-SHA-256": True, "EXTERNAL": True, "PLAIN": True, "LOGIN": True, "CRAM-MD5": False})
        put(server, here, {"mechanisms": {"LOGIN": False, "CRAM-MD5": True}}, method="PATCH")
        listener = ask(server, "GET", "/api/v1/listeners/mx", wanted=200).document
        expect("as the listener tells", sorted(listener["auth"]["mechanisms"]),
               sorted(name for name, one in ask(server, "GET", here).document["mechanisms"].items() if one["enabled"] and one["served"]))
        expect("and its banner", listener["banner"], ask(server, "GET", "/api/v1/listeners/mx/banner").document["reply"])
        change(server, "listener.mx.banner", '"changed %{ServerName}"')
        expect("changed", ask(server, "GET", "/api/v1/listeners", wanted=200).document["items"][0]["banner"], "220 changed mx.example.net")
        with smtplib.SMTP("127.0.0.1", server.port, "client.example.com", timeout=30) as client:
            client.ehlo()
            expect("in clear text", sorted(client.esmtp_features["auth"].split()), ["CRAM-MD5", "SCRAM-SHA-256"])
            client.starttls()
            client.ehlo()
            holds("LOGIN is gone: " + client.esmtp_features["auth"], "LOGIN" not in client.esmtp_features["auth"] and "PLAIN" in client.esmtp_features["auth"])
            client.login("ann", "secret")  # the store of credentials is the one it was
        server.reload()
        expect("kept", ask(server, "GET", here).document["mechanisms"]["LOGIN"]["enabled"], False)
        for bad in ({"NOTHING": True}, {name: False for name in shown["mechanisms"]}, {"PLAIN": "yes"}):
            put(server, here, {"mechanisms": bad}, 422, method="PATCH")
        revert(server, "listener.mx.auth.mechanisms")
        expect("taken back", ask(server, "GET", here).document["mechanisms"]["LOGIN"]["enabled"], True)
    with Edged(build, listener="Auth on backend=staff mechanisms=SCRAM-SHA-256", users=[("ann", "secret", "--plain")]) as server:
        got = put(server, "/api/v1/listeners/mx/auth", {"mechanisms": {"PLAIN": True}}, 422, method="PATCH")
        expect("passwords in clear text", got.code, "unsafe-combination")
    with Edged(build) as server:
        expect("off", ask(server, "GET", "/api/v1/listeners/mx/auth").document["state"], "off")
        expect("stays off", ask(server, "PATCH", "/api/v1/listeners/mx/auth", {"mechanisms": {"PLAIN": True}}, If_Match="*").status, 409)


def several_test_at_once(build):
    """Each is answered in its turn: the console asks for drift while an operator has the files tested."""
    with Edged(build) as server:
        answers = []
        askers = [threading.Thread(target=lambda: answers.append(ask(server, "POST", "/api/v1/config/test"))) for _ in range(8)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        expect("answers", [(answer.status, answer.document.get("ok")) for answer in answers], [(200, True)] * 8)


def what_is_on_disk_is_tested(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        good = ask(server, "POST", "/api/v1/config/test", wanted=200).document
        expect("sound", (good["ok"], good["errors"], good["diagnostics"]), (True, 0, []))
        expect("no drift", ask(server, "GET", "/api/v1/config/drift").document["unloaded"], {"changed": False, "files": [], "since": None, "test": None})
        server.blocks["listener"] = "MaxMesageSize 1M\nMaxHops many"
        server.write_configuration()
        bad = ask(server, "POST", "/api/v1/config/test", wanted=200).document
        expect("not sound", (bad["ok"], bad["errors"]), (False, 2))
        expect("which", [(one["severity"], one["code"], os.path.basename(one["file"])) for one in bad["diagnostics"]],
               [("error", "EDG10021", "edge.conf"), ("error", "EDG10031", "edge.conf")])
        holds("did you mean", "MaxMessageSize" in bad["diagnostics"][0]["suggestion"])
        unloaded = ask(server, "GET", "/api/v1/config/drift").document["unloaded"]
        holds("drift: %r" % unloaded, unloaded["changed"] and "edge.conf has changed" in unloaded["files"][0] and unloaded["since"])
        expect("what a test says of them", unloaded["test"], {"errors": 2, "warnings": 0})
        holds("edgectl says so", "a reload would refuse them: 2 errors, 0 warnings" in run(server, "config", "drift"))
        refused = ask(server, "POST", "/api/v1/config/reload", {"reason": "to see"}, 422)
        expect("refused", (refused.code, refused.document["errors"]), ("config-invalid", 2))
        expect("what runs goes on", size(server), "1000000")
        expect("audited", [one["result"] for one in trail(server, "config.reload")], ["config-invalid"])


def overrides_as_an_edit_of_the_files(build):
    """What is exported can be applied, and then says what was overridden; values, words within lines, new lines, included files."""
    listener = "    MaxMessageSize 1000000   \n    # a comment\nInclude conf/more.conf\nTimeout command=30s \\\n    data=60s\n<On RCPT>\nValidate local mode=enforce\n</On>"
    more = "<Validator local>\nModule answer_module\nAnswer 550 5.1.1 \"no\"\n</Validator>\n"
    with Edged(build, listener=listener, more=more, files={"conf/more.conf": "MaxHops 30\nMaxRecipients 100"}) as server:
        expect("nothing", (run(server, "overrides", "export"), ask(server, "GET", "/api/v1/config/drift").document["diff"]), ("", ""))
        wanted = {"listener.mx.max_message_size": 2000000, "listener.mx.max_hops": 7, "listener.mx.max_recipients": 50, "listener.mx.timeout": "command=10s data=20s",
                  "listener.mx.banner": '220 "mx.example ESMTP \\"here\\""', "validator.local.mx.RCPT.mode": "shadow", "log.control": "debug", "log.default": "warn",
                  "max_connections": 321}
        for key, value in wanted.items():
            change(server, key, value, reason="INC-%d" % len(key))
        diff = ask(server, "GET", "/api/v1/config?view=overrides&format=diff", wanted=200)
        expect("type", diff.headers["Content-Type"], "text/x-diff; charset=utf-8")
        text = diff.content.decode()
        expect("the same in the drift and by edgectl", (ask(server, "GET", "/api/v1/config/drift").document["diff"], run(server, "overrides", "export")), (text, text))
        for key in wanted:
            holds("who and why: " + key, re.search(r"^# %s: by .uid \d+. at \S+, because INC-%d$" % (re.escape(key), len(key)), text, re.M))
        done = subprocess.run(["patch", "-p1", "--fuzz=0"], input=diff.content, cwd=server.root, capture_output=True, check=False)
        expect("it applies: %s\n%s" % (done.stdout.decode(), text), done.returncode, 0)
        said = server.ctl("reload").stdout.decode()
        holds("all of them have ended: " + said, "%d settings that were changed" % len(wanted) in said)
        for key, value in wanted.items():
            now = setting(server, key)
            expect(key, (now["override"], now["origin"]), (None, "file"))
            holds("%s: %r" % (key, now["effective"]), key.endswith("banner") or str(now["effective"]).startswith(str(value)))
        expect("the banner", ask(server, "GET", "/api/v1/listeners/mx/banner").document["reply"], '220 mx.example ESMTP "here"')
        expect("nothing", run(server, "overrides", "export"), "")
        expect("only in the mode", open(server.conf_path, encoding="utf-8").read().count("Validate local mode=shadow"), 1)
        wrong = ask(server, "GET", "/api/v1/config?view=file&format=diff")
        expect("of overrides only", (wrong.status, wrong.code), (422, "unsafe-combination"))


def a_reload_says_what_it_dropped(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        change(server, "listener.mx.max_message_size", 700000)
        change(server, "listener.mx.max_hops", 7)
        server.blocks["listener"] = "MaxMessageSize 2000000"
        server.write_configuration()
        expect("would be taken", ask(server, "GET", "/api/v1/config/drift").document["unloaded"]["test"], {"errors": 0, "warnings": 0})
        closed = server.closed()
        begun = ask(server, "POST", "/api/v1/config/reload", {"reason": "INC-4"}, 202)
        wait_for("the old generation to take no more", lambda: server.closed() > closed, 30)
        result = ask(server, "GET", begun.headers["Location"], wanted=200).document["result"]
        expect("one", result, {"generation": 2, "dropped_count": 1, "dropped": [
            {"key": "listener.mx.max_message_size", "value": "700000", "file_value": "2000000", "by": "uid %d" % os.geteuid(),
             "why": "the configuration file says something else now"}]})
        expect("counted", [one["dropped"] for one in ask(server, "GET", "/api/v1/config/generations").document["items"]], [1, 0])


def reload_by_request(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        change(server, "listener.mx.max_hops", 7)
        server.blocks["listener"] = "MaxMessageSize 2000000"
        server.write_configuration()
        closed = server.closed()
        begun = ask(server, "POST", "/api/v1/config/reload", {"reason": "INC-3"}, 202)
        expect("where to look", begun.headers["Location"], "/api/v1/operations/" + begun.document["operation"])
        wait_for("the old generation to take no more", lambda: server.closed() > closed, 30)
        done = ask(server, "GET", begun.headers["Location"], wanted=200).document
        expect("done", (done["kind"], done["state"], done["result"], done["who"]), ("reload", "done", {"generation": 2, "dropped": [], "dropped_count": 0}, "uid %d" % os.geteuid()))
        expect("in force", (size(server), setting(server, "listener.mx.max_hops")["effective"]), ("2000000", 7))
        expect("no drift", ask(server, "GET", "/api/v1/config/drift").document["unloaded"]["changed"], False)
        past = ask(server, "GET", "/api/v1/config/generations", wanted=200).document["items"]
        expect("generations", [(one["generation"], one["who"], one["result"], one["files"]) for one in past],
               [(2, "uid %d" % os.geteuid(), "serving", 1), (1, "start", "serving", 1)])
        server.reload()
        expect("by a signal", ask(server, "GET", "/api/v1/config/generations").document["items"][0]["who"], "signal")
        ask(server, "GET", "/api/v1/operations/99", wanted=404)
        ask(server, "GET", "/api/v1/operations/x", wanted=404)


def the_whole_is_shown(build):
    with Edged(build, listener="MaxMessageSize 1000000") as server:
        change(server, SIZE, 500000, reason="why not")
        texts = {view: ask(server, "GET", "/api/v1/config?format=conf&view=" + view, wanted=200).content.decode() for view in ("effective", "file", "overrides")}
        holds("effective", re.search(r"MaxMessageSize +500000 +# override of listener.mx.max_message_size:1", texts["effective"]))
        holds("file", re.search(r"MaxMessageSize +1000000 +# edge.conf:\d+", texts["file"]))
        holds("overrides:\n" + texts["overrides"], "    MaxMessageSize 500000\n" in texts["overrides"] and "why not" in texts["overrides"])
        shown = {view: {one["key"]: one["text"] for one in ask(server, "GET", "/api/v1/config?view=" + view, wanted=200).document["items"]}
                 for view in ("effective", "file", "defaults", "overrides")}
        expect("one of them", [shown[view][SIZE] for view in ("effective", "file", "defaults", "overrides")], ["500000", "1000000", "75M", "500000"])
        expect("only that", list(shown["overrides"]), [SIZE])
        expect("drift", [one["key"] for one in ask(server, "GET", "/api/v1/config/drift").document["overridden"]], [SIZE])
        ask(server, "GET", "/api/v1/config?format=conf&view=defaults", wanted=422)


OK, ERROR, USAGE, NOT_FOUND, DENIED, UNREACHABLE, BAD_CONFIGURATION = range(7)


def run(server, *arguments, code=OK):
    done = server.ctl(*arguments, check=False)
    expect("exit status of edgectl %s (%s)" % (" ".join(arguments), done.stderr.decode("utf-8", "replace").strip()), done.returncode, code)
    return done.stdout.decode() if code == OK else done.stderr.decode()


def by_edgectl(build):
    with Edged(build, listener="MaxMessageSize 1000000\nBanner \"%{ServerName} ESMTP\"") as server:
        expect("get", run(server, "config", "get", SIZE), "1000000\n")
        said = run(server, "config", "set", SIZE, "500K", "--reason", "INC-1", "--for", "4h")
        expect("set", said, "listener.mx.max_message_size: 500K, was 1000000; applies: next_session\n")
        made = setting(server, SIZE)["override"]
        holds("for four hours: %r" % made, made["reason"] == "INC-1" and made["persistence"] == "reload" and made["expires_at"])
        expect("it holds", size(server), "512000")
        run(server, "config", "set", "listener.mx.timeout", "command=10s", "data=20s", "--persist")
        expect("words", setting(server, "listener.mx.timeout")["override"]["text"], "command=10s data=20s")
        run(server, "config", "set", "listener.mx.banner", "mx.example.net ESMTP \"quoted\"", code=ERROR)
        run(server, "config", "set", "listener.mx.banner", "\"mx.example.net ESMTP two\"")
        expect("greets", greeting(server), "220 mx.example.net ESMTP two")
        expect("the banner", run(server, "banner", "mx"), "220 mx.example.net ESMTP two\n")
        run(server, "banner", "mx", "mx.example.net", "ESMTP", "three")
        expect("greets", greeting(server), "220 mx.example.net ESMTP three")
        table = run(server, "overrides").splitlines()
        expect("rows", len(table), 4)
        holds("a row: %r" % table, any(re.match(r"listener\.mx\.timeout +command=10s data=20s +- +uid \d+ +\d+s +- +restart +-", line) for line in table))
        holds("where from", re.search(r"^listener\.mx\.queue +main +edge\.conf:\d+ +reload$", run(server, "config", "show", "listener.mx."), re.M))
        expect("differs", len(run(server, "config", "show", "--diff").splitlines()), 4)
        holds("limits", SIZE in run(server, "limits", "mx") and "max_connections" in run(server, "limits"))
        run(server, "config", "set", SIZE + "=none", "--dry-run")
        expect("a dry run", size(server), "512000")
        holds("audit", re.search(r"setting\.change +listener\.mx\.max_message_size +1000000 +500K +done +INC-1", run(server, "audit", "--action", "setting.*")))
        expect("one line", len(run(server, "audit", "--limit", "1").splitlines()), 2)
        expect("as JSON", json.loads(run(server, "-o", "json", "config", "get", SIZE))["key"], SIZE)
        run(server, "config", "revert", SIZE, "--reason", "over")
        expect("taken back", size(server), "1000000")
        run(server, "overrides", "clear")
        expect("none", run(server, "-o", "json", "overrides"), "[]\n")
        run(server, "log", "level", "session=debug", "--for", "1m")
        holds("levels", re.search(r"^session +debug +info +\d+s", run(server, "log", "level"), re.M))
        run(server, "validators", "mode", "nobody", "mx", "RCPT", "off", code=NOT_FOUND)
        run(server, "config", "get", "nothing", code=NOT_FOUND)
        run(server, "config", "set", "nothing", "1", code=NOT_FOUND)
        run(server, "config", "revert", SIZE, code=NOT_FOUND)
        run(server, "config", "set", SIZE, code=USAGE)
        run(server, "config", "set", SIZE, "1M", "--for", "soon", code=USAGE)
        holds("as a file is told", "needs a size such as 512" in run(server, "config", "set", SIZE, "big", code=ERROR))
        holds("not while running", "write it into the file" in run(server, "config", "set", "server_name", "x", code=ERROR))
        run(server, "config", "set", SIZE, "700000", "--reason", "to export")
        holds("export", "<Listener mx>\n    MaxMessageSize 700000\n</Listener>\n" in run(server, "overrides", "export", "--conf"))
        holds("as a diff", re.search(r"\n\+ *MaxMessageSize 700000\n", run(server, "overrides", "export")))
        holds("sound", "0 errors, 0 warnings in 1 files" in run(server, "config", "test"))
        holds("no drift", "the files are as they were loaded" in run(server, "config", "drift"))
        server.blocks["listener"] += "\nMaxHops many"
        server.write_configuration()
        run(server, "config", "test", code=BAD_CONFIGURATION)
        holds("drift", re.search(r"not loaded: .*edge.conf has changed", run(server, "config", "drift")))
        holds("generations", re.search(r"^ +1 +.* start +serving +1 +0$", run(server, "config", "generations"), re.M))
        server.stop()
        run(server, "config", "get", SIZE, code=UNREACHABLE)


class Sender(threading.Thread):
    """Sends messages one by one, each in a session of its own, until told to stop; keeps what it was told."""

    def __init__(self, server, stop):
        super().__init__()
        self.server, self.stop, self.accepted, self.sizes, self.trouble = server, stop, [], set(), None

    def run(self):
        try:
            while not self.stop.is_set():
                with smtplib.SMTP("127.0.0.1", self.server.port, "client.example.com", timeout=60) as client:
                    client.ehlo()
                    self.sizes.add(int(client.esmtp_features["size"]))
                    for _ in range(3):
                        first = client.ehlo() and client.esmtp_features["size"]
                        client.mail("a@client.example.com")
                        client.rcpt("b@server.example.com")
                        code, text = client.data("Subject: x\r\n\r\ny\r\n")
                        if code == 250:
                            self.accepted.append(re.search(rb"queued as ([0-9a-f-]{36})", text).group(1).decode())
                        client.ehlo()
                        if client.esmtp_features["size"] != first:
                            self.trouble = "the size changed within a session"
        except (OSError, smtplib.SMTPException) as trouble:
            self.trouble = repr(trouble)


def changed_under_load(build):
    """50 clients send while settings change: each session keeps what it was told, and no message is lost."""
    with Edged(build, server="MaxConnectionsPerIP 1000", listener="MaxMessageSize 1000000") as server:
        stop = threading.Event()
        senders = [Sender(server, stop) for _ in range(50)]
        for sender in senders:
            sender.start()
        sizes = [1000000]
        for round_ in range(20):
            sizes.append(500000 + round_)
            change(server, SIZE, sizes[-1], match="*")
            expect("a new session has it", size(server), str(sizes[-1]))
            change(server, "log.default", "warn" if round_ % 2 else "info", match="*")
            if round_ % 5 == 0:
                change(server, "listener.mx.max_connections", 500 + round_, match="*")
        stop.set()
        for sender in senders:
            sender.join()
        expect("trouble", [sender.trouble for sender in senders if sender.trouble], [])
        holds("only sizes that were set", set().union(*(sender.sizes for sender in senders)) <= set(sizes))
        accepted = [identity for sender in senders for identity in sender.accepted]
        stored, cursor = set(), ""
        while cursor is not None:
            page = ask(server, "GET", "/api/v1/queue?limit=1000" + cursor, wanted=200).document
            stored |= {one["id"] for one in page["items"]}
            cursor = "&cursor=" + page["next_cursor"] if page["next_cursor"] else None
        holds("messages went through: %d" % len(accepted), len(accepted) >= 50)
        expect("counted", server.counter('messages_total{listener="mx",protocol="smtp",outcome="accepted"}'), len(accepted))
        expect("none is lost", set(accepted) - stored, set())
        wait_for("nobody to be left", lambda: server.counter('connections_active{listener="mx"}') == 0)
        return "%d messages" % len(accepted)


def main():
    parser = argparse.ArgumentParser()
    add_common_arguments(parser)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    report = Report("settings")
    for case in (every_setting_is_shown, the_next_session_has_it, persistent_ones_survive_everything, a_child_that_crashes_loses_nothing,
                 two_editors, a_generation_that_leaves_sends_to_the_next, several_or_none, bad_values_are_refused, a_dry_run_changes_nothing, time_ends_it,
                 broken_overrides_do_not_stop_a_start, no_file_is_read_again, the_banner, limits, log_levels, mechanisms,
                 several_test_at_once, what_is_on_disk_is_tested, reload_by_request, overrides_as_an_edit_of_the_files, a_reload_says_what_it_dropped,
                 the_whole_is_shown, by_edgectl, changed_under_load):
        if not options.names or case.__name__ in options.names:
            report.run(case.__name__, lambda case=case: case(options.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The figures as Prometheus reads them: metrics_test.py --build DIR"""
import argparse
import json
import os
import re
import resource
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Ports, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

MORE = """
<Validator "od\\"d">
    Module answer_module
    Answer 550 5.1.1 "Unknown user"
    Only nobody@server.example
</Validator>
"""
PAGE = """# Metrics

`GET /metrics` on the control socket or on a listener with `Protocol admin` (role read), or `edgectl metrics`. The text format is 0.0.4;
who accepts `application/openmetrics-text` gets OpenMetrics 1.0. In a configuration of Prometheus:

    scrape_configs:
      - job_name: edge
        static_configs: [{targets: ['127.0.0.1:8090']}]
        authorization: {credentials_file: /etc/prometheus/edged.token}    # edgectl token add prometheus --role read

`conf/alerts.rules.yml` and `conf/recording.rules.yml` are rule files, `conf/grafana-dashboard.json` is a dashboard; a test holds that they
name nothing that is not here.

Labels come from the configuration or from fixed lists, never from clients: no address, domain, user, session or message is one. Series of
known combinations stand at 0 from the start, so that `rate()` sees the first event. Counters are kept per worker in memory that all
generations of a child share: they survive a reload and a crash of the child, not a restart of the server. Counting is one relaxed addition.

Requests of the API are counted by the route's template, by whatever way they came (`files`: the console's; `none`: no such route, or
refused before one was looked for); statuses that a route rarely answers get their series when they come first.

The time of a command is what it waited for validators, the queue and stores of credentials, as these waits are measured anyway; DATA's
ends with the reply behind the message, and the greeting is an OTHER. It holds nothing of the client's time. Accepting stops for all
listeners of a worker at once when descriptors or memory run out, so `edge_accept_errors_total` names no listener. Messages stand
in segments of the spool that are made ahead; only large ones have files of their own, which `create`, `rename` and `unlink` are about.
APR's pools, the workers' memory and the libraries share one heap: `edge_memory_pool_bytes` tells of that.

A child of workers that a signal ended is a `crash`, one that ended by itself, as when a library calls exit, an `exit`; both are counted when
they end, also while they drain. A child that hangs is ended, with the server, by the service manager's watchdog, whose restart begins all
counters anew: `edge_worker_restarts_total` has no `hang`. A reload is `invalid` when the configuration is wrong, and `failed` when it is not
but an address cannot be bound, no child can be made or the new child dies; a child in the place of one that ended is no reload.

What is deleted from a queue is gone, so there is no state `trash` and no operation `restore`; `fail` is a message that ended without any of its
recipients, refused, too old or given up by an operator. `edge_workers` speaks of the child that serves, never of those that drain.

The outcome of a session is its `end` in the transaction log, and finer than most dashboards want: a client that left is `peer_closed`,
`peer_closed_in_data` or `reset`; one that was too slow `timeout_*` or `slow`; a limit `too_many_*` or `banned`; a 421 of ours `policy`,
`banner_refused`, `drain`, `kicked` or `internal`; a failure of TLS `tls_failed`, `tls_plaintext` or `timeout_tls`. The recording rule
`edge:sessions:rate5m` sums them up in this way. A message is `tempfail` where it was refused with a 4xx, `rejected` with a 5xx,
and `discarded`, in the log `accepted`, where a next hop that keeps nothing took it straight.

These are the core's, and those of the modules for TLS, AUTH, HTTP, the admin's server, the spool and hand-off. The table is printed from the rows:
`test/system/metrics_test.py --page`.
"""
LISTENER = "<On RCPT>\nValidate \"od\\\"d\"\n</On>"
CONF = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "conf")
SAMPLE = re.compile(r'^([a-z_][a-z0-9_]*)(?:\{((?:[a-z_]+="(?:[^"\\]|\\["\\n])*",?)+)\})? (-?[0-9.e+]+)$')


def read(text):
    """name -> {labels: value}, with the types; every rule of the format that a line can show is held."""
    samples, types, order = {}, {}, []
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:4]
            expect("one TYPE of " + name, name in types, False)
            types[name] = kind
            order.append(name)
        elif not line.startswith("# HELP "):
            found = SAMPLE.match(line)
            holds("a sample: " + line, found)
            name, labels, value = found.groups()
            family = re.sub("_(bucket|sum|count)$", "", name) if types.get(name) is None else name
            expect("the sample stands in its family: " + line, order[-1], family)
            expect("a sample comes once: " + line, (labels or "") in samples.setdefault(name, {}), False)
            samples[name][labels or ""] = float(value)
    for name, series in samples.items():
        kinds = {tuple(re.findall(r'([a-z_]+)="', labels)) for labels in series}
        expect("one set of labels in " + name, len(kinds), 1)
    return samples, types


def are_read(build):
    with Edged(build, listener=LISTENER, more=MORE) as server:
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=30) as client:
            client.sendmail("a@client.example", ["b@server.example"], "Subject: x\r\n\r\nx\r\n")
            client.mail("a@client.example")
            expect("the refusal", client.rcpt("nobody@server.example")[0], 550)
        text = server.ctl("metrics").stdout.decode()
        samples, types = read(text)
        expect("messages", samples["edge_messages_total"]['listener="mx",protocol="smtp",outcome="accepted"'], 1)
        expect("their type", types["edge_messages_total"], "counter")
        expect("what has not been is there", samples["edge_messages_total"]['listener="mx",protocol="smtp",outcome="tempfail"'], 0)
        expect("commands", samples["edge_commands_total"]['listener="mx",command="RCPT",class="2xx"'], 1)
        expect("refused ones", samples["edge_commands_total"]['listener="mx",command="RCPT",class="5xx"'], 1)
        expect("who refused", samples["edge_messages_rejected_total"]['listener="mx",command="RCPT",class="5xx",source="validator"'], 1)
        expect("recipients", samples["edge_recipients_total"]['listener="mx",result="rejected"'], 1)
        expect("sizes", samples["edge_message_size_bytes_count"]['listener="mx"'], 1)
        holds("octets", samples["edge_network_receive_bytes_total"]['listener="mx"'] > 50)
        expect("readiness", (samples["edge_ready"][""], samples["edge_draining"][""]), (1, 0))
        expect("the last reload", samples["edge_config_last_reload_successful"][""], 1)
        expect("the mode", samples["edge_validator_mode"]['validator="od\\"d",listener="mx",command="RCPT",mode="enforce"'], 1)
        of = 'validator="od\\"d",command="RCPT"'
        expect("refusals", samples["edge_validator_results_total"][of + ',mode="enforce",result="reject"'], 1)
        expect("passes", samples["edge_validator_results_total"][of + ',mode="enforce",result="pass"'], 1)
        expect("the histogram", types["edge_validator_duration_seconds"], "histogram")
        buckets = [value for labels, value in samples["edge_validator_duration_seconds_bucket"].items()]
        expect("buckets rise", buckets, sorted(buckets))
        expect("to the count", (buckets[-1], samples["edge_validator_duration_seconds_count"]['validator="od\\"d"']), (2, 2))
        expect("the queue", samples["edge_queue_messages"]['queue="main",state="incoming"'], 1)
        holds("the oldest is dated", samples["edge_queue_oldest_message_timestamp_seconds"]['queue="main"'] > 1e9)
        holds("inodes", samples["edge_spool_free_inodes"]['queue="main"'] > 0)
        expect("what was done in it", {labels: value for labels, value in samples["edge_queue_operations_total"].items() if value}, {'op="enqueue"': 1})
        expect("what there is to do", len(samples["edge_queue_operations_total"]), 8)
        expect("no trouble", samples["edge_spool_errors_total"], {'op="write"': 0, 'op="fsync"': 0, 'op="create"': 0})
        for op in ("write", "fsync", "create", "rename", "unlink"):
            expect("one of " + op, samples["edge_spool_operation_duration_seconds_count"]['op="%s"' % op] > 0, op in ("write", "fsync"))
        expect("their type", types["edge_spool_operation_duration_seconds"], "histogram")
        holds("the process", samples["process_resident_memory_bytes"][""] > 1e6 and samples["process_open_fds"][""] > 5)
        holds("its start", abs(samples["process_start_time_seconds"][""] - samples["edge_queue_oldest_message_timestamp_seconds"]['queue="main"']) < 600)
        expect("workers", sum(samples["edge_workers"].values()), 2)
        if not shutil.which("promtool"):
            return "promtool is not here"
        for name in ("alerts", "recording"):
            done = subprocess.run(["promtool", "check", "rules", os.path.join(CONF, name + ".rules.yml")], capture_output=True, check=False)
            expect("promtool: " + (done.stdout + done.stderr).decode(), done.returncode, 0)
        done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False)
        expect("promtool: " + (done.stdout + done.stderr).decode(), done.returncode, 0)
    return None


def whole_server(build):
    """With TLS, AUTH, HTTP, the admin's server, a validator and a next hop: every family that there is."""
    more = MORE + "<Listener web>\nListen 127.0.0.1:%d\nProtocol http\nQueue main\n</Listener>" % Ports.take()
    more += "\n<Admin>\nListen 127.0.0.1:%d\n</Admin>\n" % Ports.take()
    queue = "<Handoff inside>\nProtocol smtp\nAddress 127.0.0.1:9\n</Handoff>"
    return Edged(build, listener=LISTENER + "\nTLS immediate context=default\nAuth on backend=staff mechanisms=PLAIN", queue=queue, more=more)


def told_by_rows(table, macro):
    """Values of a label with what their rows in include/tbl say of them."""
    with open(os.path.join(CONF, "..", "include", "tbl", table + ".def"), encoding="utf-8") as rows:
        found = re.findall(r'^%s\(\w+, "(\w+)", (?:\w+, )?"((?:[^"\\]|\\.)*)"\)$' % macro, rows.read(), re.M)
    holds("rows of " + table, found)
    return found


def print_values(title, told):
    print("\n## %s\n\n| value | meaning |\n|---|---|" % title)
    for value, prose in told:
        print("| `%s` | %s |" % (value, prose))


def page(build):
    """docs/METRICS.md, as the rows tell it: metrics_test.py --page >docs/METRICS.md"""
    with whole_server(build) as server:
        text = server.ctl("metrics").stdout.decode()
    _, types = read(text)
    prose = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.M))
    labels = {}
    for line in text.splitlines():
        found = SAMPLE.match(line)
        if found:
            family = found.group(1) if found.group(1) in types else re.sub("_(bucket|sum|count)$", "", found.group(1))
            for label in re.findall(r'([a-z_]+)="', found.group(2) or ""):
                if label != "le" and label not in labels.setdefault(family, []):
                    labels[family].append(label)
    print(PAGE)
    print("| name | type | labels | meaning |\n|---|---|---|---|")
    for name in sorted(set(types) | {"edge_queue_oldest_message_timestamp_seconds"}):
        print("| `%s` | %s | %s | %s |" % (name, types.get(name, "gauge"), ", ".join(labels.get(name, [])) or "-",
                                           prose.get(name, "When the oldest message was received; absent when there is none.")))
    print_values("`kind` of `edge_protocol_violations_total`", told_by_rows("violations", "EDGE_VIOLATION"))
    print_values("`reason` of `edge_connections_rejected_total`", told_by_rows("connections_refused", "EDGE_REJECTED"))
    print_values("`outcome` of `edge_sessions_total`", told_by_rows("close_reasons", "EDGE_CLOSE"))


def credentials_are_timed(build):
    with Edged(build, listener="TLS immediate context=default\nAuth on backend=staff mechanisms=PLAIN", users=[("ann", "secret")]) as server:
        def of(name, mechanism):
            samples, _ = read(server.ctl("metrics").stdout.decode())
            return samples["edge_auth_duration_seconds_" + name]['mechanism="%s"' % mechanism]
        expect("nobody yet", (of("count", "PLAIN"), of("count", "OTHER")), (0, 0))
        context = ssl._create_unverified_context()  # pylint: disable=protected-access
        with smtplib.SMTP_SSL("127.0.0.1", server.port, "client.example", timeout=30, context=context) as client:
            client.login("ann", "secret")
        expect("one", (of("count", "PLAIN"), of("count", "LOGIN")), (1, 0))
        holds("and its time", of("sum", "PLAIN") > 0)


def commands_are_timed(build):
    """By what the server waited for, not by what the client took between them."""
    with Edged(build) as server:
        def of(name, command):
            samples, _ = read(server.ctl("metrics").stdout.decode())
            return samples["edge_command_duration_seconds_" + name]['command="%s"' % command]
        expect("nobody yet", (of("count", "DATA"), of("count", "NOOP")), (0, 0))
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=30) as client:
            client.sendmail("a@client.example", ["b@server.example"], "Subject: x\r\n\r\nx\r\n")
            time.sleep(0.2)
            client.noop()
            client.docmd("FOO")
        expect("of each", [of("count", command) for command in ("MAIL", "RCPT", "DATA", "NOOP", "QUIT")], [1] * 5)
        expect("the greeting, and what is no command", of("count", "OTHER"), 2)
        holds("the queue's time is there", of("sum", "DATA") > 0)
        expect("the client's is not", of("sum", "NOOP"), 0)


def the_control_socket_is_counted(build):
    with Edged(build) as server:
        def of(route, code):
            samples, _ = read(server.ctl("metrics").stdout.decode())
            return samples["edge_admin_requests_total"].get('route="%s",code="%d"' % (route, code))
        expect("from the start", (of("/api/v1/queue/{id}", 200), of("/api/v1/bans", 403)), (0, 0))
        expect("those before this one", of("/metrics", 200), 2)
        server.ctl("queue", "show", "00000000-0000-0000-0000-000000000000", check=False)
        expect("what was not found", of("/api/v1/queue/{id}", 404), 1)


def files_of_large_messages_are_timed(build):
    with Edged(build) as server:
        def count(op):
            samples, _ = read(server.ctl("metrics").stdout.decode())
            return samples["edge_spool_operation_duration_seconds_count"]['op="%s"' % op]
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=30) as client:
            client.sendmail("a@client.example", ["b@server.example"], "Subject: x\r\n\r\n" + ("x" * 70 + "\r\n") * 8000)
        expect("made and renamed", (count("create"), count("rename"), count("unlink")), (1, 1, 0))
        server.ctl("queue", "delete", server.queue()[0]["id"], "--reason", "x")
        expect("removed", count("unlink"), 1)


def lost_lines_are_counted_by_log(build):
    """/dev/full takes nothing: two lines of a session with a message, and one of what an operator did."""
    more = "<Admin>\nListen 127.0.0.1:%d\nAuditLog /dev/full\n</Admin>\n" % Ports.take()
    with Edged(build, server="TransactionLog /dev/full json", more=more) as server:
        def lost():
            samples, _ = read(server.ctl("metrics").stdout.decode())
            return samples["edge_log_dropped_total"]
        none = {'sink="error_log"': 0, 'sink="transaction_log"': 0, 'sink="audit_log"': 0}
        expect("nothing yet", lost(), none)
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=30) as client:
            client.sendmail("a@client.example", ["b@server.example"], "Subject: x\r\n\r\nx\r\n")
        wait_for("its lines", lambda: lost()['sink="transaction_log"'] == 2)
        server.ctl("bans", "add", "192.0.2.1", "--for", "1h", "--reason", "x")
        expect("and the audit trail's", lost(), {**none, 'sink="transaction_log"': 2, 'sink="audit_log"': 1})


def crc32c(octets):
    crc = 0xffffffff
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def neighbours():
    """Addresses of this machine that are counted in the same part of the table of open connections, as server/core/places.c spreads them."""
    for number in range(1 << 20):
        address = "127.%d.%d.%d" % (1 + (number >> 16), number >> 8 & 255, number & 255)
        if crc32c(b"\0" * 10 + b"\xff\xff" + socket.inet_aton(address)) % 64 == 0:
            yield address


def no_room_for_an_address_is_told(build):
    """1024 addresses fill their part of the table: the next one is refused for that, and not for what it has open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 4096:
        return "too few descriptors"
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, most))
    addresses, clients = neighbours(), []
    with Edged(build, server="MaxConnections 3000") as server:
        def refused():
            samples, _ = read(server.ctl("metrics").stdout.decode())
            return {labels.partition("reason=")[2]: value for labels, value in samples["edge_connections_rejected_total"].items() if value}

        def greeting():
            client = socket.create_connection(("127.0.0.1", server.port), 60, (next(addresses), 0))
            clients.append(client)
            return client.recv(512)
        try:
            for _ in range(1024):
                expect("a place", greeting()[:3], b"220")
            expect("nobody was refused", refused(), {})
            expect("no place", greeting(), b"421 4.7.0 Too many connections\r\n")
            expect("and why", refused(), {'"memory"': 1})
            wait_for("its line", lambda: [line for line in server.transactions() if line["type"] == "session" and line["end"] == "no_memory"])
            clients.pop(0).close()
            wait_for("its place", lambda: server.counter("connections_active") == 1023)
            expect("a place again", greeting()[:3], b"220")
            expect("no further refusal", refused(), {'"memory"': 1})
        finally:
            for client in clients:
                client.close()
    return None


def what_is_shipped_names_what_exists(build):
    """Alerts, recordings and the dashboard speak only of metrics that a server has."""
    with whole_server(build) as server:
        text = server.ctl("metrics").stdout.decode()
        _, types = read(text)
        known = set(types) | {"up"} | {name + ending for name in types for ending in ("_bucket", "_sum", "_count")}
        known |= {"edge_queue_oldest_message_timestamp_seconds"}  # absent while the queue is empty
        recorded = set()
        with open(os.path.join(CONF, "recording.rules.yml"), encoding="utf-8") as rules:
            recording = rules.read()
            recorded |= set(re.findall(r"record: (\S+)", recording))
        with open(os.path.join(CONF, "alerts.rules.yml"), encoding="utf-8") as rules:
            alerts = re.sub(r"summary: .*", "", rules.read())
        with open(os.path.join(CONF, "grafana-dashboard.json"), encoding="utf-8") as dashboard:
            board = " ".join(target["expr"] for panel in json.load(dashboard)["panels"] for target in panel["targets"])
        for what, shipped in (("recording", recording), ("alerts", alerts), ("dashboard", board)):
            named = set(re.findall(r"\b((?:edge|process)_[a-z0-9_]+)\b", shipped))
            holds(what + " names something", named)
            expect("unknown metrics in " + what, sorted(named - known - recorded), [])
        with open(os.path.join(CONF, "..", "docs", "METRICS.md"), encoding="utf-8") as page:
            told = set(re.findall(r"`((?:edge|process)_[a-z0-9_]+)`", page.read()))
        expect("metrics that docs/METRICS.md does not tell of", sorted(name for name in types if name not in told), [])
        expect("metrics that only docs/METRICS.md knows", sorted(name for name in told if name not in known), [])


def openmetrics_are_given_when_asked_for(build):
    with Edged(build) as server, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(os.path.join(server.root, "run", "edged.sock"))
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text; version=1.0.0\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        holds("its type", b"Content-Type: application/openmetrics-text" in answer)
        holds("its families", b"# TYPE edge_messages counter\n" in answer and b"\nedge_messages_total{" in answer)
        holds("its end", answer.rstrip().endswith(b"# EOF\n\r\n0") or b"# EOF\n" in answer[-30:])


def a_prometheus_scrapes(build):
    """A real one, by TCP, and its own word that the target is up."""
    if not shutil.which("prometheus"):
        return "prometheus is not here"
    with Edged(build) as server, Gateway(os.path.join(server.root, "run", "edged.sock")) as gateway:
        place = os.path.join(server.root, "prometheus")
        os.makedirs(place)
        with open(os.path.join(place, "prometheus.yml"), "w", encoding="utf-8") as out:
            out.write("global: {scrape_interval: 3s}\nrule_files: [%s, %s]\nscrape_configs:\n  - job_name: edge\n    static_configs: [{targets: ['127.0.0.1:%d']}]\n"
                      % (os.path.realpath(os.path.join(CONF, "alerts.rules.yml")), os.path.realpath(os.path.join(CONF, "recording.rules.yml")), gateway.port))
        port = Ports.take()
        with open(os.path.join(place, "log"), "wb") as log:
            process = subprocess.Popen(["prometheus", "--config.file=" + os.path.join(place, "prometheus.yml"), "--storage.tsdb.path=" + os.path.join(place, "data"),
                                        "--web.listen-address=127.0.0.1:%d" % port], stdout=log, stderr=log)
        try:
            def asked(expression):
                try:
                    with urllib.request.urlopen("http://127.0.0.1:%d/api/v1/query?query=%s" % (port, urllib.parse.quote(expression)), timeout=5) as answer:
                        return json.load(answer)["data"]["result"]
                except OSError:
                    return []
            wait_for("the target to be up", lambda: [each for each in asked('up{job="edge"}') if each["value"][1] == "1"], 60)
            wait_for("a figure", lambda: asked("edge_ready"), 60)
            expect("messages", wait_for("messages", lambda: asked('edge_messages_total{outcome="accepted"}'), 60)[0]["value"][1], "0")
            wait_for("a histogram", lambda: asked("edge_event_loop_lag_seconds_bucket"), 60)
        finally:
            process.terminate()
            process.wait(30)
    return None


class Gateway:
    """Lets who can only speak TCP ask the control socket."""

    def __init__(self, path):
        self.path, self.port = path, Ports.take()
        self.listening = socket.create_server(("127.0.0.1", self.port))

    def serve(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            with client, socket.socket(socket.AF_UNIX) as server:
                try:
                    self.pass_on(client, server)
                except OSError:  # who asked has not waited for the answer
                    pass

    def pass_on(self, client, server):
        client.settimeout(10)
        request = b""
        while b"\r\n\r\n" not in request and (piece := client.recv(65536)):
            request += piece
        server.connect(self.path)
        server.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        while piece := server.recv(65536):
            client.sendall(piece)

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("--page", action="store_true", help="print docs/METRICS.md and do nothing else")
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "26500-26599")
    if given.page:
        page(given.build)
        return 0
    report = Report("metrics")
    for case in (are_read, credentials_are_timed, commands_are_timed, the_control_socket_is_counted,
                 files_of_large_messages_are_timed, lost_lines_are_counted_by_log, no_room_for_an_address_is_told,
                 what_is_shipped_names_what_exists, openmetrics_are_given_when_asked_for, a_prometheus_scrapes):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The figures as Prometheus reads them: metrics_test.py --build DIR"""
import argparse
import os
import re
import shutil
import smtplib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, add_common_arguments, expect, holds  # noqa: E402 pylint: disable=wrong-import-position

MORE = """
<Validator "od\\"d">
    Module answer_module
    Answer 550 5.1.1 "Unknown user"
    Only nobody@server.example
</Validator>
"""
LISTENER = "<On RCPT>\nValidate \"od\\\"d\"\n</On>"
SAMPLE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\["\\n])*",?)+)\})? (-?[0-9.e+]+)$')


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
    return samples, types


def are_read(build):
    with Edged(build, listener=LISTENER, more=MORE) as server:
        with smtplib.SMTP("127.0.0.1", server.port, "client.example", timeout=30) as client:
            client.sendmail("a@client.example", ["b@server.example"], "Subject: x\r\n\r\nx\r\n")
            client.mail("a@client.example")
            expect("the refusal", client.rcpt("nobody@server.example")[0], 550)
        text = server.ctl("metrics").stdout.decode()
        samples, types = read(text)
        expect("messages", samples["edge_messages_accepted_total"][""], 1)
        expect("their type", types["edge_messages_accepted_total"], "counter")
        of = 'validator="od\\"d",command="RCPT"'
        expect("refusals", samples["edge_validator_results_total"][of + ',mode="enforce",result="reject"'], 1)
        expect("passes", samples["edge_validator_results_total"][of + ',mode="enforce",result="pass"'], 1)
        expect("the histogram", types["edge_validator_duration_seconds"], "histogram")
        buckets = [value for labels, value in samples["edge_validator_duration_seconds_bucket"].items()]
        expect("buckets rise", buckets, sorted(buckets))
        expect("to the count", (buckets[-1], samples["edge_validator_duration_seconds_count"]['validator="od\\"d"']), (2, 2))
        expect("the queue", samples["edge_queue_messages"]['queue="main",state="incoming"'], 1)
        holds("the oldest is dated", samples["edge_queue_oldest_message_timestamp_seconds"]['queue="main"'] > 1e9)
        holds("the process", samples["process_resident_memory_bytes"][""] > 1e6 and samples["process_open_fds"][""] > 5)
        holds("its start", abs(samples["process_start_time_seconds"][""] - samples["edge_queue_oldest_message_timestamp_seconds"]['queue="main"']) < 600)
        expect("workers", samples["edge_workers"][""], 2)
        if not shutil.which("promtool"):
            return "promtool is not here"
        done = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True, check=False)
        expect("promtool: " + (done.stdout + done.stderr).decode(), done.returncode, 0)
    return None


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "26500-26599")
    report = Report("metrics")
    report.run("are_read", lambda: are_read(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())

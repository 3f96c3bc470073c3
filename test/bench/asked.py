#!/usr/bin/env python3
"""What an API that is asked costs the mail: messages a second with about 1,000 GET /api/v1/overview a second beside them, and
without, in turns: asked.py --build DIR [--runs 5] [--seconds 5]. Needs wrk."""
import argparse
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "harness"))
from edged import Edged, Ports  # noqa: E402 pylint: disable=wrong-import-position
from web import Web, make_token  # noqa: E402 pylint: disable=wrong-import-position

CLIENTS = 4  # of the API, each asking every few milliseconds
PACE = """
wrk.headers["Authorization"] = "Bearer %s"
function delay() return 3 end
"""


def mail(build, port, seconds):
    said = subprocess.run([os.path.join(build, "bench", "loadgen"), "-s", "50", "-n", "0", "-t", str(seconds), "127.0.0.1", str(port)],
                          check=True, capture_output=True, text=True).stdout
    figures = dict(pair.split("=") for pair in said.split())
    return int(figures["messages"]) / float(figures["seconds"])


def asking(port, script, seconds):
    return subprocess.Popen(["wrk", "-t1", "-c%d" % CLIENTS, "-d%ds" % seconds, "-s", script,  # pylint: disable=consider-using-with
                             "http://127.0.0.1:%d/api/v1/overview" % port], stdout=subprocess.PIPE, text=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=5)
    given = arguments.parse_args()
    admin = Ports.take()
    server = Edged(given.build, more=Web.block(admin, "RequestRate 10000\n"))
    server.prepare()
    server.write_configuration()
    os.makedirs(os.path.join(server.root, "secrets"), exist_ok=True)
    token = make_token(server, "bench", "read")
    script = os.path.join(server.root, "pace.lua")
    with open(script, "w", encoding="ascii") as out:
        out.write(PACE % token)
    alone, beside, rates = [], [], []
    with server:
        mail(given.build, server.port, 1)
        for _ in range(given.runs):
            alone.append(mail(given.build, server.port, given.seconds))
            client = asking(admin, script, given.seconds)
            beside.append(mail(given.build, server.port, given.seconds))
            said = client.communicate()[0]
            if "Non-2xx" in said:
                raise SystemExit("refused:\n" + said)
            rates.append(float(re.search(r"Requests/sec:\s*([\d.]+)", said).group(1)))
            print("%8.0f alone  %8.0f beside %6.0f requests/s" % (alone[-1], beside[-1], rates[-1]), flush=True)
    ratio = statistics.median(b / a for a, b in zip(alone, beside))
    print("medians: %.0f messages/s alone, %.0f beside %.0f requests/s of the API: %.3f" %
          (statistics.median(alone), statistics.median(beside), statistics.median(rates), ratio))
    return 0


if __name__ == "__main__":
    sys.exit(main())

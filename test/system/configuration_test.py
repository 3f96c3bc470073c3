#!/usr/bin/env python3
"""Broken configurations and what `edged -t` says of each.

A case is test/conf/NAME.conf; what is expected stands at its end, a line per diagnostic in the order printed:
    #= [FILE:]LINE:COLUMN SEVERITY CODE MESSAGE | ADVICE
FILE is left out for the case itself, LINE and COLUMN are 0 where there is none. ${CASES} is the folder of the
cases, ${MODULES} that of the modules; in expected texts they stand as @CASES@ and @MODULES@, ServerRoot as @ROOT@.
"#= ok" alone: nothing is said, and what -T prints of it loads again and comes out the same.
    configuration_test.py --build DIR [--write] [NAME...]      --write replaces what is expected by what is said
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

CASES = pathlib.Path(__file__).resolve().parent.parent / "conf"


class Bench:
    def __init__(self, build):
        self.edged = build / "bin" / "edged"
        self.modules = build / "modules"
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="edge-conf-"))
        (self.root / "edge.conf").write_text("# a file in ServerRoot\n")
        (self.root / "spool").mkdir()
        self.environment = {key: value for key, value in os.environ.items() if key != "EDGE_NO_SUCH_NAME"}
        self.environment["LC_ALL"] = "C"

    def run(self, case, *options, mode="-t"):
        command = [str(self.edged), mode, *options, "-f", str(case), "-d", str(self.root),
                   "-D", f"CASES={CASES}", "-D", f"MODULES={self.modules}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=self.environment, check=False)

    def plain(self, text):
        for path, name in ((self.modules, "@MODULES@"), (CASES, "@CASES@"), (self.root, "@ROOT@")):
            text = text.replace(str(path), name)
        return text

    def said(self, case):
        """The diagnostics as expected lines, from the JSON form; trouble as text."""
        done = self.run(case, "--json")
        try:
            report = json.loads(done.stdout)
        except ValueError:
            return None, f"no JSON: exit {done.returncode}, {done.stdout[:200]!r} {done.stderr[:500]!r}"
        lines = []
        for item in report["diagnostics"]:
            file = pathlib.Path(item["file"] or "-")
            where = f"{item['line'] or 0}:{item['column'] or 0}"
            if file != case:
                where = f"{file.name}:{where}"
            advice = f" | {item['suggestion']}" if item["suggestion"] else ""
            lines.append(self.plain(f"#= {where} {item['severity']} {item['code']} {item['message']}{advice}"))
        status = 1 if report["errors"] else 0
        if not lines:
            lines = ["#= ok"]
            return lines, self.round_trip(case)
        if done.returncode != status:
            return lines, f"exit {done.returncode}, not {status}"
        if done.stderr:
            return lines, f"standard error: {done.stderr[:500]!r}"
        return lines, self.text_trouble(case, report)

    def text_trouble(self, case, report):
        """The form for people says the same, with a summary."""
        done = self.run(case)
        for item in report["diagnostics"]:
            if f"{item['severity']}: {item['message']} [{item['code']}]" not in done.stderr:
                return f"the text does not say {item['message']!r}"
            for outer in item["include_chain"]:
                if f"included from {outer['file']}:{outer['line']}\n" not in done.stderr:
                    return "the text does not name the including file"
        if report["errors"] and not done.stderr.rstrip().split("\n")[-1].startswith(f"{report['errors']} error"):
            return f"no summary: {done.stderr[-200:]!r}"
        strict = self.run(case, "--strict").returncode
        if not report["errors"] and report["warnings"] and strict != 3:
            return f"--strict: exit {strict}, not 3"
        return None

    def round_trip(self, case):
        copy = self.root / "copy.conf"
        done = self.run(case, mode="-T")
        if done.returncode or done.stderr:
            return f"-T: exit {done.returncode}, {done.stderr[:500]!r}"
        copy.write_text(done.stdout)
        again = self.run(copy, mode="-T")
        if again.returncode or again.stderr:
            return f"what -T prints does not load: {again.stderr[:1000]}"
        if without_origins(done.stdout) != without_origins(again.stdout):
            return f"what -T prints comes out differently:\n{done.stdout}\n--- and then\n{again.stdout}"
        for option in ("-S", "-M", "-L"):
            done = self.run(case, mode=option)
            if done.returncode or done.stderr or not done.stdout:
                return f"{option}: exit {done.returncode}, {done.stderr[:500]!r}"
        return None


def without_origins(text):
    """The directives alone; what a listener takes from the server stands in comments."""
    lines = (line.rsplit("  # ", 1)[0].rstrip() for line in text.splitlines())
    return [line for line in lines if line and not line.lstrip().startswith("#")]


def expected(case):
    return [line for line in case.read_text().splitlines() if line.startswith("#=")]


def rewrite(case, lines):
    body = [line for line in case.read_text().splitlines() if not line.startswith("#=")]
    case.write_text("\n".join(body + lines) + "\n")


def check(bench, case, write):
    lines, trouble = bench.said(case)
    if write and lines is not None:
        rewrite(case, lines)
    if trouble is None and not expected(case):
        trouble = "nothing is expected of it"
    if trouble is None and lines != expected(case):
        trouble = "\n    expected " + "\n             ".join(expected(case)) + "\n    said     " + "\n             ".join(lines)
    if trouble is not None:
        print(f"FAILED {case.stem}: {trouble}")
    return trouble is None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    (CASES / "include" / "tokens").chmod(0o644)  # what the checkout made of it depends on a umask
    bench = Bench(options.build.resolve())
    cases = [CASES / f"{name}.conf" for name in options.names] or sorted(CASES.glob("*.conf"))
    good = sum(check(bench, case, options.write) for case in cases)
    shutil.rmtree(bench.root, ignore_errors=True)
    print(f"configuration: {good} passed, {len(cases) - good} failed")
    return 0 if good == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Reads a dialogue script into steps. The language is described in README.md beside this file."""
import ast
import os
import re

HARNESS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness")

CONFIGURATION = ("server", "listener", "queue", "more")  # blocks of raw configuration
NAMES = "names"  # a block that is the zone of a name server

# word -> whether it must have a block behind it (None: it may)
WORDS = {
    "title": False, "only": False, "change": True, "start": False, "client": None, "connect": False, "send": False, "expect": False,
    "one": True, "silence": False, "closed": False, "close": False, "half-close": False, "reset": False, "delay": False, "row": False,
    "flood": False, "log": False, "unlogged": False, "counter": False, "stored": False, "body": None, "raw": False, "signal": False,
    "reload": False, "exits": False, "errorlog": False, "together": True, "barrier": False, "kill-child": False, "C:": False, "S:": False,
    "refused": False, "queue-command": False, "drop": False, "user": False, "handshake": False, "no-handshake": False, "tls": False,
    "cut-hellos": False, "drip-hello": False, "let": False, "scram": False, "edgectl": False, "no-edgectl": False, "touch": False,
    "install": False, "remove": False, "shows": False, "release": False, "asked": False, "each": True,
    "next-hop": False, "hop": None, "accept": False, "refuse": False, "listen": False, "takes": False, "dribble": False,
    "reason": False, "gone": False, "part": True, "play": False, "for": True,
}
STEPS = ("together", "client", "hop", "one", "each", "part", "for")  # whose blocks are steps


class ScriptError(Exception):
    pass


class Step:
    def __init__(self, path, number, word, rest, block):
        self.path, self.number, self.word, self.rest, self.block = path, number, word, rest, block

    def __str__(self):
        return "%s:%d: %s %s" % (os.path.basename(self.path), self.number, self.word, self.rest)


class Script:
    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.title = self.name
        self.only = set()
        self.users = []
        self.configuration = {}
        self.files = {}
        self.names = None
        self.hops = []
        self.parts = {}
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as text:
            self.lines = text.read().split("\n")
        self.steps, end = self._steps(0, top=True)
        if end != len(self.lines):
            raise ScriptError("%s:%d: } without a block" % (path, end))

    def _raw_block(self, at):
        """Lines up to the closing brace, as they are."""
        block = []
        while at < len(self.lines):
            if self.lines[at].strip() == "}":
                return block, at + 1
            block.append(self.lines[at])
            at += 1
        raise ScriptError("%s: a block is not closed" % self.path)

    def _steps(self, at, top=False):
        steps = []
        while at < len(self.lines):
            number, line = at + 1, self.lines[at].strip()
            at += 1
            if line == "" or line.startswith("#"):
                continue
            if line == "}":
                if top:
                    return steps, number
                return steps, at
            word, _, rest = line.partition(" ")
            if word in CONFIGURATION and rest == "{":
                block, at = self._raw_block(at)
                self.configuration[word] = "\n".join(block)
                continue
            if word == "file" and rest.endswith(" {"):
                block, at = self._raw_block(at)
                self.files[rest[:-2].strip()] = "\n".join(block) + "\n"
                continue
            if word == NAMES and rest == "{":
                block, at = self._raw_block(at)
                self.names = "\n".join(block)
                continue
            if word not in WORDS:
                raise ScriptError("%s:%d: unknown word %s" % (self.path, number, word))
            block = None
            if rest.endswith("{") and word not in ("C:", "S:"):
                rest = rest[:-1].strip()
                if word in STEPS:
                    block, at = self._steps(at)
                else:
                    block, at = self._raw_block(at)
            if (WORDS[word] is True) != (block is not None) and WORDS[word] is not None:
                raise ScriptError("%s:%d: %s %s a block" % (self.path, number, word, "needs" if WORDS[word] else "takes no"))
            if word == "title":
                self.title = rest
            elif word == "only":
                self.only.update(rest.split())
            elif word == "user":
                self.users.append(tuple(rest.split()))
            elif word == "next-hop":
                self.hops.append(rest.split())
            elif word == "part":
                self.parts[rest] = block
            else:
                steps.append(Step(self.path, number, word, rest, block))
        if not top:
            raise ScriptError("%s: a block is not closed" % self.path)
        return steps, at


def strings(text):
    """"abc\\r\\n" "x"*3 -> octets. Escapes as in Python's byte strings."""
    out, at = b"", 0
    pattern = re.compile(r'\s*("(?:[^"\\]|\\.)*")(?:\*(\d+))?')
    while at < len(text.rstrip()):
        found = pattern.match(text, at)
        if not found:
            raise ScriptError("not a quoted string: %s" % text[at:])
        escaped = "".join(c if c.isascii() else "".join("\\x%02x" % o for o in c.encode("utf-8", "surrogateescape"))
                          for c in found.group(1))
        literal = ast.literal_eval("b" + escaped)
        out += literal * int(found.group(2) or 1)
        at = found.end()
    return out


KINDS = {
    "uuid": rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "any": rb"[^\r\n]*",
    "all": rb"(?s:.*)",
    "number": rb"\d+",
    "word": rb"[^\s]+",
    "base": rb"[A-Za-z0-9+/]*={0,2}",
    "session": rb"[0-9A-Za-z]+",
    "date": rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}(?: \(\w+\))?",
}


def pattern_of(octets):
    """Octets with %{kind}, %{kind:NAME} and %{re:REGEX} -> a compiled pattern over octets."""
    out, at = b"", 0
    for found in re.finditer(rb"%\{([a-z]+)(?::((?:[^{}]|\{[^{}]*\})*))?\}", octets):
        kind, name = found.group(1).decode(), found.group(2)
        out += re.escape(octets[at:found.start()])
        if kind == "re":
            out += b"(?:" + name + b")"
        elif kind not in KINDS:
            raise ScriptError("unknown pattern %%{%s}" % kind)
        elif name:
            out += b"(?P<" + name + b">" + KINDS[kind] + b")"
        else:
            out += b"(?:" + KINDS[kind] + b")"
        at = found.end()
    return re.compile(out + re.escape(octets[at:]))


def reply_rows(path):
    """name -> (code, enhanced or None, text) of include/tbl/reply_texts.def."""
    rows = {}
    form = re.compile(r'^EDGE_REPLY\((\w+), (\d+), (\w+), (\d+), "((?:[^"\\]|\\.)*)",', re.M)
    with open(path, encoding="utf-8") as table:
        for name, code, subject, detail, text in form.findall(table.read()):
            enhanced = None if subject == "EDGE_NO_ENHANCED" else "%s.%s.%s" % (code[0], subject, detail)
            rows[name] = (code, enhanced, ast.literal_eval('"%s"' % text))
    return rows


def row_pattern(row):
    """A pattern over the first line of such a reply."""
    code, enhanced, text = row
    lines = text.split("\n")
    form = re.escape(lines[0]).replace("%s", ".*").replace("%n", r"\d+")
    return re.compile(r"%s[ -]%s%s$" % (code, re.escape(enhanced + " ") if enhanced else "", form))

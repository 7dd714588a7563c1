"""What a released version has said by a number, no later one says otherwise."""

import re

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"[^"]*"|[\w.]+|\S', re.S)
RECORDED = re.compile(r"tests/recorded/[^/]+/([^/]+\.proto)")


class Schema:
    """Messages and enums by their full names: each a dictionary from number to what has it."""

    def __init__(self, text):
        self.numbers = {}
        self.messages = set()
        self.reserved = {}
        self.tokens = [token for token in TOKEN.findall(text) if not token.startswith(("//", "/*"))]
        self.at = 0
        while self.at < len(self.tokens):
            self.statement("", "")

    def take(self):
        token = self.tokens[self.at] if self.at < len(self.tokens) else ";"
        self.at += 1
        return token

    def rest(self):
        """The tokens up to the end of the statement."""
        out = []
        while (token := self.take()) != ";":
            out.append(token)
        return out

    def block(self, name, oneof):
        assert self.take() == "{", name
        while self.tokens[self.at] != "}":
            self.statement(name, oneof)
        self.at += 1

    def statement(self, scope, oneof):
        word = self.take()
        if word in ("message", "enum"):
            name = f"{scope}.{self.take()}".lstrip(".")
            self.numbers[name], self.reserved[name] = {}, set()
            if word == "message":
                self.messages.add(name)
            self.block(name, "")
        elif word == "oneof":
            self.block(scope, f" in {self.take()}")
        elif word == "reserved":
            for first, last in re.findall(r"(\d+)(?: to (\d+))?", " ".join(self.rest())):
                self.reserved[scope].update(range(int(first), int(last or first) + 1))
        elif word in ("syntax", "package", "import", "option"):
            self.rest()
        elif word != ";":
            # [repeated|optional] TYPE NAME = NUMBER, or in an enum NAME = NUMBER.
            words = [word, *self.rest()]
            equals = words.index("=")
            self.numbers[scope][int(words[equals + 1])] = " ".join(words[:equals]) + oneof


def as_bytes(schema, scope, what):
    """The same field where a message in it is left to be read later: on the wire that is the same."""
    words = what.split()
    at = 1 if words[0] in ("repeated", "optional") else 0
    if {words[at], f"{scope}.{words[at]}"} & schema.messages:
        words[at] = "bytes"
    return " ".join(words)


def wire_numbers(tree):
    for name in tree.files:
        found = RECORDED.fullmatch(name)
        if not found:
            continue
        present = f"src/wire/{found[1]}"
        if present not in tree.files:
            yield f"{present}:1: {name} was released, and is no longer here"
            continue
        released, now = Schema(tree.text(name)), Schema(tree.text(present))
        for message, numbers in released.numbers.items():
            if message not in now.numbers:
                yield f"{present}:1: {message} was released, and is no longer here"
                continue
            for number, what in sorted(numbers.items()):
                fresh = now.numbers[message].get(number)
                if fresh is None and number not in now.reserved[message]:
                    yield f"{present}:1: {message} {number} was '{what}'; it is to be reserved"
                elif fresh is not None and fresh not in (what, as_bytes(released, message, what)):
                    yield f"{present}:1: {message} {number} is '{fresh}', and was '{what}' in {name}"
            for number in sorted(released.reserved[message] - now.reserved[message]):
                yield f"{present}:1: {message} {number} was reserved in {name}"


RULES = [wire_numbers]

"""Rules that read the sources. Each takes a Tree and yields its findings as 'FILE:LINE: what'."""

import os
import re
import subprocess

MAX_LINES = 500

# Which folders of src/ a folder may include, besides itself.
LAYERS = {
    "base": set(),
    "loop": {"base"},
    "posix": set(),
    "wire": {"base"},
    "core": {"base", "wire"},
    "sync": {"base", "wire", "core"},
    "config": {"base", "posix", "wire", "core", "sync"},
    "files": {"base", "posix", "wire", "core", "sync", "store"},
    "net": {"base", "posix", "loop", "wire", "core"},
    "scripts": {"base", "posix", "loop", "wire", "core"},
    "store": {"base", "posix", "wire", "core", "sync"},
    "bus": {"base", "posix", "loop", "wire", "core", "sync"},
    "http": {"base", "loop", "wire", "core", "sync"},
    "system": {"base", "posix", "loop", "wire", "core"},
    "alerts": {"base", "posix", "loop", "wire", "core"},
    "setup": {"base", "posix", "config"},
    "agents": {"base", "posix", "config"},
    "ctl": {"base", "setup"},
    "daemon": {"base", "posix", "loop", "wire", "core", "sync", "config", "net", "files", "scripts", "store", "bus", "http", "system", "alerts"},
    "guardian": {"base", "posix", "loop", "wire", "core", "config", "net", "scripts", "store", "system", "agents", "daemon"},
}
PURE = ("base", "wire", "core", "sync")

# What a library's headers look like, and the folders that may see them.
LIBRARIES = [
    (re.compile(r"sdbus-c\+\+/"), {"bus", "ctl"}),
    (re.compile(r"systemd/sd-bus\.h"), {"bus", "system", "agents", "ctl"}),
    (re.compile(r"event2/|event\.h$"), {"loop", "net", "scripts", "bus", "http", "system", "alerts", "daemon", "guardian"}),
    (re.compile(r"sqlite3\.h"), {"store"}),
    (re.compile(r"confuse\.h"), {"config"}),
    (re.compile(r"google/protobuf/|\.pb\.h$"), {"wire", "core", "sync", "files", "net", "scripts", "guardian"}),
]

# Standard headers whose meaning depends on nothing but their arguments. Unordered containers are not
# among them: where their order shows, a run is no longer a function of its seed.
PURE_HEADERS = set(
    "algorithm any array bit bitset cassert cctype charconv chrono climits cmath compare concepts cstddef "
    "cstdint cstdio cstdlib cstring deque exception functional initializer_list iomanip ios iosfwd iterator "
    "limits list map memory numeric optional ostream queue ranges set span sstream stack stdexcept string "
    "string_view tuple type_traits utility variant vector version".split()
)

NONDETERMINISM = [
    (r"_clock::now\b|\bClock::now\b", "reads a clock; time is an argument"),
    (r"(?<![\w.>:])(?:std::|::)?(?:time|clock|gettimeofday|clock_gettime)\s*\(", "reads a clock; time is an argument"),
    (r"\brandom_device\b|\bmt19937|\b(?:std::|::)?s?rand\s*\(|\barc4random|\bgetrandom\b", "random; use base/rng.h"),
    (r"\bunordered_(?:map|set|multimap|multiset)\b", "unordered container; its order may show"),
    (r"\bstd::(?:map|set)<\s*(?:const\s+)?[\w:]+\s*\*", "ordered by address; use an id"),
    (r"\bstd::hash\b", "std::hash differs between libraries; use base/digest.h"),
    (r"\bstd::(?:thread|jthread|mutex|async|atomic|condition_variable)\b|\bthread_local\b", "threads"),
    (r"\bgetenv\s*\(|\bgethostname\s*\(|\bgetpid\s*\(", "depends on the surroundings"),
    (r"__DATE__|__TIME__|__TIMESTAMP__", "depends on when it was compiled"),
    (r"\breinterpret_cast<\s*(?:std::)?u?intptr_t", "an address as a number"),
]

UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
PATHS = re.compile(r"(?<![\w$})\"])/(?:work|root|home)/|\.\./shared\b")
SHARED_ALLOWED = (".ci/run", "tests/bench/")


class Tree:
    """The files under `root` that belong to the project: tracked, or new and not ignored."""

    def __init__(self, root):
        self.root = root
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"],
            capture_output=True, check=False)
        if listed.returncode == 0:
            names = listed.stdout.decode().split("\0")
        else:
            names = [os.path.relpath(os.path.join(folder, name), root)
                     for folder, _, files in os.walk(root) for name in files]
        # Inputs of the fuzzers are as they are.
        self.files = sorted(name for name in names if name and os.path.isfile(os.path.join(root, name))
                            and not name.startswith("tests/fuzz/corpus/"))
        self._texts = {}

    def path(self, name):
        return os.path.join(self.root, name)

    def text(self, name):
        """The file's text, or '' where it is none."""
        if name not in self._texts:
            with open(self.path(name), "rb") as file:
                content = file.read()
            try:
                self._texts[name] = "" if b"\0" in content else content.decode()
            except UnicodeDecodeError:
                self._texts[name] = ""
        return self._texts[name]

    def lines(self, name):
        return enumerate(self.text(name).split("\n"), 1)

    def sources(self, *folders):
        """C++ files of src/, or of these folders of it."""
        return [name for name in self.files
                if name.startswith("src/") and name.endswith((".h", ".cc"))
                and (not folders or name.split("/")[1] in folders)]

    def code(self, name):
        """Numbered lines without comments and string literals."""
        in_comment = False
        for number, line in self.lines(name):
            line = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
            if in_comment:
                if "*/" not in line:
                    continue
                line = line.split("*/", 1)[1]
                in_comment = False
            line = re.sub(r"/\*.*?\*/", "", line)
            line = line.split("//", 1)[0]
            if "/*" in line:
                line = line.split("/*", 1)[0]
                in_comment = True
            yield number, line


def includes(tree, name):
    for number, line in tree.lines(name):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found[1], found[2]


def layers(tree):
    for name in tree.sources():
        folder = name.split("/")[1]
        if folder not in LAYERS:
            yield f"{name}:1: src/{folder} has no place in the order of folders"
            continue
        for number, kind, header in includes(tree, name):
            other = header.split("/")[0]
            if kind == '"' and other != folder and other not in LAYERS[folder]:
                yield f"{name}:{number}: {folder} must not include {header}"


def libraries(tree):
    for name in tree.sources():
        folder = name.split("/")[1]
        for number, _, header in includes(tree, name):
            for pattern, allowed in LIBRARIES:
                if pattern.search(header) and folder not in allowed:
                    yield f"{name}:{number}: {header} belongs to {', '.join(sorted(allowed))} alone"


def pure_headers(tree):
    for name in tree.sources(*PURE):
        for number, kind, header in includes(tree, name):
            if kind == "<" and header not in PURE_HEADERS and not header.startswith("google/protobuf/"):
                yield f"{name}:{number}: <{header}> is not deterministic, or not known to be"


def nondeterminism(tree):
    for name in tree.sources("wire", "core"):
        for number, line in tree.code(name):
            for pattern, why in NONDETERMINISM:
                if re.search(pattern, line):
                    yield f"{name}:{number}: {why}"


def length(tree):
    for name in tree.sources():
        count = tree.text(name).count("\n")
        if count > MAX_LINES:
            yield f"{name}:{MAX_LINES + 1}: {count} lines; at most {MAX_LINES} can be read at one sitting"


def readmes(tree):
    for folder in sorted({name.split("/")[1] for name in tree.sources()}):
        if f"src/{folder}/README.md" not in tree.files:
            yield f"src/{folder}:1: no README.md"


def unfinished(tree):
    for name in tree.files:
        if name.startswith("tests/lint/"):
            continue
        for number, line in tree.lines(name):
            if UNFINISHED.search(line):
                yield f"{name}:{number}: unfinished: {line.strip()[:80]}"


def machine_paths(tree):
    for name in tree.files:
        if name.startswith(("tests/lint/", *SHARED_ALLOWED)):
            continue
        for number, line in tree.lines(name):
            if PATHS.search(line):
                yield f"{name}:{number}: a path of one machine: {line.strip()[:80]}"


def headers(tree):
    for name in tree.sources():
        if not name.endswith(".h"):
            continue
        text = tree.text(name)
        if not text.startswith("//"):
            yield f"{name}:1: a header begins with what it is for"
        if "#pragma once" not in text:
            yield f"{name}:1: no #pragma once"


def whitespace(tree):
    for name in tree.files:
        text = tree.text(name)
        if not text or name == "LICENSE":
            continue
        if not text.endswith("\n"):
            yield f"{name}:{text.count(chr(10)) + 1}: no line end at the end of the file"
        for number, line in tree.lines(name):
            if line != line.rstrip():
                yield f"{name}:{number}: blanks at the end of the line"


LIMIT = re.compile(
    r"^(?:inline |static )?constexpr (?:std::chrono::(?P<unit>\w+)|[\w:]+) (?P<name>k\w+)"
    r"(?:\{(?P<count>[\d']+)\}| = (?P<time>milliseconds|seconds|minutes)\((?P<length>\d+)\)"
    r"| = (?P<sum>[\w'<+*/: ]+));", re.M)
LIMIT_ROW = re.compile(r"^(k\w+) +(\d+) (\w+)")
UNITS = {"milliseconds": "ms", "seconds": "s", "minutes": "min"}
# Every constant of these is a limit that users can run into.
LIMITS_OF_USERS = ("src/net/strangers.h",)


def limits(tree):
    """What clusterd(8) says of limits is what the sources say."""
    page = "man/clusterd.8"
    if page not in tree.files:
        return
    values, units, of_users = {}, {}, set()
    for name in tree.sources("core", "net", "wire"):
        for found in LIMIT.finditer(tree.text(name)):
            words = (found["count"] or found["length"] or found["sum"]).replace("'", "").replace("core::", "").split()
            words = [str(values.get(word, word)) for word in words]
            if all(re.fullmatch(r"\d+|<<|[+*/]", word) for word in words):
                values[found["name"]] = int(eval(" ".join(words), {}))
                units[found["name"]] = UNITS.get(found["unit"] or found["time"])
            if name in LIMITS_OF_USERS:
                of_users.add(found["name"])
    said, inside = set(), False
    for number, line in tree.lines(page):
        inside = line.startswith(".SH LIMITS") or (inside and not line.startswith(".SH"))
        row = LIMIT_ROW.match(line) if inside else None
        if not row:
            continue
        name, value, unit = row[1], int(row[2]), row[3]
        said.add(name)
        if name not in values:
            yield f"{page}:{number}: there is no {name} in src/core, src/net or src/wire"
        elif value != values[name] or (units[name] and units[name] != unit):
            yield f"{page}:{number}: {name} is {values[name]} {units[name] or ''}".rstrip()
    for name in sorted(of_users - said):
        yield f"{page}:1: {name} is not among the LIMITS"


RULES = [layers, libraries, pure_headers, nondeterminism, length, readmes, headers, unfinished,
         machine_paths, whitespace, limits]

"""Rules that run other programs. Each takes a Tree and yields findings; MissingTool where it cannot."""

import ast
import concurrent.futures
import os
import re
import shutil
import subprocess

TIDY_TIMEOUT_SECONDS = 300
# `make check` is to end within minutes; what a large change leaves over is for `make lint`.
MAX_CHANGED_TIDIED = 12


# Debian 12's. Other versions format otherwise and find other things, so there they say nothing.
CLANG_VERSION = "14"


class MissingTool(Exception):
    pass


def need(program, version=None):
    if shutil.which(program) is None:
        raise MissingTool(f"{program} is not installed")
    if version is None:
        return
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    if f"version {version}." not in said:
        raise MissingTool(f"{program} is not version {version}")


def run(tree, *command, timeout=None):
    """Exit status and the output of both streams."""
    done = subprocess.run(command, cwd=tree.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, text=True, timeout=timeout, check=False)
    return done.returncode, done.stdout


def interpreter(tree, name):
    found = re.match(r"#!\s*(?:/usr/bin/env\s+)?(\S+)", tree.text(name))
    return os.path.basename(found[1]) if found else ""


def shell_scripts(tree):
    return [name for name in tree.files if interpreter(tree, name) in ("sh", "bash", "dash")]


def shellcheck(tree):
    need("shellcheck")
    scripts = shell_scripts(tree)
    if scripts:
        _, output = run(tree, "shellcheck", "-f", "gcc", *scripts)
        yield from output.splitlines()
    completions = [name for name in tree.files if name.endswith(".bash.in")]
    if completions:
        _, output = run(tree, "shellcheck", "-s", "bash", "-f", "gcc", *completions)
        yield from output.splitlines()


def python(tree):
    for name in tree.files:
        if name.endswith(".py") or interpreter(tree, name).startswith("python"):
            try:
                ast.parse(tree.text(name))
            except SyntaxError as fault:
                yield f"{name}:{fault.lineno}: {fault.msg}"


def clang_format(tree):
    need("clang-format", CLANG_VERSION)
    files = [name for name in tree.files if name.endswith((".h", ".cc"))]
    places = {}
    if files:
        _, output = run(tree, "clang-format", "--dry-run", *files)
        for found in re.finditer(r"^(\S+):(\d+):\d+: .*code should be clang-formatted", output, re.M):
            places.setdefault(found[1], []).append(found[2])
    for name, lines in places.items():
        yield f"{name}:{lines[0]}: `make format` would change {len(lines)} places"


def man_pages(tree):
    need("mandoc")
    pages = [name for name in tree.files if re.fullmatch(r"man/.*\.[1-8]", name)]
    if pages:
        # Its style level complains of references to pages that this machine has not installed.
        _, output = run(tree, "mandoc", "-Tlint", *pages)
        yield from (line for line in output.splitlines() if "referenced manual not found" not in line)


def changed(tree):
    """C++ files that differ from upstream, or where that is here already, that the last commit changed."""
    def git(*arguments):
        return subprocess.run(["git", "-C", tree.root, *arguments], capture_output=True, text=True,
                              check=False).stdout.split()
    head = git("rev-parse", "HEAD")
    base = git("merge-base", "HEAD", "@{upstream}") or git("merge-base", "HEAD", "origin/HEAD")
    if not base or base == head:
        base = git("rev-parse", "HEAD~1")
    return set(git("diff", "--name-only", *base)) if base else set(tree.files)


def clang_tidy(tree, which):
    """`which`: "all", or "changed"."""
    need("clang-tidy", CLANG_VERSION)
    sources = [name for name in tree.files if name.endswith(".cc") and name.startswith(("src/", "tests/"))]
    if which == "changed":
        names = changed(tree)
        sources = [name for name in sources if name in names]
        if len(sources) > MAX_CHANGED_TIDIED:
            print(f"# clang-tidy: {len(sources)} files changed, the first {MAX_CHANGED_TIDIED} are looked at;"
                  " `make lint` takes all")
            sources = sources[:MAX_CHANGED_TIDIED]
    if not sources:
        return
    status, flags = run(tree, "make", "-s", "--no-print-directory", "tidy-flags")
    if status != 0:
        yield f"Makefile:1: make tidy-flags: {flags.strip()}"
        return
    # The last line: make may say something of its own before.
    flags = flags.strip().splitlines()[-1].replace("'", "").split()

    def look(name):
        return name, run(tree, "clang-tidy", "--quiet", name, "--", *flags, timeout=TIDY_TIMEOUT_SECONDS)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (status, output) in pool.map(look, sources):
            found = {line.replace(tree.root + "/", "") for line in output.splitlines()
                     if re.search(r": (?:warning|error): ", line)}
            yield from sorted(found)
            if status != 0 and not found:
                yield f"{name}:1: clang-tidy failed: {output.strip()[-300:]}"


RULES = [shellcheck, python, clang_format, man_pages]

#!/usr/bin/env python3
"""Holds the sources to the house rules: who may include whom, banned calls, lengths.

  lint.py ROOT              checks the tree, prints what is wrong, exits 1 if anything is
  lint.py --self-test ROOT  checks that every rule can fail
"""
import pathlib
import re
import sys

# docs/architecture.md, "Rooms": which rooms a room's files may include.
MAY_INCLUDE = {
    "base": {"base"},
    "event": {"base", "event"},
    "timeline": {"base", "timeline"},
    "floor": {"base", "event", "timeline", "floor"},
    "answer": {"base", "event", "timeline", "floor", "answer"},
    "render": {"base", "event", "floor", "answer", "render"},
    "journal": {"base", "event", "journal"},
    "auth": {"base", "auth"},
    "http": {"base", "http"},
    "server": {"base", "event", "timeline", "floor", "answer", "render", "journal", "auth", "http",
               "server"},
    "cli": {"base", "event", "timeline", "floor", "answer", "render", "journal", "auth", "http",
            "server", "cli"},
}
# Only these rooms know these libraries.
LIBRARY_ROOMS = {
    "uv.h": {"http"}, "llhttp.h": {"http"}, "lmdb.h": {"journal", "auth"}, "sodium.h": {"auth"},
    "simdjson.h": {"event"}, "curl/curl.h": {"cli"}, "cyaml/cyaml.h": {"server"},
    "uuid/uuid.h": {"base"},
}
BANNED = re.compile(
    r"\b(strcpy|strcat|sprintf|vsprintf|gets|alloca|atoi|atol|atoll|strtok|rand|srand)\s*\(")
UNFINISHED = re.compile(r"\b(todo|fixme|xxx|not implemented|stub|placeholder|for now)\b", re.I)
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
MAX_LINES = 600
MAX_FUNCTION = 80


def strip_comments(text):
    """The code without comments and string literals, line by line."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def check_includes(path, room, text, report):
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match.group(2)
        other = name.split("/")[0]
        if match.group(1) == '"' and other not in MAY_INCLUDE[room]:
            report(f"{path}:{number}: {room} may not include {name}")
        if name in LIBRARY_ROOMS and room not in LIBRARY_ROOMS[name]:
            report(f"{path}:{number}: only {sorted(LIBRARY_ROOMS[name])} may include {name}")


def check_text(path, text, report, tests=False):
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        report(f"{path}: {len(lines)} lines, more than {MAX_LINES}")
    for number, line in enumerate(strip_comments(text).splitlines(), 1):
        if BANNED.search(line):
            report(f"{path}:{number}: a call that the house style rules out: {line.strip()}")
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line) and not tests:
            report(f"{path}:{number}: unfinished by its own words: {line.strip()}")


def check_functions(path, text, report):
    """A function's body runs from a '{' in the first column to a '}' there."""
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            if number - start > MAX_FUNCTION:
                report(f"{path}:{start}: a function of {number - start} lines, "
                       f"more than {MAX_FUNCTION}")
            start = None


def check_file(path, room, text, report):
    check_includes(path, room, text, report)
    check_text(path, text, report)
    check_functions(path, text, report)


def check_dead(root, report):
    """Every C file is named in its room's CMakeLists.txt (or globbed there)."""
    for path in sorted((root / "src").glob("*/*.c*")):
        if path.suffix not in (".c", ".cpp"):
            continue
        listing = (path.parent / "CMakeLists.txt").read_text()
        if path.name not in listing and "GLOB" not in listing:
            report(f"{path}: not built by its room's CMakeLists.txt")


def check_tree(root, report):
    for path in sorted((root / "src").rglob("*")):
        if path.suffix in (".c", ".h", ".cpp"):
            check_file(path.relative_to(root), path.relative_to(root / "src").parts[0],
                       path.read_text(), report)
    for path in sorted((root / "tests").rglob("*.[ch]")):
        check_text(path.relative_to(root), path.read_text(), report, tests=True)
    check_dead(root, report)


def self_test():
    bad = {
        "may not include": ("floor", '#include "server/routes.h"\n'),
        "only": ("floor", "#include <uv.h>\n"),
        "rules out": ("base", "int f(void)\n{\n    return atoi(x);\n}\n"),
        "unfinished": ("base", "/* TO" "DO: later */\n"),
        "lines, more": ("base", "\n" * (MAX_LINES + 1)),
        "a function of": ("base", "int f(void)\n{\n" + "    g();\n" * (MAX_FUNCTION + 1) + "}\n"),
    }
    for words, (room, text) in bad.items():
        said = []
        check_file("x.c", room, text, said.append)
        assert any(words in line for line in said), f"the rule '{words}' did not fail"
    said = []
    check_file("x.c", "floor", '#include "base/guid.h"\nint f(void)\n{\n}\n', said.append)
    assert said == [], said
    print(f"{len(bad)} rules can fail")


def main():
    if sys.argv[1] == "--self-test":
        self_test()
        return 0
    said = []
    check_tree(pathlib.Path(sys.argv[1]), said.append)
    print("\n".join(said) if said else "the tree keeps the rules")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())

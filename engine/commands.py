"""What a shell command begins with, and which files it reads: two questions that older Claude Code asks a model.

The prefix decides which permission rule a command falls under, so everything that could run a second command is
`command_injection_detected`, and the user is asked.
"""

from __future__ import annotations

import re
import shlex

INJECTION = "command_injection_detected"
NO_PREFIX = "none"

WITH_SUBCOMMAND = frozenset(
    [
        "apt",
        "brew",
        "bun",
        "bundle",
        "cargo",
        "composer",
        "deno",
        "docker",
        "dotnet",
        "gh",
        "git",
        "go",
        "gradle",
        "helm",
        "kubectl",
        "make",
        "mvn",
        "npm",
        "pip",
        "pip3",
        "pnpm",
        "poetry",
        "systemctl",
        "terraform",
        "uv",
        "yarn",
    ]
)
"""Commands whose second word says what they do."""

WRAPPERS = frozenset(
    ["bash", "command", "env", "eval", "exec", "nohup", "sh", "ssh", "sudo", "time", "watch", "xargs", "zsh"]
)
"""They run whatever follows, so they are no prefix that anyone should allow."""

READS_FILES = frozenset(["bat", "cat", "head", "less", "more", "nl", "tail", "type"])
SEARCHES = frozenset(["egrep", "fgrep", "grep", "rg"])
VALUE_FLAGS = {
    "head": frozenset({"-n", "-c", "--lines", "--bytes"}),
    "tail": frozenset({"-n", "-c", "--lines", "--bytes"}),
    "grep": frozenset({"-A", "-B", "-C", "-m", "-f", "--include", "--exclude", "--exclude-dir"}),
}
"""Flags that take the next word, so that it is no file."""
PATTERN_FLAGS = frozenset({"-e", "--regexp"})

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_SUBSTITUTION = re.compile(r"`|\$\(|<\(|>\(|[\r\n]")
_OPERATORS = re.compile(r"[;&|<>()]+")


def prefix(command: str) -> str:
    """`git commit` of `git commit -m x`; assignments in front are kept; `none` for no command."""
    if _SUBSTITUTION.search(command):
        return INJECTION
    words = _words(command)
    if words is None or any(_OPERATORS.fullmatch(word) for word in words):
        return INJECTION
    split = next((at for at, word in enumerate(words) if not _ASSIGNMENT.fullmatch(word)), len(words))
    assignments, rest = words[:split], words[split:]
    if not rest or rest[0] in WRAPPERS or any(re.search(r"\s", word) for word in assignments):
        return NO_PREFIX
    more = rest[0] in WITH_SUBCOMMAND and len(rest) > 1 and re.fullmatch(r"[A-Za-z][\w:-]*", rest[1])
    return " ".join([*assignments, *rest[: 2 if more else 1]])


def file_paths(command: str) -> list[str]:
    """The files whose content a command shows, as far as its words say so; none for all other commands."""
    words = _words(command)
    if not words:
        return []
    if any(_OPERATORS.fullmatch(word) for word in words):
        words = words[: next(at for at, word in enumerate(words) if _OPERATORS.fullmatch(word))]
    name = words[0].rpartition("/")[2] if words else ""
    searches = name in SEARCHES
    if not searches and name not in READS_FILES:
        return []
    takes = VALUE_FLAGS.get("grep" if searches else name, frozenset())
    files: list[str] = []
    pattern_given = False
    rest = iter(words[1:])
    for word in rest:
        if word in PATTERN_FLAGS and searches:
            pattern_given = True
            next(rest, None)
        elif word in takes:
            next(rest, None)
        elif not word.startswith("-"):
            files.append(word)
    return files[1:] if searches and not pattern_given else files


def _words(command: str) -> list[str] | None:
    """The words of a command, operators as words of their own; None when a quote is left open."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return None

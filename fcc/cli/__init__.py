"""The command line: one file a command, imported only when that command is asked for.

`COMMANDS` is the one list: name → line for `fcc --help`. The file is `fcc/cli/NAME.py`, the function in it
has the same name (a trailing underscore where the word is taken), and Typer reads its options from the
signature. Such a function returns the exit status (None: 0) or raises `typer.Exit`: 0 good, 1 found
something, 2 could not run.
"""

from __future__ import annotations

import codecs
import errno
import functools
import importlib
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from fcc import __version__
from fcc.environment import Homeless

COMMANDS = {
    "serve": "run the proxy",
    "demo": "show a failover without keys or network",
    "init": "write a commented routes.toml and .env to the configuration folder",
    "migrate": "write a routes.toml from the configuration of another proxy",
    "code": "run Claude Code through the proxy",
    "models": "what is offered, and in which state it is",
    "doctor": "check file, keys, port and providers",
    "lint": "find mistakes in routes.toml, with a witness for each",
    "fmt": "lay out routes.toml: aligned columns, wrapped lines, the same meaning",
    "test": "run the expectations written in routes.toml",
    "explain": "say which route takes a request, and why",
    "plan": "say which requests another policy would treat otherwise",
    "replay": "decide recorded requests again, by another policy",
    "graph": "draw routes, chains and models",
    "show": "print the compiled decision table",
    "lsp": "language server for editors, on stdin and stdout",
}

USAGE = """Usage: fcc COMMAND [OPTIONS]

Routes Claude Code to the models you choose."""

EXAMPLES = """Examples:
  fcc serve                  listen on http://127.0.0.1:8082
  fcc demo                   see a failing model replaced while the answer streams
  fcc lint routes.toml       check a policy before it runs
  fcc COMMAND --help         options and an example for each command"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The `fcc` command. Returns the exit status."""
    print_anything()
    return ended("fcc", lambda: chosen(list(sys.argv[1:] if arguments is None else arguments)))


def chosen(words: list[str]) -> int:
    """What the first word asks for, with the others."""
    if len(words) == 2 and words[0] == "help":
        words = [words[1], "--help"]
    name = words[0] if words else "--help"
    if name in ("--help", "-h", "help"):
        print(overview())
        return 0
    if name in ("--version", "-V"):
        print(f"fcc {__version__}")
        return 0
    if name not in COMMANDS:
        print(unknown(name), file=sys.stderr)
        return 2
    return run(name, words[1:])


def init_main() -> int:
    """The `fcc-init` command: `fcc init`."""
    print_anything()
    return run("init", sys.argv[1:])


def serve_main() -> int:
    """The `free-claude-code` command: `fcc serve`."""
    print_anything()
    return run("serve", sys.argv[1:])


def print_anything() -> None:
    """A sign that the terminal's encoding lacks, or half a sign of a file's name, is printed as JSON escapes it.

    A stream that was closed before the start is one that nobody reads: otherwise a file that is opened later would get
    its number, and lines of the log would be written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))
    codecs.register_error("fcc", escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="fcc")


def escaped(error: UnicodeError) -> tuple[str, int]:
    """Handles encoding errors (docs.python.org/3/library/codecs.html#codecs.register_error)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs), error.end


def run(name: str, words: Sequence[str]) -> int:
    """Run one command with its words: its exit status."""
    return ended(f"fcc {name}", lambda: _run(name, words))


def ended(name: str, command: Callable[[], int]) -> int:
    """The exit status of a command, or that of a program that a signal ended (Ctrl-C, a closed pipe), without a word;
    2 and the reason when what it prints cannot be written, or there is no home folder.
    """
    try:
        status = command()
        if not sys.stdout.closed:  # `lsp` closes it
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return nobody_reads()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        nobody_reads()
        print(f"{name}: cannot write: {error.strerror}", file=sys.stderr)
        return 2
    except Homeless as reason:
        print(f"{name}: {reason}", file=sys.stderr)
        return 2


def nobody_reads() -> int:
    """Let what is still to be printed vanish, so that the end of the process does not stumble over it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return PIPE_CLOSED


PIPE_CLOSED = 128 + 13
"""As shells say that SIGPIPE ended a program (Windows has no such signal)."""


def _run(name: str, words: Sequence[str]) -> int:
    """Typer prints what is wrong with the words and exits with 2.

    A command may have a `quick(words)`, which runs what it can read without Typer and else returns None.
    """
    quick = getattr(importlib.import_module(f"fcc.cli.{name}"), "quick", None)
    if quick is not None and (status := quick(words)) is not None:
        return status
    import typer

    from fcc.cli.help import Command, name_values

    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    function = load(name)
    name_values(function)
    app.command(cls=Command, context_settings=settings(name))(exiting(function))
    try:
        app(list(words), prog_name=f"fcc {name}")
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    return 0


def load(name: str) -> Callable[..., Any]:
    """The function behind a command. A module that is quick without Typer has it from here on, for its signature."""
    import typer

    module = importlib.import_module(f"fcc.cli.{name}")
    vars(module).setdefault("typer", typer)
    found = getattr(module, name, None)
    return found if callable(found) else getattr(module, f"{name}_")


def settings(name: str) -> dict[str, Any]:
    """`code` hands everything it does not know to `claude`; the others refuse it."""
    shared = {"help_option_names": ["--help", "-h"]}
    if name == "code":
        return {"ignore_unknown_options": True, "allow_interspersed_args": False, **shared}
    return shared


def exiting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the returned exit status into the exit itself. Typer has an exit status of its own for a closed pipe."""

    @functools.wraps(function)
    def command(*args: Any, **options: Any) -> None:
        import typer

        try:
            status = function(*args, **options) or 0
        except BrokenPipeError:
            status = nobody_reads()
        raise typer.Exit(status)

    return command


def overview() -> str:
    width = max(map(len, COMMANDS)) + 2
    lines = "\n".join(f"  {name:<{width}}{line}" for name, line in COMMANDS.items())
    return f"{USAGE}\n\n{lines}\n\n{EXAMPLES}"


def unknown(name: str) -> str:
    from difflib import get_close_matches

    if name.startswith("-"):
        return f"fcc: no option `{name}`; options stand behind the command (`fcc --help` lists the commands)"
    near = get_close_matches(name, COMMANDS, 1, 0.5)
    hint = f"; did you mean `fcc {near[0]}`?" if near else ""
    return f"fcc: no command `{name}`{hint} (`fcc --help` lists them)"

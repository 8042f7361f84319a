"""Files that nobody should write: each is read to its end in bounded time, and what is wrong has its exact place."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time

import pytest

from rules.render import FORMATS

GOOD = "route rest use zen/glm-5-free"
BOUND = 12.0
"""Seconds of CPU for one file; the slowest takes about one on a quiet machine."""


def rules(text: str) -> str:
    return f"rules = '''\n{text}\n'''\n"


def each(count: int, line: str) -> str:
    return "\n".join(line.replace("#", str(number)) for number in range(count))


LARGE = {
    "ten megabytes": "# x\n" * 2_500_000,
    "ten megabytes of rules": rules("# x\n" * 2_500_000),
    "remarks": "# x\n" * 270_000 + rules(GOOD),
    "5,000 statements": rules(each(5000, "route r# when tokens > # use zen/a")),
    "5,000 patterns": rules(each(5000, 'route r# when model is "*m#*" use zen/a')),
    "5,000 unknown names": rules(each(5000, "route r# when tokens > # use nobody#")),
    "5,000 aliases": rules(f"{each(5000, 'alias a# = zen/a#')}\n{GOOD}"),
    "5,000 expectations": rules(f"{GOOD}\n{each(5000, 'expect rest given tokens #')}"),
    "5,000 health": rules(f"{each(5000, 'health zen/m#* 3 failures in 30s, rest 30s')}\n{GOOD}"),
    "5,000 limits": rules(f"{each(5000, 'limit zen/*m# 3 per minute')}\n{GOOD}"),
    "5,000 suppressions": rules(f"{GOOD}\n{each(5000, '# fcc: allow x# because y')}"),
    "5,000 tables": rules(GOOD) + each(5000, '[models."zen/m#"]\ncontext = 1'),
    "a chain of or": rules(f"route r when {' or '.join(f'tokens = {n}' for n in range(5000))} use zen/a"),
    "and of or": rules(
        f"route r when {' and '.join(f'(tokens = {n} or images = {n})' for n in range(200))} use zen/a"
    ),
    "a list of patterns": rules(
        "route r when model in (" + ", ".join(f'"*{n}*"' for n in range(9000)) + ") use zen/a"
    ),
    "chains that double": rules(
        "chain c0 = zen/a then zen/b\n"
        + "\n".join(f"chain c{n} = c{n - 1} then c{n - 1}" for n in range(1, 60))
        + "\nroute r use c59"
    ),
    "a long word": rules("route " + "a" * 400_000 + " use zen/a"),
    "two long words": rules("route r use " + "a" * 200_000 + "\nalias " + "a" * 199_999 + " = zen/a"),
    "many digits": rules("route r when tokens > " + "9" * 400_000 + " use zen/a"),
    "many quotes": rules('"' * 400_000),
    "many signs": rules("@" * 400_000),
    "many dots": rules("route r when tokens in " + "1.." * 100_000 + " use zen/a"),
    "parentheses": rules("route r when " + "(" * 100_000),
    "a line of a megabyte": rules(GOOD) + f'x = "{"a" * 1_000_000}"',
    "a list of a megabyte": rules(GOOD) + f"x = [{'1,' * 500_000}]",
    "lists in lists": rules(GOOD) + "x = " + "[" * 20_000 + "]" * 20_000,
    "tables in tables": rules(GOOD) + "x = " + "{a=" * 5000 + "1" + "}" * 5000,
    "a long path": rules(GOOD) + ".".join("a" * 20_000) + " = 1",
    "digits of a megabyte": rules(GOOD) + "[server]\nport = " + "9" * 1_000_000,
    "noise": random.Random(1).randbytes(1_000_000),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_files_are_read_in_bounded_time(name, read_policy):
    started = time.process_time()
    loaded = read_policy(LARGE[name])
    for render in FORMATS.values():
        assert render(loaded.source, loaded.diagnostics)
    assert time.process_time() - started < BOUND
    assert loaded.diagnostics or name == "remarks"
    length = len(loaded.source.text)
    assert all(0 <= one.span.start <= one.span.end <= length + 1 for one in loaded.diagnostics)


PLACED = {
    "bidirectional signs": (rules("route r\u202e use zen/a"), "FCC105", (2, 8)),
    "a look-alike": (rules("r\u043eute r use zen/a"), "FCC105", (2, 2)),
    "tabs": (rules("\troute\trest\tuse\tnobody"), "FCC201", (2, 17)),
    "signs beyond the basic plane": (rules("# 𝒳𝒴\nroute 𝒳 use zen/a"), "FCC105", (3, 7)),
    "behind a sign beyond the basic plane": (rules('route r answer "𝒳" nobody'), "FCC101", (2, 20)),
    "carriage returns": (rules("route r\nuse nobody").replace("\n", "\r\n"), "FCC201", (3, 5)),
    "a byte order mark": (b"\xef\xbb\xbf" + rules("route r use nobody").encode(), "FCC201", (2, 13)),
    "two byte order marks": (b"\xef\xbb\xbf\xef\xbb\xbf" + rules(GOOD).encode(), "FCC001", (1, 1)),
    "a text without an end": (rules('route r when model is "abc use zen/a'), "FCC104", (2, 23)),
    "rules without an end": ("rules = '''\nroute r use zen/a\n", "FCC001", (1, 9)),
    "a value without an end": (rules(GOOD) + '[server]\nhost = "abc\n', "FCC001", (5, 11)),
    "a zero": (rules("route r\0 use zen/a"), "FCC105", (2, 8)),
    "a zero among the tables": (rules(GOOD) + "\0", "FCC001", (4, 1)),
    "half a pair": (rules(GOOD).encode() + b"# \xed\xa0\x80\n", "FCC007", (4, 3)),
    "bytes of another encoding": (rules("# caf\xe9\n" + GOOD).encode("latin-1"), "FCC007", (2, 6)),
    "sixteen bits a sign": (rules(GOOD).encode("utf-16"), "FCC007", (1, 1)),
    "too deep": (rules("route r when " + "not " * 100 + "thinking use zen/a"), "FCC108", (2, 274)),
    "too many parts": (rules(GOOD) + ".".join("a" * 40) + " = 1", "FCC008", (4, 65)),
    "too long a pattern": (rules(f'route r when model is "{"*a" * 600}" use zen/a'), "FCC108", (2, 23)),
}


@pytest.mark.parametrize("name", PLACED)
def test_what_is_wrong_has_its_place(name, read_policy):
    data, code, place = PLACED[name]
    loaded = read_policy(data)
    places = [loaded.source.lines.place(one.span.start) for one in loaded.diagnostics if one.code == code]
    assert place in places, loaded.diagnostics
    assert loaded.policy is None


def test_of_a_file_that_could_not_be_read_only_that_is_said(read_policy):
    for data in ("# x\n" * 300_000, "rules = '''\nroute r use zen/a\n"):
        assert len(read_policy(data).diagnostics) == 1


@pytest.mark.parametrize(
    "line", ["route r# when tokens > # use nobody#", "alias a# = zen/a\nalias a# = zen/b"]
)
def test_a_thousand_findings_are_counted_in_text_and_listed_for_programs(line, read_policy):
    loaded = read_policy(rules(f"{each(1000, line)}\n{GOOD}"))
    found = len(loaded.diagnostics)
    assert found >= 1000
    text = FORMATS["text"](loaded.source, loaded.diagnostics)
    assert len(re.findall(r"^ +--> ", text, re.MULTILINE)) == 100
    assert f"… and {found - 100} more" in text
    assert len(json.loads(FORMATS["json"](loaded.source, loaded.diagnostics))["findings"]) == found


def test_reading_stops_after_a_hundred_syntax_errors_and_says_so(read_policy):
    loaded = read_policy(rules(each(1000, "route r# wen tokens > # use zen/a")))
    assert sorted(one.code for one in loaded.diagnostics) == ["FCC101"] * 100 + ["FCC108"]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (LARGE["ten megabytes"], 1, "FCC008"),
        (rules("route r\u202e\0 use zen/a"), 1, "FCC105"),
        (b"\xff\xfe\x00", 1, "FCC007"),
        (rules("route \u043e use zen/a"), 1, "FCC105"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_command_survives_them(data, status, code, encoding, tmp_path):
    path = tmp_path / "bad\udcff.toml" if sys.platform == "linux" else tmp_path / "bad.toml"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    for output in FORMATS:
        run = subprocess.run(
            [sys.executable, "-m", "fcc", "lint", path, "--format", output],
            capture_output=True,
            timeout=60,
            env={"PYTHONIOENCODING": encoding, "PATH": "", "HOME": str(tmp_path)},
            check=False,
        )
        assert (run.returncode, run.stderr) == (status, b"")
        assert code.encode() in run.stdout

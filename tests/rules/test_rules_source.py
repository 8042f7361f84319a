"""Bytes to source: exact places whatever the encoding and the line ends, findings instead of exceptions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import source as source_module
from rules.lines import Lines
from rules.nodes import Span
from rules.source import MAX_BYTES, read


def told(data: bytes):
    """Code, line, column and message of each finding."""
    source, findings = read(data, "routes.toml")
    return [(one.code, *source.lines.place(one.span.start), one.message) for one in findings]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("host = localhost", 1, 8, "`localhost` is no value"),
        ("\thost\t=\tlocalhost", 1, 9, "`localhost` is no value"),
        ("é = 'é'", 1, 1, "`é` begins neither a key nor a table"),
        ("a = 'é' x", 1, 9, "`x` stands behind the end of the line's value"),
        ("a = ", 1, 3, "there is no value"),
        ("a = # none", 1, 5, "there is no value"),
        ("a\n", 1, 1, "`=` is missing after the key"),
        ("port: 80", 1, 5, "`=` is missing after the key"),
        ("a = 1\n[server\n", 2, 7, "the table's header has no closing `]`"),
        ("[[a]\n", 1, 4, "the header has no closing `]]`"),
        ("[]", 1, 2, "`]` begins no key"),
        ("a = [1, 2", 1, 9, "the list has no closing `]`"),
        ("a = { b = 1", 1, 11, "the table has no closing `}`"),
        ('a = "x', 1, 6, "the text has no closing quote"),
        ("a = 'x", 1, 6, "the text has no closing quote"),
        ("a = 'x\n", 1, 6, "the text has no closing quote"),
        ("rules = '''\nroute a\n\n[b]\nc = 1\n", 1, 9, "the text that begins here has no closing `'''`"),
        ('a = """x', 1, 5, 'the text that begins here has no closing `"""`'),
        (r'a = "\q"', 1, 8, "the backslash before this begins no escape"),
        (r'a = "\u12"', 1, 8, "the code has too few digits"),
        ("a = 1\nb = 2\na = 3\n", 3, 1, "key `a` stands twice"),
        ("[a]\n[b]\n[a]\n", 3, 2, "table `a` stands twice"),
        ("a = { b = 1, b = 2 }", 1, 14, "key `b` stands twice"),
        ("a = {}\n[a.b]\n", 2, 5, "this key or table is already something else"),
        ("a = 1\x00", 1, 6, "`\x00` stands behind the end of the line's value"),
        ("a = '\x01'", 1, 6, "an invisible character stands here"),
        ("a = " + "9" * 5000, 1, 1, "a number has too many digits"),
        ("a = " + "[" * 3000, 1, 1, "a list or table is nested too deeply"),
    ],
)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_toml_errors_have_their_place_and_plain_words(text, line, column, message, bom, ends):
    data = bom + text.replace("\n", ends).encode()
    assert told(data) == [("FCC001", line, column, message)]


def test_several_errors_show_in_one_run():
    data = b"a = x\nb = 1\nc = y\n[server]\nport = = 2\n"
    assert [one[1:3] for one in told(data)] == [(1, 5), (3, 5), (5, 8)]


def test_after_a_broken_header_nothing_is_guessed():
    assert [one[1] for one in told(b"[server\nport = x\n")] == [1]


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [(b"\xff", 1, 1), (b"a = 1\n# caf\xe9\n", 2, 6), ("é".encode() + b"\xff", 1, 2)],
)
def test_what_is_no_utf8_is_told_with_its_place(data, line, column):
    assert told(data)[0][:3] == ("FCC007", line, column)


def test_a_file_that_is_too_large_is_not_read():
    assert [one[0] for one in told(b"#" * (MAX_BYTES + 1))] == ["FCC008"]
    assert told(b"#" * MAX_BYTES) == []


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("rules = '''\nroute a\n'''", "\nroute a\n"),
        ("a = 1\nrules='route a'", "route a"),
        ("rules = ''''''", ""),
        ("rules = '''x''''", "x'"),
        ("'rules' = '''x'''", "x"),
        ('rules = """\nroute a\n"""', "\nroute a\n"),
        ('rules = "route a"', "route a"),
    ],
)
def test_rules_are_found_in_place(text, content):
    source, _ = read(text.encode(), "x")
    assert source.rules is not None
    assert source.text[slice(*source.rules)] == content


@pytest.mark.parametrize("text", ["", "rules = 1", "[a]\nrules = 'x'", "rules.a = 'x'", 'rules = "a\\nb"'])
def test_what_are_no_rules_is_not_read_as_rules(text):
    assert read(text.encode(), "x")[0].rules is None


@pytest.mark.parametrize(
    ("text", "severity", "fixed"),
    [
        ('rules = """\nroute a\n"""\n', "warning", "rules = '''\nroute a\n'''\n"),
        ('rules = """route a\nroute b"""\n', "warning", "rules = '''\nroute a\nroute b'''\n"),
        ('rules = "route a"', "warning", "rules = '''route a'''"),
        ('rules = "route \\"a\\""', "error", "rules = '''route \"a\"'''"),
        ('rules = """\r\nroute a\r\n"""', "warning", "rules = '''\r\nroute a\r\n'''"),
        ("rules = \"a ''' b\"", "warning", None),
        ('rules = "a \'"', "warning", None),
    ],
)
def test_rules_in_double_quotes_are_mended_where_they_can_be(text, severity, fixed):
    source, (finding,) = read(text.encode(), "x")
    assert (finding.code, finding.severity) == ("FCC006", severity)
    if fixed is None:
        assert finding.fix is None
    else:
        assert finding.fix is not None
        (edit,) = finding.fix.edits
        text = source.text[: edit.span.start] + edit.text + source.text[edit.span.end :]
        assert text == fixed
        assert read(text.encode(), "x")[1] == []


def test_a_file_the_scanner_misreads_still_has_its_lines(monkeypatch):
    monkeypatch.setattr(source_module, "paths", lambda _: set())
    source, findings = read(b"a = 1\n[b]\nc = 2\n", "x")
    assert findings == []
    assert source.place("b", "c").value == Span(10, 15)


def test_a_place_that_is_not_there_is_that_of_the_table_around_it():
    source, _ = read(b"a = 1\n[b]\nc = 2\n", "x")
    assert source.place("b", "d") == source.places["b",]
    assert source.place("z").key == Span(0, 1)
    assert source.place().key == Span(0, 1)


@pytest.mark.parametrize(
    ("offset", "place"),
    [(0, (1, 1)), (1, (1, 2)), (2, (1, 3)), (3, (2, 1)), (4, (2, 2)), (5, (3, 1)), (99, (3, 1))],
)
def test_lines_and_columns_count_from_one(offset, place):
    assert Lines("a\r\né\n").place(offset) == place


def test_a_line_is_told_without_its_end():
    lines = Lines("a\r\nb\n")
    assert [lines.line(number) for number in range(1, len(lines) + 1)] == ["a", "b", ""]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80) | st.text(alphabet="rules ='\"\\[]{}.,#\n\r1é", max_size=80).map(str.encode))
def test_any_bytes_are_read_without_raising(data):
    source, findings = read(data, "x")
    for one in findings:
        assert 0 <= one.span.start <= one.span.end <= max(len(source.text), 1)

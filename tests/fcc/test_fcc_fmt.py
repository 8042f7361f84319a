"""`fcc fmt` from the outside: what is written, what is said, and the exit status."""

from __future__ import annotations

import pytest

from fcc.cli import main

MESSY = "rules = '''\nalias a=zen/minimax-m2.5-free\nroute rest use a\n'''\n"
NEAT = MESSY.replace("a=zen", "a = zen")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "routes.toml"
    path.write_text(MESSY)
    return path


def test_the_file_is_written_and_then_left_alone(file, capsys):
    file.chmod(0o640)
    assert main(["fmt", str(file)]) == 0
    assert file.read_text() == NEAT
    assert file.stat().st_mode & 0o777 == 0o640
    assert capsys.readouterr().err == f"laid out {file}\n"
    written = file.stat().st_mtime_ns
    assert main(["fmt", str(file)]) == 0
    assert capsys.readouterr().err == ""
    assert file.stat().st_mtime_ns == written
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("flag", ["--check", "--diff"])
def test_nothing_is_written_when_only_asked(file, flag, capsys):
    assert main(["fmt", str(file), flag]) == 1
    assert file.read_text() == MESSY
    shown = capsys.readouterr()
    assert ("-alias a=zen" in shown.out and "+alias a = zen" in shown.out) == (flag == "--diff")
    file.write_text(NEAT)
    assert main(["fmt", str(file), flag]) == 0
    assert capsys.readouterr().out == ""


def test_the_file_of_the_folder_is_the_default(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    assert main(["fmt"]) == 0
    assert file.read_text() == NEAT


def test_a_byte_order_mark_and_line_ends_stay(file):
    file.write_bytes(b"\xef\xbb\xbf" + MESSY.replace("\n", "\r\n").encode())
    assert main(["fmt", str(file)]) == 0
    assert file.read_bytes() == b"\xef\xbb\xbf" + NEAT.replace("\n", "\r\n").encode()


def test_a_link_stays_a_link(file):
    link = file.with_name("link.toml")
    link.symlink_to(file)
    assert main(["fmt", str(link)]) == 0
    assert link.is_symlink()
    assert file.read_text() == NEAT


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"rules = '''\nroute when\n'''\n", "FCC101"),
        (b"rules = '''\nalias a=b/c\n'''\n[server\n", "FCC001"),
        (b"rules = '''\nalias a=b/c # \xff\n'''\n", "FCC007"),
        (b"[server]\n", "is as it was: it has no `rules` to lay out"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_findings(file, data, said, capsys):
    file.write_bytes(data)
    assert main(["fmt", str(file)]) == 2
    assert said in capsys.readouterr().err
    assert file.read_bytes() == data


def test_no_such_file(tmp_path, capsys):
    assert main(["fmt", str(tmp_path / "none.toml")]) == 2
    assert "there is no file" in capsys.readouterr().err

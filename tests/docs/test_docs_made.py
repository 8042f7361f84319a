"""What the pages hold that is made from the code is up to date. Else: `python docs/make.py`."""

from __future__ import annotations

import re

import pytest

import make
from generate import PARTS
from generate.pages import PART, made
from support.doc_pages import DOCS, PAGES

OURS = {name: path for name, path in PAGES.items() if name.startswith("docs/")}


@pytest.mark.parametrize("name", OURS)
def test_the_page_is_as_the_code_makes_it(name):
    text = OURS[name].read_text(encoding="utf-8")
    assert made(text) == text


def test_every_part_stands_on_one_page():
    found = [part[2] for path in OURS.values() for part in PART.finditer(path.read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(PARTS)


def test_no_marker_is_misspelled():
    for path in OURS.values():
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"<!-- made|<!-- /made", text)) == 2 * len(PART.findall(text)), path


def test_check_says_which_page_is_stale(tmp_path, monkeypatch, capsys):
    (tmp_path / "page.md").write_text("<!-- made by docs/make.py: efforts -->\nold\n<!-- /made -->\n")
    monkeypatch.setattr(make, "FOLDER", tmp_path)
    assert make.main(["--check"]) == 1
    assert "out of date: page.md" in capsys.readouterr().out
    assert make.main([]) == 0
    assert "`medium`" in (tmp_path / "page.md").read_text()
    assert make.main(["--check"]) == 0


def test_a_part_that_nobody_makes_is_an_error():
    with pytest.raises(KeyError):
        made("<!-- made by docs/make.py: nothing -->\n<!-- /made -->\n")


def test_what_a_command_prints_is_written_anew():
    page = "```toml title=\"routes.toml\"\nrules = '''\nroute rest use zen/glm-5\n'''\n```\n{}"
    asked = page.format("```console\n$ fcc explain\nold\n```\n")
    assert "route rest: use zen/glm-5\n  → zen/glm-5\n```" in made(asked)
    assert "old" not in made(asked)


def test_only_fcc_is_run():
    with pytest.raises(ValueError, match="only fcc"):
        made("```console\n$ ls\n```\n")


def test_the_folder_has_every_page_that_others_name():
    for name in ("language", "errors", "commands", "providers"):
        assert (DOCS / f"{name}.md").is_file()

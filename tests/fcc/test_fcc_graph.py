"""`fcc graph` from the outside."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from fcc.cli import main
from fcc.environment import shipped_config


def test_the_shipped_policy_as_svg(tmp_path, capsys):
    path = tmp_path / "routes.svg"
    assert main(["graph", str(shipped_config()), "-o", str(path)]) == 0
    assert capsys.readouterr().out == ""
    texts = {element.text for element in ElementTree.parse(path).iter()}
    assert {"vision", "when images > 0", "auto", "offered as Auto", "minimax"} <= texts


def test_mermaid_on_stdout(capsys):
    assert main(["graph", str(shipped_config()), "--format", "mermaid"]) == 0
    assert capsys.readouterr().out.startswith("flowchart LR\n")


@pytest.mark.parametrize("rules", ["route when", "route rest use nowhere"])
def test_what_cannot_be_read_is_not_drawn(rules, tmp_path, capsys):
    path = tmp_path / "routes.toml"
    path.write_text(f"rules = '''\n{rules}\n'''\n")
    assert main(["graph", str(path)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "error[FCC" in shown.err


def test_no_such_file(tmp_path, capsys):
    assert main(["graph", str(tmp_path / "none.toml")]) == 2
    assert "there is no file" in capsys.readouterr().err

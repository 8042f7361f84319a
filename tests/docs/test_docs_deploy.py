"""The files under deploy/: nothing runs as root, nothing is unpinned, no key is in an image, and paths exist."""

from __future__ import annotations

import configparser
import json
import re
import shlex

import pytest
import yaml

from fcc import cli
from generate.signatures import options
from support.doc_pages import ROOT, findings

DEPLOY = ROOT / "deploy"
SECRET = re.compile(r"nvapi-|sk-[A-Za-z0-9]|(API_KEY|TOKEN|SECRET|PASSWORD)\s*[=:]\s*[^\s$\"'{]")
TAGGED = re.compile(r"[a-z0-9./-]+:\d+\.\d+(\.\d+)?(-[a-z0-9]+)+")
"""An image with a version of two numbers or more, and a variant."""


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile, as docs.docker.com/reference/dockerfile has them: name and the rest, lines joined."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines = re.sub(r"\\\n\s*", " ", plain).splitlines()
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line.strip())]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    starts = [number for number, (name, _) in enumerate(found) if name == "FROM"]
    return found[starts[-1] :]


def test_base_images_are_pinned():
    images = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert len(images) == 2
    for image in images:
        assert TAGGED.fullmatch(image), image


def test_the_image_runs_as_nobody_special():
    users = [rest for name, rest in last_stage() if name == "USER"]
    assert users
    assert users[-1] not in ("root", "0")
    after = [name for name, _ in last_stage()]
    assert "RUN" not in after[after.index("USER") :]


def test_the_image_says_how_it_is():
    (check,) = [rest for name, rest in last_stage() if name == "HEALTHCHECK"]
    program, flag, script = json.loads(check.partition("CMD ")[2])
    assert (program, flag) == ("python", "-c")
    compile(script, "healthcheck", "exec")
    assert "/health" in script


def test_what_is_copied_is_there_and_let_through():
    let = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    for name, rest in instructions():
        if name == "COPY" and "--from" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in let, source


def test_every_room_is_in_the_image():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    packages = re.search(r"^packages = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert packages is not None
    for room in re.findall(r'"(\w+)"', packages[1]):
        assert f"COPY {room} {room}\n" in text


@pytest.mark.parametrize(
    "path", [one for one in sorted(DEPLOY.rglob("*")) if one.is_file()], ids=lambda one: one.name
)
def test_no_secret_is_written_down(path):
    assert not SECRET.search(path.read_text(encoding="utf-8"))


def test_the_command_of_the_image_exists():
    (entry,) = [json.loads(rest) for name, rest in last_stage() if name == "ENTRYPOINT"]
    (words,) = [json.loads(rest) for name, rest in last_stage() if name == "CMD"]
    assert entry == ["fcc"]
    assert_called_rightly(words)


def assert_called_rightly(words: list[str]) -> None:
    known = {name for one in options(cli.load(words[0])) for name in one.names}
    assert {word for word in words if word.startswith("--")} <= known


def test_three_replicas_stand_behind_a_proxy_and_share_by_redis():
    services = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))["services"]
    assert services["fcc"]["deploy"]["replicas"] == 3
    assert "ports" not in services["fcc"]
    assert "ports" not in services["redis"]
    assert "REDIS_URL" in services["fcc"]["environment"]
    assert services["fcc"]["stop_grace_period"] == "620s"
    for service in services.values():
        if "image" in service:
            assert TAGGED.fullmatch(service["image"]), service["image"]
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (DEPLOY / source).exists(), source


def test_the_proxy_asks_the_service_of_that_name_and_port():
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    (port,) = [rest.split("PORT=")[1].split()[0] for name, rest in last_stage() if name == "ENV"]
    assert f"dynamic a fcc {port}" in text
    assert "flush_interval -1" in text
    assert text.count("{") == text.count("}")


def test_the_policy_of_the_replicas_is_clean():
    text = (DEPLOY / "policy/routes.toml").read_text(encoding="utf-8")
    assert findings(text) == []
    assert 'redis = "env:REDIS_URL"' in text


def test_the_unit_serves_reloads_and_waits_for_answers():
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # ty: ignore[invalid-assignment]
    unit.read_string((DEPLOY / "fcc.service").read_text(encoding="utf-8"))
    service = unit["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program == "/opt/fcc/bin/fcc"
    assert_called_rightly(words)
    assert service["DynamicUser"] == "yes"
    assert "HUP" in service["ExecReload"]
    assert int(service["TimeoutStopSec"]) > 600
    assert unit["Install"]["WantedBy"] == "multi-user.target"

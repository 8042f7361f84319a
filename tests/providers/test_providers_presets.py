"""Presets: every file is sound, a wrong one says why, and the facts of a model come from its rows in order."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from providers.presets import catalogue
from providers.presets.globs import is_plain, matches
from providers.presets.reading import read
from translators.profile import Profile

MINIMAL = 'source = "docs"\nbase_url = "https://models.example/v1"\n'

FOUNDING = {
    "zen": ["minimax-m2.5-free", "big-pickle", "ring-2.6-1t-free", "nemotron-3-super-free"],
    "nvidia_nim": [
        "qwen/qwen3-coder-480b-a35b-instruct",
        "z-ai/glm4.7",
        "stepfun-ai/step-3.5-flash",
        "mistralai/mistral-large-3-675b-instruct-2512",
        "abacusai/dracarys-llama-3.1-70b-instruct",
        "bytedance/seed-oss-36b-instruct",
        "mistralai/mistral-nemotron",
    ],
}


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_preset_can_be_read(name: str) -> None:
    preset = catalogue()[name]
    assert preset.name == name
    assert preset.source
    assert preset.base_url.startswith("https://") or "127.0.0.1" in preset.base_url
    assert all(isinstance(profile, Profile) for profile in preset.models.values())


@pytest.mark.parametrize("name", list(catalogue()))
def test_no_row_of_a_preset_is_dead(name: str) -> None:
    """A row that a later one with the same id replaces in all it says would be one nobody reads."""
    rows = catalogue()[name].rows
    for index, row in enumerate(rows):
        for later in rows[index + 1 :]:
            assert row.id != later.id, f"{row.id} stands twice"


@pytest.mark.parametrize(("name", "model"), [(name, model) for name in FOUNDING for model in FOUNDING[name]])
def test_founding_models_are_known(name: str, model: str) -> None:
    profile = catalogue()[name].models[model]
    assert profile.context is not None
    assert profile.output is not None


def test_what_is_asked_of_the_catalogue_is_read_and_no_more() -> None:
    names = catalogue()
    assert set(FOUNDING) <= set(names)
    assert "zen" in names
    assert "no such provider" not in names
    assert names["zen"] is names["zen"]
    assert len(names) == len(list(names))
    with pytest.raises(KeyError):
        names["no such provider"]


def test_zen_speaks_the_dialect_of_each_family() -> None:
    zen = catalogue()["zen"]
    assert zen.profile("gpt-5.1-codex").dialect == "openai-responses"
    assert zen.profile("claude-sonnet-4-5").dialect == "anthropic"
    assert zen.profile("gemini-3-pro").dialect == "gemini"
    assert zen.profile("kimi-k2.5").dialect == "openai-chat"
    assert zen.profile("nobody-knows-it").dialect == "openai-chat"


def test_thinking_is_switched_as_each_family_wants() -> None:
    nim = catalogue()["nvidia_nim"]
    assert nim.profile("z-ai/glm4.7").thinking_switch == "template-enable"
    assert nim.profile("deepseek-ai/deepseek-v3.2").thinking_switch == "template-thinking"
    assert nim.profile("nvidia/llama-3.1-nemotron-ultra-253b-v1").thinking_switch == "system-line"
    assert nim.profile("nvidia/nemotron-3-super-120b-a12b").thinking_switch == "template-enable"
    assert nim.profile("qwen/qwen3-coder-480b-a35b-instruct").thinking == "never"


def test_provider_wide_facts_hold_for_unknown_models() -> None:
    profile = catalogue()["nvidia_nim"].profile("somebody/brand-new")
    assert profile.strict_schemas
    assert profile.rename_type_parameter
    assert not profile.inline_system
    assert profile.context is None


def test_rows_are_merged_in_the_order_of_the_file() -> None:
    text = MINIMAL + (
        '[[models]]\nid = "*"\ncontext = 1\nimages = false\n'
        '[[models]]\nid = "big-*"\ncontext = 2\noutput = 3\n'
        '[[models]]\nid = "big-one"\noutput = 4\n'
    )
    preset = read("mine", text.encode())
    known = preset.profile("big-one")
    assert (known.context, known.output, known.images) == (2, 4, False)
    assert preset.profile("small").context == 1
    assert list(preset.models) == ["big-one"]


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        ("port = 1", "no key `port`"),
        ('dialect = "smalltalk"', "`dialect` cannot be 'smalltalk'"),
        ('key_variables = "A"', "`key_variables` cannot be 'A'"),
        ("key_variables = [1]", "`key_variables` cannot be [1]"),
        ('[headers]\nx = ["y"]', "`headers` cannot be"),
        ('[limit]\ncount = "many"', "`limit.count` cannot be 'many'"),
        ("[limit]\nper = 60", "`limit.count` is missing"),
        ("[models]", "`models` is a list of tables"),
        ("[[models]]\ncontext = 1", "needs an `id`"),
        ('[[models]]\nid = "a"\nwindow = 1', "no key `models a: window`"),
        ('[[models]]\nid = "a"\nimages = 1', "`models a: images` cannot be 1"),
        ('[[models]]\nid = "a"\ncontext = true', "`models a: context` cannot be True"),
        ('[[models]]\nid = "a"\nthinking = "perhaps"', "`models a: thinking` cannot be 'perhaps'"),
        ('[[failures]]\nkind = "overloaded"', "a `status`, a `type` or a `text`"),
        ('[[failures]]\nstatus = 400\nkind = "sad"', "`kind` of a failure row is one of"),
        ('[[failures]]\nstatus = "400"\nkind = "auth"', "`status` of a failure row is int"),
        ('[[failures]]\nstatus = 400\nkind = "auth"\ncolour = "red"', "has no `colour`"),
        ("=", "preset mine:"),
    ],
)
def test_a_wrong_preset_says_what_is_wrong(addition: str, said: str) -> None:
    with pytest.raises(ValueError, match="preset mine: ") as caught:
        read("mine", (MINIMAL + addition).encode())
    assert said in str(caught.value)


def test_a_preset_needs_source_and_address() -> None:
    with pytest.raises(ValueError, match="`base_url` is missing"):
        read("mine", b'source = "docs"')


def test_presets_are_part_of_the_package() -> None:
    """hatchling takes every file below a package that git does not ignore."""
    root = Path(__file__).parents[2]
    wheel = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "providers" in wheel["packages"]
    assert "exclude" not in wheel
    assert not any("toml" in line for line in (root / ".gitignore").read_text().splitlines())


@pytest.mark.parametrize(
    ("glob", "text", "fits"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("a*", "a", True),
        ("*", "", True),
        ("?", "", False),
        ("a?c", "abc", True),
        ("*b*d", "abcbd", True),
        ("*b*d", "abcb", False),
        ("a*a", "a", False),
        ("**x", "x", True),
        ("qwen/qwen3*-instruct*", "qwen/qwen3-next-80b-a3b-instruct", True),
        ("[a]", "a", False),
        ("a.c", "abc", False),
    ],
)
def test_globs(glob: str, text: str, fits: bool) -> None:
    assert matches(glob, text) is fits
    assert is_plain(glob) is not any(sign in glob for sign in "*?")

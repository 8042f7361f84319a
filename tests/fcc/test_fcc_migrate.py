"""Configurations of other proxies become policies that lint finds nothing wrong with."""

from __future__ import annotations

import json
import tomllib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.cli import main
from fcc.migrate import SOURCES, env
from fcc.migrate.draft import CannotReadError
from fcc.migrate.litellm import shares
from providers.presets import catalogue
from rules.format import formatted
from rules.policy import load
from rules.policy_types import Single, UsePlan

ENV = """\
NVIDIA_NIM_API_KEY="not-a-real-key"
MODEL_OPUS=nvidia_nim/a,
MODEL_OPUS_FALLBACKS=opencode_zen/b,open_router/c/d:free
MODEL_HAIKU="nvidia_nim/e"
MODEL=nvidia_nim/f
MODEL_VISION=
ENABLE_HAIKU_THINKING=false
ENABLE_MODEL_THINKING=true
PROVIDER_RATE_LIMIT=1
PROVIDER_RATE_WINDOW=3
PROVIDER_MAX_CONCURRENCY=5
HTTP_READ_TIMEOUT=300
ANTHROPIC_AUTH_TOKEN=freecc
MESSAGING_PLATFORM=discord
"""
CCR = {
    "APIKEY": "not-a-real-key",
    "API_TIMEOUT_MS": 600000,
    "PROXY_URL": "http://127.0.0.1:1",
    "Providers": [
        {
            "name": "nim",
            "api_base_url": "https://integrate.api.nvidia.com/v1/chat/completions",
            "api_key": "$NIM",
        },
        {
            "name": "z",
            "api_base_url": "https://opencode.ai/zen/v1/chat/completions",
            "api_key": "not-a-real-key",
        },
        {
            "name": "my box",
            "api_base_url": "http://192.0.2.7:8000/v1/messages",
            "models": ["q", "q two"],
            "transformer": {"use": [["anthropic", {}]]},
        },
    ],
    "Router": {
        "default": "nim,A",
        "background": "nim,D",
        "think": "z,E",
        "longContext": "my box,q two",
        "longContextThreshold": 50000,
        "image": "gone,F",
        "subagent": "nim,A",
    },
    "fallback": {"default": ["z,B"], "think": ["nim,A"]},
}
LITELLM = {
    "model_list": [
        {
            "model_name": "claude-sonnet-4-5",
            "litellm_params": {"model": "nvidia_nim/A", "timeout": 60, "stream_timeout": 20, "rpm": 40},
            "model_info": {"max_input_tokens": 120000},
        },
        {"model_name": "claude-sonnet-4-5", "litellm_params": {"model": "nvidia_nim/A2"}},
        {
            "model_name": "b",
            "litellm_params": {
                "model": "openai/B",
                "api_base": "https://opencode.ai/zen/v1",
                "api_key": "os.environ/ZEN_KEY",
            },
        },
        {"model_name": "long", "litellm_params": {"model": "gemini/C"}},
        {"model_name": "route", "litellm_params": {"model": "gpt-x"}},
    ],
    "router_settings": {
        "num_retries": 1,
        "allowed_fails": 3,
        "cooldown_time": 30,
        "redis_host": "x",
        "fallbacks": [{"claude-sonnet-4-5": ["b"]}, {"b": ["claude-sonnet-4-5"]}],
        "context_window_fallbacks": [{"claude-sonnet-4-5": ["long", "gone"]}],
    },
}
TEXTS = {"env": ENV, "ccr": json.dumps(CCR), "litellm": yaml.safe_dump(LITELLM)}
ABOUT_THE_WORLD = ("FCC4", "FCC5", "FCC601", "FCC603")
"""Findings about models and keys, which are the same under any proxy."""


def policy(source, text=None):
    draft = SOURCES[source](TEXTS[source] if text is None else text)
    loaded = load(draft.text().encode(), path="routes.toml", env={}, catalogue=catalogue())
    found = [one for one in loaded.diagnostics if one.severity != "note"]
    assert [one for one in found if not one.code.startswith(ABOUT_THE_WORLD)] == []
    return draft, loaded.policy


def asked(policy):
    """Route → models in order, of a group its members."""

    def models(plan):
        for step in plan:
            yield from (
                [step.id]
                if isinstance(step, Single)
                else (one for part in step.members for one in models(part))
            )

    return {
        route.name: list(models(route.action.plan))
        for route in policy.routes
        if isinstance(route.action, UsePlan) and route.offer is None
    }


def test_tiers_and_fallbacks_of_an_env():
    draft, made = policy("env")
    assert asked(made) == {
        "typed": ["requested"],
        "opus": ["nvidia_nim/a", "zen/b", "openrouter/c/d:free", "nvidia_nim/f"],
        "haiku": ["nvidia_nim/e", "nvidia_nim/f"],
        "rest": ["nvidia_nim/f"],
    }
    haiku = next(route for route in made.routes if route.name == "haiku")
    assert {step.options.thinking for step in haiku.action.plan} == {False}
    assert {(one.glob.text, one.count, one.per, one.at_once) for one in made.limits} == {
        (f"{name}/*", 20, 60.0, 5) for name in ("nvidia_nim", "zen", "openrouter")
    }
    assert (made.settings.defaults.stall, made.settings.defaults.thinking) == (300.0, True)
    assert any("MESSAGING_PLATFORM" in line for line in draft.left)
    assert not any("ENABLE" in line or "HTTP" in line for line in draft.left)


def test_cases_of_claude_code_router_in_their_order():
    draft, made = policy("ccr")
    assert asked(made) == {
        "typed": ["requested"],
        "longContext": ["my_box/q two"],
        "background": ["nvidia_nim/D"],
        "think": ["zen/E", "nvidia_nim/A"],
        "rest": ["nvidia_nim/A", "zen/B"],
    }
    providers = made.settings.providers
    assert providers["nvidia_nim"].key == "env:NIM"
    box = providers["my_box"]
    assert (box.dialect, box.base_url, box.allow_http) == ("anthropic", "http://192.0.2.7:8000/v1", True)
    left = " ".join(draft.left)
    assert all(
        word in left for word in ("OPENCODE_API_KEY", "gone,F", "PROXY_URL", "Router.subagent", "APIKEY")
    )


def test_names_and_fallbacks_of_litellm():
    draft, made = policy("litellm")
    chains = {
        name: [step.id if isinstance(step, Single) else step.kind for step in plan]
        for name, plan in made.chains.items()
    }
    assert chains == {
        "claude-sonnet-4-5": ["rotate", "zen/B", "gemini/C"],
        "b": ["zen/B", "nvidia_nim/A", "nvidia_nim/A2"],
        "long": ["gemini/C"],
        "m-route": ["openai/gpt-x"],
    }
    assert made.chains["claude-sonnet-4-5"][2].options.on == {"overflow"}
    assert [one.id for one in made.offers] == ["claude-sonnet-4-5", "b", "long"]
    assert asked(made)["m-route"] == ["openai/gpt-x"]
    assert (made.health[0].failures, made.health[0].rest) == (4, 30.0)
    assert made.settings.models["nvidia_nim/A"].context == 120_000
    assert made.settings.providers["zen"].key == "env:ZEN_KEY"
    assert any("gone" in line for line in draft.left)


@pytest.mark.parametrize("source", SOURCES)
def test_no_key_is_written_and_the_text_is_laid_out(source):
    text = SOURCES[source](TEXTS[source]).text()
    assert "not-a-real-key" not in text
    assert formatted(text) == text
    assert "rules" in tomllib.loads(text)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "text", ["", "{", "[]", "MODEL=", '{"Router": {"default": 3}}', "model_list: [3, {}]"]
)
def test_what_is_no_such_file_is_refused(source, text):
    with pytest.raises(CannotReadError):
        SOURCES[source](text)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 99)
    | st.sampled_from(["nim,A", "route", "a b", "$K", "http://x/v1", "*", "é'"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "b", "model"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.sampled_from(["ccr", "litellm"]), st.data())
def test_any_value_anywhere(source, data):
    """Foreign files hold anything; what comes of them is a policy, or a refusal in words."""
    config = json.loads(json.dumps(CCR if source == "ccr" else LITELLM))
    places = [(config, key) for key in config]
    for part, key in places:
        inner = part[key]
        places += [
            (inner, one)
            for one in (
                inner if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
            )
        ]
    part, key = data.draw(st.sampled_from(places))
    part[key] = data.draw(JSON)
    try:
        said = SOURCES[source](json.dumps(config)).text()
    except CannotReadError as refused:
        said = str(refused)
    else:
        found = load(said.encode(), path="routes.toml", env={}, catalogue=catalogue()).diagnostics
        assert [one for one in found if one.code.startswith(("FCC1", "FCC201", "FCC208", "FCC213"))] == []
    assert said


JSON5 = """\
{
  // how I like it
  "Providers": [ /* two
     of them */
    {"name": "ollama", "api_base_url": "http://localhost:11434/v1/chat/completions", "api_key": "ollama",
     "models": ["q"],},
    {"name": "far", "api_base_url": "https://x.example/v1", // not "here"
     "api_key": "$FAR", "transformer": {"use": [["maxtoken", {"max_tokens": 9}], ["tooluse", {}]]}},
  ],
  "API_TIMEOUT_MS": "90000", "PORT": "3456",
  "Router": {"default": "far,a // b", "longContext": "ollama,q", "longContextThreshold": "50000",},
}
"""


def test_a_file_with_comments_and_numbers_in_quotes_is_read_as_their_router_reads_it():
    draft, made = policy("ccr", JSON5)
    assert asked(made) == {"typed": ["requested"], "longContext": ["ollama/q"], "rest": ["far/a // b"]}
    assert "route longContext when tokens > 50000" in draft.text()
    assert (made.settings.defaults.finish, made.settings.server.port) == (90.0, 3456)
    assert list(made.settings.providers) == ["far"]
    assert any("maxtoken" in line for line in draft.left)
    assert not any("tooluse" in line or "ollama" in line for line in draft.left)


def test_what_a_later_env_says():
    text = """\
MODEL=nvidia_nim/a
MODEL_FABLE=lmstudio/b
LM_STUDIO_BASE_URL=http://192.0.2.1:1234/v1/
OLLAMA_BASE_URL=http://localhost:11434
ENABLE_TITLE_GENERATION_SKIP=false
REASONING_POLICY=off
FALLBACK_FIRST_TOKEN_TIMEOUT=20
HOST=0.0.0.0
ANTHROPIC_AUTH_TOKEN=freecc
"""
    draft, made = policy("env", text)
    assert asked(made)["fable"] == ["lmstudio/b", "nvidia_nim/a"]
    chores = "task in (quota_probe, model_probe, suggestion, prefix, filepaths) answer locally"
    assert chores in draft.text()
    assert (made.settings.defaults.thinking, made.settings.defaults.start) == (False, 20.0)
    assert draft.tables["providers"] == {
        "lmstudio": {"base_url": "http://192.0.2.1:1234/v1", "allow_http": True}
    }
    assert len(draft.left) == 2
    assert draft.left[0].startswith("HOST=0.0.0.0 lets others in")
    quiet = "MODEL=zen/a\nREASONING_POLICY=low\n" + "".join(f"{name}=0\n" for name in env.FAST)
    draft, _ = policy("env", quiet)
    assert "chores" not in draft.text()
    assert "REASONING_POLICY: fcc has no such setting" in draft.left


def deployment(name, target, info=None, **params):
    return {"model_name": name, "litellm_params": {"model": target, **params}, "model_info": info or {}}


def test_what_else_litellm_knows():
    models = [
        deployment("a", "groq/x", weight=9, rpm=6, tpm=1000, max_parallel_requests=2),
        deployment("a", "mistral/y", weight=1, order=2),
        deployment("near", "ollama_chat/q", api_base="http://localhost:11434"),
        deployment("blue", "azure/z", api_base="https://b.example/", api_key="os.environ/BLUE"),
        deployment("ip", "hosted_vllm/m", api_base="http://192.0.2.5:8000/v1", api_key="not-a-real-key"),
        deployment("emb", "openai/e", {"mode": "embedding"}),
        deployment("anthropic/*", "anthropic/*"),
        deployment("seen", "vllm/v", {"supports_vision": True, "max_output_tokens": 900}),
    ]
    config = {
        "model_list": models,
        "litellm_settings": {"default_fallbacks": ["near"], "request_timeout": 50},
        "router_settings": {"model_group_alias": {"opus": "a", "gone": "nowhere"}},
        "general_settings": {"database_url": "x"},
    }
    draft, made = policy("litellm", yaml.safe_dump(config))
    text = draft.text()
    assert "chain a    = split (90% groq/x, 10% mistral/y) then ollama/q" in text
    assert "limit groq/x 6 per minute, 2 at once" in text
    assert 'route as-opus when model is "opus"  use a' in text
    assert asked(made)["typed"] == ["requested"]
    assert made.settings.defaults.finish == 50.0
    assert made.settings.models["vllm/v"].images is True
    assert made.settings.models["vllm/v"].output == 900
    providers = made.settings.providers
    assert providers["b_example"].base_url == "https://b.example/openai/v1"
    assert providers["192_0_2_5"].key == "env:KEY_192_0_2_5_API_KEY"
    assert set(providers) == {"b_example", "192_0_2_5"}
    left = "\n".join(draft.left)
    for said in ("tpm of groq/x", "order of mistral/y", "emb: fcc routes", "anthropic/*", "gone: nowhere"):
        assert said in left
    assert "database_url: fcc has no such setting" in left


@pytest.mark.parametrize("weights", [[1], [1, 1, 1], [1000, 1, 1], [7, 13], [1] * 60])
def test_shares_are_a_hundred_together(weights):
    found = [int(one.removesuffix("%")) for one in shares(weights)]
    assert sum(found) == 100
    assert min(found) >= 1


ALIASES = "".join(f"a{at}: &a{at} [*a{at - 1}, *a{at - 1}]\n" for at in range(1, 61))
"""Two to the sixtieth texts."""


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("ccr", json.dumps({**CCR, "Providers": [{"name": "x", "api_base_url": "http://[::1"}]})),
        ("ccr", json.dumps({"Providers": [{"name": "x"}], "Router": {"default": "x,a'''b"}})),
        ("ccr", json.dumps({"Providers": [{"name": "x"}], "Router": {"default": "x,\ud800"}})),
        ("ccr", "[" * 100_000),
        ("litellm", yaml.safe_dump({"model_list": [deployment("a", "openai/\n")]})),
        ("litellm", "model_list: []\nsince: 2024-13-45\n"),
        ("litellm", f"model_list: []\nnumber: {'1' * 5_000}\n"),
        ("litellm", "a: " + "[" * 20_000),
        ("litellm", "model_list:\n  - {api_key: sk-in-clear, a: [}\n"),
        ("litellm", "a0: &a0 [x, x]\n" + ALIASES + "model_list:\n  - {model_name: *a60}\n"),
        ("litellm", "a: &a [*a]\nmodel_list: *a\n"),
    ],
)
def test_what_no_policy_can_hold_is_refused_in_words(source, text, tmp_path, capsys):
    (tmp_path / "it").write_text(text)
    assert main(["migrate", source, str(tmp_path / "it")]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"fcc migrate: cannot read {tmp_path / 'it'}: ")
    assert "sk-in-clear" not in said


def test_a_key_is_not_shown_where_an_entry_lacks_its_model(tmp_path, capsys):
    listed = [deployment("a", "openai/x"), {"model_name": "b", "litellm_params": {"api_key": "sk-in-clear"}}]
    (tmp_path / "it").write_text(yaml.safe_dump({"model_list": listed}))
    assert main(["migrate", "litellm", str(tmp_path / "it")]) == 0
    said = capsys.readouterr()
    assert "- entry 2 of model_list: it has no name or no model" in said.err
    assert "sk-in-clear" not in said.out + said.err


def test_from_the_outside(tmp_path, capsys):
    config, made = tmp_path / "config.json", tmp_path / "routes.toml"
    config.write_text(TEXTS["ccr"])
    assert main(["migrate", "ccr", str(config), "-o", str(made)]) == 0
    assert "- PROXY_URL: fcc has no such setting" in capsys.readouterr().err
    assert made.read_text() == SOURCES["ccr"](TEXTS["ccr"]).text()
    assert main(["migrate", "ccr", str(config), "-o", str(made)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["migrate", "env", str(config)]) == 2
    assert "neither MODEL" in capsys.readouterr().err
    assert main(["migrate", "litellm", str(tmp_path / "none")]) == 2
    assert main(["migrate", "portkey", str(config)]) == 2

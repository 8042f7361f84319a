"""Configurations of other proxies become policies that lint finds nothing wrong with."""

from __future__ import annotations

import json
import tomllib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fcc.cli import main
from fcc.migrate import SOURCES
from fcc.migrate.draft import CannotReadError
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

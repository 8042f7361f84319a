"""Every statement, option and literal of the language, read into nodes whose spans cut the right text."""

from typing import Any, cast

import msgspec
import pytest

from rules import nodes
from rules.nodes import Options, Ref, Span
from rules.parser import parse
from support.sample import SAMPLE


def one(text):
    """The only statement of a text that has no findings."""
    document, found = parse(text)
    assert found == []
    assert len(document.statements) == 1
    return document.statements[0]


def steps(text):
    return one(f"chain c = {text}").sequence.steps


def condition(text):
    return one(f"route r when {text} use a").condition


def cut(text, node):
    return text[node.span.start : node.span.end]


def test_sample_is_read_without_findings():
    document, found = parse(SAMPLE)
    assert found == []
    kinds = [type(statement).__name__ for statement in document.statements]
    assert (
        kinds
        == ["Alias"] * 4
        + ["Health"]
        + ["Limit"] * 2
        + ["Chain"] * 2
        + ["Offer"] * 2
        + ["Route"] * 5
        + ["Expect"] * 3
    )


def test_layout_does_not_matter():
    words = SAMPLE.replace("# models by short names", "").split()
    texts = ["\n".join(words), " ".join(words), "\t# remark\r\n".join(words)]
    for text in texts:
        document, found = parse(text)
        assert found == []
        assert len(document.statements) == len(parse(SAMPLE)[0].statements)


@pytest.mark.parametrize(
    "model",
    [
        "zen/minimax-m2.5-free",
        "nvidia_nim/qwen/qwen3-coder-480b-a35b-instruct",
        "openrouter/deepseek/deepseek-r1:free",
        "cloudflare/@cf/meta/llama-3.1",
        "a/b~c+d_e",
        "01ai/yi",
    ],
)
def test_models_bare_and_quoted(model):
    assert one(f"alias a = {model}").model.text == model
    assert one(f'alias a = "{model}"').model.text == model
    assert steps(f'{model} then "{model} x"')[1].target.text == f"{model} x"


@pytest.mark.parametrize(
    "name", ["a", "A_b-c", "4o", "start", "retry-2", "useful", "thinking", "locally", "tokens"]
)
def test_names(name):
    assert one(f"alias {name} = a/b").name.text == name
    assert steps(f"{name} then {name} retry 1")[0].target.text == name


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("with thinking", "thinking", "with"),
        ("without thinking", "thinking", "without"),
        ("with thinking 8k", "budget", 8000),
        ("with thinking high", "effort", "high"),
        ("start within 20s", "start", 20.0),
        ("start within 500ms", "start", 0.5),
        ("stall after 1.5m", "stall", 90.0),
        ("finish within 1.5h", "finish", 5400.0),
        ("retry 0", "retry", 0),
    ],
)
@pytest.mark.parametrize("comma", ["", ","])
def test_options(text, field, value, comma):
    options = steps(f"a{comma} {text}")[0].options
    assert getattr(options, field) == value
    assert [name for name, _ in options.spans] == [
        field if field in ("start", "stall", "finish", "retry") else "thinking"
    ]


@pytest.mark.parametrize("text", ["on overflow", "on (overflow)", "on (timeout, overflow)"])
def test_on_failures(text):
    words = steps(f"a {text}")[0].options.on
    assert [word.text for word in words] == text.replace("on ", "").strip("()").split(", ")


def test_options_belong_to_their_step_or_to_the_sequence():
    """Without a comma: the step's. With one: so too before `then`; behind the last step, all steps'."""
    first, second, third = steps(
        "a, retry 3 then b on timeout then c retry 0, start within 5s, retry 1, without thinking"
    )
    assert (first.options.retry, first.options.start, first.options.thinking) == (3, 5.0, "without")
    assert (second.options.retry, [word.text for word in second.options.on]) == (1, ["timeout"])
    assert (third.options.retry, third.options.on, third.options.start) == (0, None, 5.0)


def test_an_option_pushed_down_keeps_the_place_it_was_written_at():
    text = "chain c = a then b, retry 2"
    first, second = one(text).sequence.steps
    assert [text[place.start : place.end] for _, place in first.options.spans] == ["retry 2"]
    assert cut(text, second) == "b"


def test_thinking_of_a_step_is_one_option():
    first, second = steps("a with thinking then b, without thinking")
    assert (first.options.thinking, second.options.thinking) == ("with", "without")


def test_env_and_its_options():
    chain = one("chain auto = env AUTO_MODEL_ORDER else minimax then coder, retry 2")
    assert chain.sequence.variable.text == "AUTO_MODEL_ORDER"
    assert chain.sequence.env_options.retry == 2
    assert len(chain.sequence.steps) == 2
    assert one("offer env MODEL").variable.text == "MODEL"


@pytest.mark.parametrize(
    ("text", "kind", "weights", "afters"),
    [
        ("least-loaded (a, b)", "least-loaded", [None, None], [None, None]),
        ("rotate (a,b/c)", "rotate", [None, None], [None, None]),
        ("split (90% a, 10% b)", "split", [90, 10], [None, None]),
        ("split (33.5% a, 66.5% b)", "split", [33.5, 66.5], [None, None]),
        ("race (a, b after 2s)", "race", [None, None], [None, 2.0]),
    ],
)
def test_groups(text, kind, weights, afters):
    group = steps(text)[0].target
    assert group.kind == kind
    assert [member.weight for member in group.members] == weights
    assert [member.after for member in group.members] == afters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("health * 3 failures in 30s, rest 30s", (3, 30.0, 30.0, None)),
        ("health zen/* 1 failure in 1m, rest up to 10m, rest 5s", (1, 60.0, 5.0, 600.0)),
        ('health "zen/*" 2 failures in 1h,rest 1m , rest up to 1h', (2, 3600.0, 60.0, 3600.0)),
    ],
)
def test_health(text, expected):
    node = one(text)
    assert (node.failures, node.window, node.rest, node.rest_up_to) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("limit zen/* 9999 per minute", (9999, 60.0, "requests", False, None, None, None)),
        ("limit * 40 per minute each, 6 at once", (40, 60.0, "requests", True, None, 6, None)),
        ("limit * 6 at once, 40 requests per second", (40, 1.0, "requests", False, None, 6, None)),
        (
            "limit a/b 1.5M tokens per day for each session",
            (1_500_000, 86400.0, "tokens", False, "session", None, None),
        ),
        (
            "limit * 1_000 per hour each for each client, wait up to 5s",
            (1000, 3600.0, "requests", True, "client", None, 5.0),
        ),
        ("limit * 5 at once", (None, None, "requests", False, None, 5, None)),
    ],
)
def test_limit(text, expected):
    node = one(text)
    said = (node.count, node.per, node.counts, node.each, node.for_each, node.at_once, node.wait)
    assert said == expected


@pytest.mark.parametrize(
    ("text", "things", "variants", "label"),
    [
        ('offer coding as "Auto"', ["coding"], "as is", "Auto"),
        ("offer a, b/c with and without thinking", ["a", "b/c"], "with and without", None),
        ('offer a without thinking as "\\"A\\\\"', ["a"], "without", '"A\\'),
        ('offer a as "A" without thinking', ["a"], "without", "A"),
    ],
)
def test_offer(text, things, variants, label):
    node = one(text)
    assert ([ref.text for ref in node.things], node.variants, node.label) == (things, variants, label)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("use a", nodes.Use),
        ("answer locally", nodes.AnswerLocally),
        ('answer "no"', nodes.AnswerText),
        ('refuse 429 "later"', nodes.Refuse),
    ],
)
def test_actions(text, expected):
    source = f"route r {text}"
    action = one(source).action
    assert isinstance(action, expected)
    assert cut(source, action) == text
    if isinstance(action, nodes.Refuse):
        assert (action.status, action.reason) == (429, "later")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ('model is "*haiku*"', "glob", "*haiku*"),
        ("model is zen/x", "glob", "zen/x"),
        ("client is laptop", "glob", "laptop"),
        ('header.X-Team is "red"', "glob", "red"),
        ("task is title", "word", "title"),
        ('task is "title"', "word", "title"),
        ('task is "*probe"', "glob", "*probe"),
        ("tokens > 120k", "number", 120_000),
        ("tokens <= 1.5M", "number", 1_500_000),
        ("turns = 1_000", "number", 1000),
        ("tokens >= 0.5", "number", 0.5),
        ("time >= 22:30", "clock", 22 * 60 + 30),
        ("time < 24:00", "clock", 24 * 60),
    ],
)
def test_values(text, kind, value):
    node = condition(text)
    assert (node.value.kind, node.value.value) == (kind, value)


def test_header_key_is_lower_case():
    fact = condition('header.X-Team is "red"').fact
    assert (fact.name, fact.key) == ("header", "x-team")


def test_conditions():
    node = condition("not (thinking or stream) and task in (title, main) and tokens in 10k..20k")
    assert isinstance(node, nodes.And)
    inverted, listed, within = node.items
    assert isinstance(inverted, nodes.Not)
    assert isinstance(inverted.item, nodes.Or)
    assert [value.value for value in listed.values] == ["title", "main"]
    assert (within.low.value, within.high.value) == (10_000, 20_000)


@pytest.mark.parametrize(
    "text",
    [
        "(a and b) or c",
        "not (a or b)",
        "thinking",
        "a or b or c",
        "time in 22:00..06:00",
        'model in ("a", "b*")',
    ],
)
def test_condition_spans(text):
    source = f"route r when {text} use a"
    assert cut(source, condition(text)) == text


def test_spans_are_offsets_into_the_whole_text():
    head, rules = "rules = '''", "\nalias a = b/c\nroute r when tokens > 1k use a then b/d retry 2\n"
    text = f"{head}{rules}'''\n[server]\n"
    document, found = parse(text, len(head), len(head) + len(rules))
    assert found == []
    alias, route = cast(tuple[Any, Any], document.statements)
    assert cut(text, alias.model) == "b/c"
    assert cut(text, route.condition.value) == "1k"
    assert cut(text, route.action.sequence.steps[1]) == "b/d retry 2"
    assert cut(text, route) == "route r when tokens > 1k use a then b/d retry 2"


def test_expect():
    node = one(
        'expect r given model "m", thinking, turns 1, tool "b", coder resting, b/c failing cut to try d, e/f'
    )
    assert [given_.fact.name for given_ in node.given] == ["model", "thinking", "turns", "tool"]
    assert node.given[1].value is None
    assert [(world.ref.text, world.state, world.failure and world.failure.text) for world in node.worlds] == [
        ("coder", "resting", None),
        ("b/c", "failing", "cut"),
    ]
    assert [ref.text for ref in node.targets] == ["d", "e/f"]
    assert one('expect r given model "m"').targets is None


def test_every_node_of_the_sample_lies_within_its_parent():
    document, _ = parse(SAMPLE)

    seen = set()

    def walk(node, outer):
        if isinstance(node, Span) or not isinstance(node, msgspec.Struct):
            return
        seen.add(type(node))
        if isinstance(node, Options):
            return
        place = getattr(node, "span", outer)
        assert outer.start <= place.start < place.end <= outer.end
        for name in node.__struct_fields__:
            child = getattr(node, name)
            for part in child if isinstance(child, tuple) else (child,):
                walk(part, place)
        if isinstance(node, Ref | nodes.Word):
            assert SAMPLE[place.start : place.end] == node.text

    for statement in document.statements:
        walk(statement, Span(0, len(SAMPLE)))
    assert {nodes.Route, nodes.Chain, nodes.Step, nodes.Ref, nodes.Is, nodes.Value, nodes.Expect} <= seen

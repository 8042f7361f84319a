"""The legal order of what an Anthropic answer says, as one table of transitions.

Source: docs.claude.com/en/api/messages-streaming. The writer walks along this table and so cannot say anything else;
the docs draw it with `diagram()`. `ping` may come anywhere and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

State = Literal[
    "new",  # nothing has been said
    "between",  # no block is open
    "text",
    "thinking",
    "signed",  # a thinking block that has its signature
    "tool",  # input is coming
    "whole",  # a block that has no deltas
    "closing",  # the stop reason has been said
    "done",
    "broken",
]

Step = Literal[
    "message_start",
    "start text",
    "start thinking",
    "start tool",
    "start whole",
    "text_delta",
    "citations_delta",
    "thinking_delta",
    "signature_delta",
    "input_json_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "error",
]

ORDER: Final[Mapping[State, Mapping[Step, State]]] = {
    "new": {"message_start": "between", "error": "broken"},
    "between": {
        "start text": "text",
        "start thinking": "thinking",
        "start tool": "tool",
        "start whole": "whole",
        "message_delta": "closing",
        "error": "broken",
    },
    "text": {
        "text_delta": "text",
        "citations_delta": "text",
        "content_block_stop": "between",
        "error": "broken",
    },
    "thinking": {"thinking_delta": "thinking", "signature_delta": "signed", "error": "broken"},
    "signed": {"content_block_stop": "between", "error": "broken"},
    "tool": {"input_json_delta": "tool", "content_block_stop": "between", "error": "broken"},
    "whole": {"content_block_stop": "between", "error": "broken"},
    "closing": {"message_stop": "done"},
    "done": {},
    "broken": {},
}


class OutOfOrder(Exception):  # noqa: N818 - the name says the fault, which is ours and not the client's
    """A step that the table does not have."""


def after(state: State, step: Step) -> State:
    """The state after `step`. Raises OutOfOrder for an illegal one."""
    following = ORDER[state].get(step)
    if following is None:
        raise OutOfOrder(f"{step} in state {state}")
    return following


def diagram() -> str:
    """The table as a Mermaid state diagram (mermaid.js.org/syntax/stateDiagram.html)."""
    lines = ["stateDiagram-v2", "    [*] --> new"]
    for state, steps in ORDER.items():
        for step, following in steps.items():
            lines.append(f"    {state} --> {following}: {step}")
        if not steps:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines) + "\n"

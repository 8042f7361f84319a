"""What the checks of routes share: where a route has its name, and how it is called."""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis import Analysis
from rules.lint.registry import Context
from rules.nodes import Route, Span
from rules.policy_types import PolicyRoute


class Routes:
    """The routes of the policy beside the statements they come from."""

    def __init__(self, context: Context) -> None:
        self.policy = context.policy
        self.text = context.source.text
        self._names = {
            one.span: one.name.span for one in context.document.statements if isinstance(one, Route)
        }

    def place(self, route: PolicyRoute) -> Span:
        """Its name; of an offer the thing that is offered."""
        if route.offer is not None and route.condition is not None:
            return route.condition.span
        return self._names.get(route.span, route.span)

    def called(self, route: PolicyRoute) -> str:
        return f"`{route.name}`" if route.offer is not None else f"route `{route.name}`"


def analysed(context: Context) -> Iterator[tuple[Analysis, Routes]]:
    """Once, when there is a policy to look at."""
    if context.analysis is not None and context.policy is not None:
        yield context.analysis, Routes(context)

"""Where the pages and what they load are: the gate lets everybody read exactly these."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

STATIC = Path(__file__).with_name("static")
BELOW = "/admin/static/"


class Page(NamedTuple):
    """One page. `name` is that of its template and its script."""

    name: str
    title: str
    above: str = ""
    """The page that is marked in the navigation, when this one is not in there."""


PAGES = {
    "/admin": Page("live", "Live"),
    "/admin/": Page("live", "Live", "/admin"),
    "/admin/chains": Page("chains", "Chains"),
    "/admin/sessions": Page("sessions", "Sessions"),
    "/admin/charts": Page("charts", "Charts"),
    "/admin/policy": Page("policy", "Policy"),
    "/admin/session": Page("session", "Session", "/admin/sessions"),
    "/admin/decision": Page("decision", "Decision", "/admin/sessions"),
}
"""Which session or decision is shown stands in the query, which only the script reads."""

FILES = {BELOW + path.name: path for path in sorted(STATIC.iterdir())}

OPEN = frozenset({*PAGES, *FILES})
"""What is read without a token."""

"""The policy as a picture: routes, the chains they use, the models those ask.

Document ─ picture ─▶ Picture ─ layout ─▶ placed cards ─▶ SVG
                              └─────────────────────────▶ Mermaid
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rules.graph import mermaid, svg
from rules.graph.picture import Picture

FORMATS: Mapping[str, Callable[[Picture], str]] = {"svg": svg.render, "mermaid": mermaid.render}

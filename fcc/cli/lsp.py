"""`fcc lsp`: the language server, on stdin and stdout."""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = "pygls"


def lsp() -> int:
    """Speak the Language Server Protocol to an editor until it says goodbye: 0, or 2 without the extra `editor`.

    Example: fcc lsp (an editor starts it; see editors/README.md)
    """
    if find_spec(NEEDED) is None:
        print("fcc lsp: this needs pygls; install fcc with the extra `editor`: fcc[editor]", file=sys.stderr)
        return 2
    from fcc.lsp.server import server

    server.start_io()
    return 0

"""Work on a large request, done where it does not hold up the answers of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

LARGE = 1024 * 1024
"""Bytes of a request above which what is done with all of it takes the loop more than a millisecond or so."""

P = ParamSpec("P")
T = TypeVar("T")

_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large")
"""One after the other: the loop then gets its turn after five milliseconds (docs.python.org/3/library/sys.html,
`setswitchinterval`), and large requests do not fill the memory together."""


async def aside(size: int, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What `work` returns or raises. It runs in a thread if the request of `size` bytes is large, so it may touch
    nothing that changes meanwhile.
    """
    if size <= LARGE:
        return work(*arguments, **named)
    call = asyncio.get_running_loop().run_in_executor
    return await call(_worker, lambda: work(*arguments, **named))

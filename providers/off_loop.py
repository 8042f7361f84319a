"""Work on a large request, done where it does not hold up the answers of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

LARGE = 1024 * 1024
"""Bytes of a request above which what is done with all of it takes the loop more than a millisecond or so."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="off-loop")
"""One after the other: the loop then gets its turn after five milliseconds (docs.python.org/3/library/sys.html,
`setswitchinterval`), and large requests do not fill the memory together."""


async def off_loop(size: int, work: Callable[[*Ts], T], *arguments: *Ts, above: int = LARGE) -> T:
    """What `work` returns or raises. It runs in a thread if the request has more than `above` bytes, so it may touch
    nothing that changes meanwhile.
    """
    if size <= above:
        return work(*arguments)
    return await asyncio.get_running_loop().run_in_executor(_worker, work, *arguments)

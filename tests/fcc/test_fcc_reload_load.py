"""The file changes again and again while clients stream, now and then to something broken: nothing is lost.

FCC_LONG=1 changes it 1,000 times.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from support.load import load, slowly
from support.upstream import Upstream
from support.world import TOKEN, message, policy, run, world

TIMES = 1000 if os.environ.get("FCC_LONG") == "1" else 60
BROKEN = 10
"""Every so many files is one that cannot be served."""
RULES = "route rest use a/one"


def written(number: int, text: Callable[..., str], upstream: Upstream) -> str:
    """The same route by another file each time; every third changes the provider, so that its connections go."""
    if number % BROKEN == 0:
        return text("route rest use nowhere", a=upstream)
    made = text(f"# {number}\n{RULES}", a=upstream)
    return (
        made.replace('key = ""', f'key = ""\nheaders = {{ x-number = "{number}" }}')
        if number % 3 == 0
        else made
    )


def test_nothing_is_lost_while_the_file_changes() -> None:
    async def test() -> None:
        upstream = Upstream(slowly(0.05))
        async with world(RULES, "[reload]\nwatch = false\n", drain=5.0, a=upstream) as here:
            async with load(here.address, TOKEN, message(), clients=6) as clients:
                for number in range(1, TIMES + 1):
                    here.app.path.write_text(written(number, policy, upstream))
                    loaded = await here.app.follower.load()
                    assert loaded is not None
                    assert (loaded.policy is None) == (number % BROKEN == 0)
            assert clients.lost == []
            assert clients.answered > 6
            assert here.app.house.generation is not None

    run(test(), bound=500.0 if TIMES > 60 else 60.0)

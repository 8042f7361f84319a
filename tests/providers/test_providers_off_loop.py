"""Where the work on a request is done."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from providers.off_loop import LARGE, off_loop
from providers.quotes import HIDDEN
from support.exchanges import answered, provider_at, request_of
from support.upstream import Upstream, answer
from translators.dialects import speaker


def test_only_what_is_large_leaves_the_loop_and_one_by_one() -> None:
    threads: list[threading.Thread] = []
    running, most = 0, 0

    def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        threads.append(threading.current_thread())
        running -= 1
        return number

    async def main() -> list[int]:
        assert await off_loop(LARGE, work, 7) == 7
        return await asyncio.gather(*(off_loop(LARGE + 1, work, number) for number in range(20)))

    assert asyncio.run(main()) == list(range(20))
    assert threads[0] is threading.main_thread()
    assert len(set(threads)) == 2
    assert most == 1


def test_what_it_raises_comes_back() -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await off_loop(LARGE + 1, divmod, 1, 0)

    asyncio.run(main())


@pytest.mark.parametrize("size", [1, LARGE + 1])
def test_a_large_request_is_written_and_its_failure_read_off_the_loop(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    where: list[threading.Thread] = []
    speaks = speaker("openai-chat")
    written = speaks.write_request

    def write(*asked: Any) -> Any:
        where.append(threading.current_thread())
        return written(*asked)

    monkeypatch.setattr(speaks, "write_request", write)
    secret = "what nobody else should read of it, ever"

    async def main() -> Any:
        said = b'{"error":{"message":"wrong: ' + secret.encode() + b'"}}'
        async with Upstream(answer(400, said)) as upstream:
            provider = provider_at(upstream.url)
            request = request_of(secret)
            request.size = size
            outcome = await answered(provider, request)
            await provider.aclose()
            return outcome.failure

    failure = asyncio.run(main())
    assert failure is not None
    assert (where[0] is threading.main_thread()) == (size == 1)
    assert secret in failure.message
    assert failure.kept == f"wrong: {HIDDEN}"

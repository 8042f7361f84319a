"""How long this machine has slept since it was started.

A loop's clock stands still while a laptop is closed; a quota that an upstream gives back at midnight does not. Linux
counts both ways (clock_gettime(2): CLOCK_BOOTTIME goes on, CLOCK_MONOTONIC does not), and so does macOS.
"""

from __future__ import annotations

import sys
import time

if sys.platform == "linux":

    def slept() -> float:
        """Seconds; only how much they grow is of use."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)

elif sys.platform == "darwin":

    def slept() -> float:
        """Seconds; only how much they grow is of use."""
        return time.clock_gettime(time.CLOCK_MONOTONIC_RAW) - time.clock_gettime(time.CLOCK_UPTIME_RAW)

else:

    def slept() -> float:
        """Nobody says."""
        return 0.0

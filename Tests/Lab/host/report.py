# SPDX-License-Identifier: Apache-2.0
"""What the lab tells the person in front of it."""

from __future__ import annotations

import sys
import time

_started = time.monotonic()


class LabError(Exception):
    """The lab cannot go on; the text says why and what to do, and is all that is shown."""


def say(text: str) -> None:
    """One line of progress, with the seconds since the start, on standard error."""
    print(f"[{time.monotonic() - _started:5.1f} s] {text}", file=sys.stderr, flush=True)

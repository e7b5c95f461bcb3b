# SPDX-License-Identifier: Apache-2.0
"""What pairingd wrote into the journal."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from gateway.command import run


async def records(pid: int) -> list[dict[str, Any]]:
    """The records of one daemon, oldest first, with all their fields."""
    # --sync: the last ones may still be on their way.
    await run("journalctl", "--sync")
    answer = await run("journalctl", "--output=json", "--all", f"_PID={pid}")
    return [json.loads(line) for line in answer.output.splitlines()]


async def record(pid: int, words: str, device: str | None = None, seconds: float = 10) -> dict[str, Any]:
    """The last record of one daemon whose message has these words in it, as soon as there is one.

    With a device's address, one that is about this device.
    """
    give_up = time.monotonic() + seconds
    while True:
        written = await records(pid)
        about = [entry for entry in written if device in (None, entry.get("PAIRINGD_DEVICE"))]
        if found := [entry for entry in about if words in str(entry["MESSAGE"])]:
            return found[-1]
        # The caller's failure shall show what is there instead.
        assert time.monotonic() < give_up, (words, [entry["MESSAGE"] for entry in written])
        await asyncio.sleep(0.1)

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
        for record in reversed(written):
            if words in str(record["MESSAGE"]) and device in (None, record.get("PAIRINGD_DEVICE")):
                return record
        # The caller's failure shall show what is there instead.
        assert time.monotonic() < give_up, (words, [record["MESSAGE"] for record in written])
        await asyncio.sleep(0.1)

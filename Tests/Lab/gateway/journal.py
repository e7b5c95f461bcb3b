# SPDX-License-Identifier: Apache-2.0
"""What pairingd wrote into the journal."""

from __future__ import annotations

import json
from typing import Any

from gateway.command import run


async def records(pid: int) -> list[dict[str, Any]]:
    """The records of one daemon, oldest first, with all their fields."""
    # --sync: the last ones may still be on their way.
    await run("journalctl", "--sync")
    answer = await run("journalctl", "--output=json", "--all", f"_PID={pid}")
    return [json.loads(line) for line in answer.output.splitlines()]

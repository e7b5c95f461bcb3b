# SPDX-License-Identifier: Apache-2.0
"""pairingd as systemd runs it: its unit, its rules, its records."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from gateway.command import Completed, run
from gateway.programs import MANAGER, get

UNIT = "pairingd.service"
BLUETOOTH = "bluetooth.service"
CONFIGURATION = Path("/etc/pairingd")
RULES = CONFIGURATION / "devices.d"
STATE = Path("/var/lib/pairingd")
DROP_INS = Path(f"/etc/systemd/system/{UNIT}.d")


async def systemctl(*arguments: str) -> Completed:
    """systemctl, whatever comes of it."""
    return await run("systemctl", *arguments, timeout=120)


async def manage(*arguments: str) -> None:
    """systemctl, which has to succeed."""
    done = await systemctl(*arguments)
    assert done.status == 0, (arguments, done.errors, (await systemctl("status", "--no-pager", UNIT)).output)


async def properties(unit: str = UNIT) -> dict[str, str]:
    """All that systemd knows of a unit."""
    lines = (await run("systemctl", "show", unit)).output.splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


async def until(unit: str = UNIT, seconds: float = 30, **wanted: str) -> dict[str, str]:
    """Waits until a unit has these properties."""
    give_up = time.monotonic() + seconds
    while not wanted.items() <= (present := await properties(unit)).items():
        assert time.monotonic() < give_up, (wanted, {name: present.get(name) for name in wanted})
        await asyncio.sleep(0.1)
    return present


async def pid() -> int:
    return int((await properties())["MainPID"])


async def another_process(than: int, seconds: float = 30) -> int:
    """Waits until the daemon runs as another process than it did."""
    give_up = time.monotonic() + seconds
    while (present := await properties())["ActiveState"] != "active" or int(present["MainPID"]) in (0, than):
        assert time.monotonic() < give_up, {name: present[name] for name in ("ActiveState", "SubState", "MainPID")}
        await asyncio.sleep(0.1)
    return int(present["MainPID"])


async def says(name: str, value: Any, seconds: float = 30) -> None:
    """Waits until the daemon says this of itself, in a property of its manager."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            present = await get(MANAGER, "Manager1", name)
        except AssertionError as error:  # It is about to start.
            present = error
        if present == value:
            return
        assert time.monotonic() < give_up, f"{name} is {present!r}, and not {value!r}, after {seconds} s"
        await asyncio.sleep(0.1)


async def manager_records(words: str) -> list[str]:
    """What systemd itself said of the unit, with these words in it."""
    await run("journalctl", "--sync")
    answer = await run("journalctl", "--output=cat", "_PID=1", f"UNIT={UNIT}")
    return [line for line in answer.output.splitlines() if words in line]


async def records(*matches: str) -> list[dict[str, Any]]:
    """What the unit wrote into the journal, oldest first, with all fields."""
    await run("journalctl", "--sync")
    # All, not only of this process: what tells of the service is found by the service's name.
    answer = await run("journalctl", "--output=json", "--all", f"_SYSTEMD_UNIT={UNIT}", *matches)
    return [json.loads(line) for line in answer.output.splitlines()]


async def record(words: str, *matches: str, seconds: float = 10) -> dict[str, Any]:
    """The unit's last record whose message has these words in it, as soon as there is one."""
    give_up = time.monotonic() + seconds
    while True:
        written = await records(*matches)
        if found := [each for each in written if words in str(each["MESSAGE"])]:
            return found[-1]
        assert time.monotonic() < give_up, (words, [each["MESSAGE"] for each in written])
        await asyncio.sleep(0.2)


def write_rule(text: str, name: str = "10-test.toml") -> Path:
    """One more file in the folder of the administrator's rules; nobody is told."""
    file = RULES / name
    file.write_text(text)
    return file


async def drop_in(text: str) -> None:
    """Changes the unit as `systemctl edit` would; takes effect when the service is started."""
    DROP_INS.mkdir(parents=True, exist_ok=True)
    (DROP_INS / "test.conf").write_text(text)
    await manage("daemon-reload")

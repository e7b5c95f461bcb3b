# SPDX-License-Identifier: Apache-2.0
"""`lab captures`: plays the situations, one after the other, and writes what the kernel told of each."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import traceback
from contextlib import AsyncExitStack
from pathlib import Path

from air import Air, classic
from captures.btsnoop import Capture, encode
from captures.situations import SITUATIONS
from captures.stage import Situation, Stage
from captures.table import table
from gateway.bluez import DAEMON, BlueZ
from gateway.command import run

# Octets. A capture that is larger has something in it that is not about the pairing.
LARGEST = 20_000

# Seconds for one situation; the longest waits for the kernel, which gives up after 30.
PATIENCE = 120


async def play(stage: Stage, situation: Situation) -> bytes:
    """The file of a situation. It is held against what it must show, so that no wrong one is ever written."""
    async with asyncio.timeout(PATIENCE):
        await situation.make(stage)
    capture = Capture(stage.records)
    missing = [check.text for check in situation.shows if not check.holds(capture)]
    file = encode(stage.records)
    if len(file) > LARGEST:
        missing.append(f"it is small ({len(file)} octets)")
    if missing:
        (stage.folder / "rejected.btsnoop").write_bytes(file)
        shown = await run("btmon", "--read", str(stage.folder / "rejected.btsnoop"))
        print(shown.output)
    assert not missing, missing
    return file


async def main(folder: Path, names: list[str]) -> int:
    unknown = set(names) - {situation.name for situation in SITUATIONS}
    assert not unknown, unknown
    chosen = [situation for situation in SITUATIONS if not names or situation.name in names]
    failed: list[str] = []
    bluez = BlueZ()
    async with Air.open() as air, AsyncExitStack() as stack:
        await bluez.start()
        radio: classic.Air | None = None
        # The second controller comes last, so that it is in no other capture.
        for situation in sorted(chosen, key=lambda each: each.adapter):
            if situation.adapter and radio is None:
                radio = await stack.enter_async_context(classic.Air.open())
                await bluez.until(f"/org/bluez/hci{situation.adapter}", "Adapter1", "Powered", True, seconds=30)
            try:
                await bluez.remove_all()
                with tempfile.TemporaryDirectory() as place:
                    file = await play(Stage(air, bluez, radio, Path(place), situation.adapter), situation)
            except Exception:
                traceback.print_exc()
                failed.append(situation.name)
                continue
            (folder / f"{situation.name}.btsnoop").write_bytes(file)
            print(f"{situation.name}: {len(file)} octets", flush=True)
        await bluez.stop()
    if failed:
        print(f"not made: {' '.join(failed)}")
    elif not names:
        version = (await run(DAEMON, "--version")).output.strip()
        (folder / "README.md").write_text(table(f"BlueZ {version}, Linux {os.uname().release}"))
    return 1 if failed else 0


sys.exit(asyncio.run(main(Path(sys.argv[1]), sys.argv[2:])))

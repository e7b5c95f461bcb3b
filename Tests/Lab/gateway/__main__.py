# SPDX-License-Identifier: Apache-2.0
"""`lab shell`: bluetoothd, some devices on the air, and a command that can play with them."""

from __future__ import annotations

import asyncio
import sys

from air import Air, comparison_lock, cuff, keyboard, meter, stranger
from gateway.bluez import BlueZ


async def main(command: list[str]) -> int:
    bluez = BlueZ()
    async with (
        Air.open() as air,
        air.add(cuff()),
        air.add(comparison_lock()),
        air.add(meter(passkey="123456")),
        air.add(keyboard()) as keys,
        air.add(stranger()),
    ):
        # Nobody sits at the keyboard, so these are the digits that it enters.
        keys.type("123456")
        await bluez.start()
        try:
            process = await asyncio.create_subprocess_exec(*command)
            return await process.wait()
        finally:
            await bluez.stop()


sys.exit(asyncio.run(main(sys.argv[1:])))

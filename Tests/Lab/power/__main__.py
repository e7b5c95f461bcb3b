# SPDX-License-Identifier: Apache-2.0
"""`write` pairs one device after the other until the machine is killed; `check` holds disks against what was promised."""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from air import Air, cuff
from gateway.bluez import STORAGE, BlueZ
from gateway.client import Client
from gateway.command import run
from gateway.journal import records
from gateway.programs import Pairingd, pairingd
from scenarios.rules import CUFF

DISK = Path("/run/disk")
# Behind the file system: here the guest notes what was promised.
MARKS = int(os.environ["LAB_MARKS"])
BLOCK = 4096
# The cut comes while the next one is being paired.
BONDS = 24


async def must(*command: str) -> None:
    done = await run(*command)
    assert done.status == 0, (command, done.errors)


@asynccontextmanager
async def gateway(device: str, air: Air) -> AsyncIterator[tuple[Pairingd, BlueZ]]:
    """pairingd and bluetoothd with all that they keep on this disk."""
    DISK.mkdir(exist_ok=True)
    await must("mount", device, str(DISK))
    rule = DISK / "policy" / "10-rule.toml"
    assert not (DISK / "state").exists() or rule.read_text() == CUFF
    (DISK / "bluetooth").mkdir(mode=0o700, exist_ok=True)
    await must("mount", "--bind", str(DISK / "bluetooth"), str(STORAGE))
    bluez = BlueZ()
    await bluez.start()
    try:
        async with pairingd(DISK, CUFF) as daemon:
            yield daemon, bluez
    finally:
        await bluez.stop()
        await must("umount", str(STORAGE))
        await must("umount", str(DISK))


def note(promise: str, file: int) -> None:
    """Write a promise past all caches and without a flush, which would be one for the daemons' files too."""
    with mmap.mmap(-1, BLOCK) as block:
        block.write(promise.encode())
        os.pwritev(file, [block], MARKS)


async def write(air: Air) -> None:
    async with gateway("/dev/vda", air), Client.open() as client:
        # The rules are the administrator's to bring to the disk.
        os.sync()
        disk = os.open("/dev/vda", os.O_WRONLY | os.O_DIRECT)
        for number in range(255):
            async with air.add(cuff(address=f"00:5F:BF:71:81:{number:02X}")) as device:
                address = device.traits.address
                pairing = await client.pair(address)
                if number == BONDS:
                    print("now cut", flush=True)
                result = await client.result(pairing)
                assert result["Result"] == "paired", result
                note(address, disk)
                print(f"{address} is paired", flush=True)


async def check(air: Air, promises: list[list[str]]) -> bool:
    """Is it all there? On the last disk it is not: that one has lost what was promised, and this has to be seen."""
    good = True
    for number, promised in enumerate(promises):
        device = f"/dev/vd{chr(ord('a') + number)}"
        async with gateway(device, air) as (daemon, _), Client.open() as client:
            async with asyncio.timeout(30):
                while await daemon.manager("DefaultAgent") != "held":
                    await asyncio.sleep(0.1)
            kept = {address: client.device(address) for address in promised}
            bonds = [address for address, each in kept.items() if not each.get("Bonded")]
            weak = [address for address, each in kept.items() if each.get("Security") != "encrypted"]
            errors = await daemon.manager("PolicyErrors")
            warnings = [str(each["MESSAGE"]) for each in await records(daemon.pid) if int(each["PRIORITY"]) <= 4]
            # Of the pairing that was on the air.
            told = [each for each in warnings if "interrupted" not in each]
        lost = bool(bonds or weak or errors or told)
        print(f"{device}: {len(promised)} promised, {len(bonds)} bonds and {len(weak)} records lost", flush=True)
        is_control = number == len(promises) - 1
        if lost is not is_control:
            good = False
            print(f"  no bond: {bonds}\n  no record: {weak}\n  rules: {errors}\n  told: {told}", flush=True)
    return good


async def main(arguments: list[str]) -> int:
    async with Air.open() as air:
        match arguments:
            case ["write"]:
                await write(air)
                return 1  # Nobody has cut the power.
            case ["check", promises]:
                return 0 if await check(air, json.loads(promises)) else 1
            case _:
                return 2


sys.exit(asyncio.run(main(sys.argv[1:])))

# SPDX-License-Identifier: Apache-2.0
"""`lab demo`: three devices, three decisions, told for somebody who has never seen it."""

from __future__ import annotations

import asyncio
import shlex
import sys
import tempfile
from pathlib import Path

from air import Air, IOCapability, Peripheral, comparison_lock, cuff, stranger
from gateway.bluez import BlueZ, path_of
from gateway.command import Completed, run
from gateway.journal import records
from gateway.programs import Pairingd, pairingctl, pairingd
from scenarios.rules import CUFF, rule

LOCK = rule("Door lock", IOCapability.DisplayYesNo, confirmation='"ask"')


def tell(text: str) -> None:
    print(f"\n* {text}", flush=True)


def show(done: Completed, *command: str) -> Completed:
    """A command as one would type it, and what it said."""
    print(f"  $ {shlex.join(command)}")
    for line in (done.output + done.errors).splitlines():
        print(f"    {line}", flush=True)
    return done


async def control(*arguments: str) -> Completed:
    return show(await pairingctl(*arguments), "pairingctl", *arguments)


async def pair_the_cuff(device: Peripheral) -> None:
    tell(
        "A blood-pressure cuff. It has no display and no buttons for pairing. A rule names it, by its name and its\n"
        "  maker, so it pairs without anybody answering."
    )
    await control("pair", device.traits.address)
    print(f"  On the air, the gateway said: {device.tape.request.io_capability.name} (the rule's IO capability).")


async def pair_the_lock(daemon: Pairingd, device: Peripheral) -> None:
    tell("A door lock. Its rule says that a person compares the numbers on both sides.")
    command = ("pair", device.traits.address)
    pairing = asyncio.create_task(pairingctl(*command))
    request = await daemon.next_request()
    print(f"  $ {shlex.join(('pairingctl', *command))} &")
    await control("requests")
    print(f"  The gateway shows {await daemon.reveal(request)}, the lock shows {await device.shown()}.")
    await control("approve", str(request["number"]))
    show(await pairing, "wait")


async def refuse_the_stranger(device: Peripheral) -> None:
    tell("A device that no rule knows. It is refused, and it never hears from the gateway.")
    await control("pair", device.traits.address)
    print(f"  Connections that it saw: {device.tape.connections}. Pairing packets: {len(device.tape.pdus)}.")


async def show_the_end(daemon: Pairingd, bluez: BlueZ, *devices: Peripheral) -> list[bool]:
    tell("What pairingd says, and what BlueZ says, whose word counts:")
    await control("devices")
    for device in devices:
        path = path_of(device.traits.address)
        command = ("busctl", "get-property", "org.bluez", path, "org.bluez.Device1", "Bonded")
        show(await run(*command), *command)
    tell("The journal, one record per decision:")
    await run("journalctl", "--sync")
    command = ("journalctl", "-t", "pairingd", "-o", "short", "--no-hostname")
    show(await run(*command), *command)
    print("  Programs read the fields:")
    for record in await records(daemon.pid):
        if "PAIRINGD_RESULT" in record:
            print("    " + " ".join(f"{name}={record[name]}" for name in sorted(record) if name.startswith("PAIRINGD_")))
    return [await bluez.bonded(device.traits.address) for device in devices]


async def main() -> int:
    bluez = BlueZ()
    folder = Path(tempfile.mkdtemp())
    async with (
        Air.open() as air,
        air.add(cuff()) as first,
        air.add(comparison_lock()) as second,
        air.add(stranger()) as third,
    ):
        await bluez.start()
        tell("A gateway with the real bluetoothd. Its controller and the devices around it are simulated.")
        tell("pairingd starts with two rules: one for Omron blood-pressure monitors, one for a door lock.")
        async with pairingd(folder, CUFF, LOCK) as daemon:
            await control()
            await pair_the_cuff(first)
            await pair_the_lock(daemon, second)
            await refuse_the_stranger(third)
            bonds = await show_the_end(daemon, bluez, first, second, third)
        await bluez.stop()
    good = bonds == [True, True, False]
    tell("BlueZ has both bonds, and none with the stranger." if good else f"NOT as promised: bonds are {bonds}.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

# SPDX-License-Identifier: Apache-2.0
"""The real bluetoothd, and what it says itself of its devices, asked without pairingd."""

from __future__ import annotations

import asyncio
import json
import time
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

from gateway.command import end, run

DAEMON = "/usr/libexec/bluetooth/bluetoothd"
ADAPTER = "/org/bluez/hci0"
STORAGE = Path("/var/lib/bluetooth")

# What bluetoothd files an LE key under: the kernel's word for it, which is whether it is authenticated, and whether it
# comes of Secure Connections.
KEY_TYPES = {0: (False, False), 1: (True, False), 2: (False, True), 3: (True, True)}


def path_of(address: str) -> str:
    return f"{ADAPTER}/dev_{address.replace(':', '_')}"


class BlueZ:
    """One bluetoothd, which can be killed and started again; where systemd started it, it is only asked."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(DAEMON, "--nodetach"),
            stdin=asyncio.subprocess.DEVNULL,
            # The same is in the journal.
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await self.ready()

    async def ready(self) -> None:
        """Waits until bluetoothd has an adapter that is switched on."""
        async with asyncio.timeout(30):
            while await self.get(ADAPTER, "Adapter1", "Address") is None:
                await asyncio.sleep(0.1)
        # It powers the adapter by itself, and would be too busy for somebody else who wanted to.
        async with asyncio.timeout(30):
            while not await self.get(ADAPTER, "Adapter1", "Powered"):
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        if self._process is not None:
            await end(self._process)

    async def kill(self) -> None:
        """SIGKILL: no farewell to anybody."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def block(self, yes: bool) -> None:
        """Switch the radio off or on, as `rfkill` does: bluetoothd is not asked."""
        (switch,) = Path("/sys/class/bluetooth/hci0").glob("rfkill*/soft")
        # The kernel waits for the controller, which is in this process.
        done = await run("tee", str(switch), stdin="1" if yes else "0")
        assert done.status == 0, done.errors

    async def get(self, path: str, interface: str, name: str) -> Any:
        """A property, or None where the object or the property is not there."""
        answer = await run("busctl", "--json=short", "get-property", "org.bluez", path, f"org.bluez.{interface}", name)
        return json.loads(answer.output)["data"] if answer.status == 0 else None

    async def set(self, path: str, interface: str, name: str, signature: str, value: str) -> None:
        done = await run("busctl", "set-property", "org.bluez", path, f"org.bluez.{interface}", name, signature, value)
        assert done.status == 0, done.errors

    async def until(self, path: str, interface: str, name: str, value: Any, seconds: float = 10) -> None:
        """Waits until a property has this value."""
        give_up = time.monotonic() + seconds
        while (present := await self.get(path, interface, name)) != value:
            assert time.monotonic() < give_up, f"{name} is {present}, and not {value}, after {seconds} s"
            await asyncio.sleep(0.05)

    async def device(self, address: str, name: str) -> Any:
        return await self.get(path_of(address), "Device1", name)

    async def bonded(self, address: str) -> bool:
        return bool(await self.device(address, "Bonded"))

    async def connected(self, address: str) -> bool:
        return bool(await self.device(address, "Connected"))

    def stored_key(self, address: str) -> tuple[bool, bool, int] | None:
        """The long-term key that bluetoothd has filed for a device: authenticated, of Secure Connections, its octets.

        The key itself is left alone. Legacy pairing leaves two, one for each role, which are of one kind."""
        file = RawConfigParser()
        file.read(STORAGE.glob(f"*/{address}/info"))
        keys = [file[section] for section in file.sections() if section.endswith("LongTermKey")]
        kinds = {(*KEY_TYPES[int(key["Authenticated"])], int(key["EncSize"])) for key in keys}
        assert len(kinds) <= 1, kinds
        return next(iter(kinds), None)

    async def disconnect(self, address: str) -> None:
        done = await run("busctl", "call", "org.bluez", path_of(address), "org.bluez.Device1", "Disconnect")
        assert done.status == 0, done.errors

    async def devices(self) -> list[str]:
        """Object paths of all devices."""
        listing = await run("busctl", "--list", "tree", "org.bluez")
        return [line for line in listing.output.split() if line.startswith(f"{ADAPTER}/dev_") and line.count("/") == 4]

    async def remove(self, path: str) -> None:
        await run("busctl", "call", "org.bluez", ADAPTER, "org.bluez.Adapter1", "RemoveDevice", "o", path)

    async def remove_all(self) -> None:
        """Forget every device. RemoveDevice replies before the object is gone, so wait for that as well."""
        for path in await self.devices():
            await self.remove(path)
        async with asyncio.timeout(10):
            while await self.devices():
                await asyncio.sleep(0.1)

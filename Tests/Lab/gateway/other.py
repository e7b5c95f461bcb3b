# SPDX-License-Identifier: Apache-2.0
"""A program that uses BlueZ beside pairingd: it finds devices and connects them, and answers for no pairing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dbus_fast import BusType, Message
from dbus_fast.aio import MessageBus

from gateway.bluez import ADAPTER, BlueZ, path_of


class OtherProgram:
    """It keeps its connection to the bus, because a discovery ends with the connection that started it."""

    def __init__(self, bus: MessageBus, bluez: BlueZ) -> None:
        self._bus = bus
        self._bluez = bluez

    @classmethod
    @asynccontextmanager
    async def open(cls, bluez: BlueZ) -> AsyncIterator[OtherProgram]:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        try:
            yield cls(bus, bluez)
        finally:
            bus.disconnect()

    async def find(self, address: str) -> None:
        """Discover until BlueZ has heard the device."""
        await self._call(ADAPTER, "Adapter1", "StartDiscovery")
        async with asyncio.timeout(10):
            while await self._bluez.device(address, "RSSI") is None:
                await asyncio.sleep(0.1)
        await self._call(ADAPTER, "Adapter1", "StopDiscovery")

    async def connect(self, address: str) -> Message:
        """Connect a device that was found. The answer may be an error: the device has its own mind."""
        return await self._call(path_of(address), "Device1", "Connect")

    async def disconnect(self, address: str) -> None:
        await self._call(path_of(address), "Device1", "Disconnect")
        async with asyncio.timeout(10):
            while await self._bluez.device(address, "Connected"):
                await asyncio.sleep(0.05)

    async def _call(self, path: str, interface: str, member: str) -> Message:
        answer = await self._bus.call(Message("org.bluez", path, f"org.bluez.{interface}", member))
        assert answer is not None
        return answer

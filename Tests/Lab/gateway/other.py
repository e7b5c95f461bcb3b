# SPDX-License-Identifier: Apache-2.0
"""A program that uses BlueZ beside pairingd: it finds devices and connects them, and answers for no pairing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from gateway.bluez import ADAPTER, BlueZ, path_of

# Seconds: bluetoothd 5.66 leaves a Pair() without an answer where the device is removed before it.
PATIENCE = 60

ADVERTISEMENT = "/test/advertisement"


class OtherProgram:
    """It keeps one connection to the bus, because a discovery ends with the connection that started it."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Self]:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        try:
            yield cls(bus)
        finally:
            bus.disconnect()

    async def call(self, path: str, interface: str, member: str, signature: str = "", *body: object) -> Message:
        """Call a method of BlueZ; the answer may be an error."""
        message = Message("org.bluez", path, f"org.bluez.{interface}", member, signature=signature, body=list(body))
        async with asyncio.timeout(PATIENCE):
            answer = await self._bus.call(message)
        assert answer is not None
        return answer

    async def find(self, bluez: BlueZ, address: str) -> None:
        """Discover until BlueZ has heard the device."""
        await self.call(ADAPTER, "Adapter1", "StartDiscovery")
        async with asyncio.timeout(10):
            while await bluez.device(address, "RSSI") is None:
                await asyncio.sleep(0.1)
        await self.call(ADAPTER, "Adapter1", "StopDiscovery")

    async def connect(self, bluez: BlueZ, address: str) -> None:
        """Find a device and connect it. What it does then is its own affair, and may make the call fail."""
        await self.find(bluez, address)
        await self.connect_known(address)

    async def connect_known(self, address: str) -> None:
        """Connect a device that BlueZ knows."""
        await self.call(path_of(address), "Device1", "Connect")

    async def disconnect(self, address: str) -> None:
        """Disconnect a device, if it is connected."""
        await self.call(path_of(address), "Device1", "Disconnect")

    async def advertise(self) -> None:
        """Let others connect the gateway, for as long as this program runs."""
        self._bus.add_message_handler(_describe_advertisement)
        manager = "LEAdvertisingManager1"
        answer = await self.call(ADAPTER, manager, "RegisterAdvertisement", "oa{sv}", ADVERTISEMENT, {})
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body


def _describe_advertisement(message: Message) -> Message | None:
    if (message.path, message.member) != (ADVERTISEMENT, "GetAll"):
        return None
    return Message.new_method_return(message, "a{sv}", [{"Type": Variant("s", "peripheral")}])

# SPDX-License-Identifier: Apache-2.0
"""What bluetoothd asks its agents, seen on the bus rather than told by the one who is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

from gateway.bluez import path_of

AGENT = "org.bluez.Agent1"
BUS = "org.freedesktop.DBus"


class Witness:
    """It sees every call of an agent. Digits are not kept."""

    def __init__(self, monitor: MessageBus, other: MessageBus) -> None:
        self._other = other
        # The path of a device, and what was asked about it.
        self._calls: list[tuple[str, str]] = []
        self._marks = asyncio.Semaphore(0)
        monitor.add_message_handler(self._received)

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Self]:
        monitor, other = [await MessageBus(bus_type=BusType.SYSTEM).connect() for _ in range(2)]
        try:
            witness = cls(monitor, other)
            rules = [f"type='method_call',interface='{AGENT}'", f"type='method_call',sender='{other.unique_name}'"]
            await _call(monitor, f"{BUS}.Monitoring", "BecomeMonitor", "asu", rules, 0)
            yield witness
        finally:
            monitor.disconnect()
            other.disconnect()

    async def agent_calls(self, address: str) -> list[str]:
        """What agents were asked about a device until now, oldest first."""
        # The bus keeps the order: once this call is seen, everything before it has been.
        await _call(self._other, BUS, "GetId")
        await self._marks.acquire()
        return [member for path, member in self._calls if path == path_of(address)]

    def _received(self, message: Message) -> bool:
        if message.message_type is not MessageType.METHOD_CALL:
            return False
        if message.interface == AGENT and message.body:
            self._calls.append((str(message.body[0]), str(message.member)))
        elif message.sender == self._other.unique_name:
            self._marks.release()
        # A monitor that answers is disconnected.
        return True


async def _call(bus: MessageBus, interface: str, member: str, signature: str = "", *body: object) -> None:
    async with asyncio.timeout(20):
        message = Message(BUS, "/org/freedesktop/DBus", interface, member, signature=signature, body=list(body))
        answer = await bus.call(message)
    assert answer is not None and answer.message_type is MessageType.METHOD_RETURN, answer

# SPDX-License-Identifier: Apache-2.0
"""pairingd as a program on the bus uses it: no process for each call, and signals in the place of polling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from gateway.programs import MANAGER, SERVICE

OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
BUS = "org.freedesktop.DBus"

# Seconds. Longer than any pairing of the lab: the radio protocol gives up after 30, and the machine may be slow.
PATIENCE = 60.0


class Client:
    """A program with one connection, which knows all objects of pairingd and hears what becomes of them."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._changed = asyncio.Event()
        # By path: the properties of the one interface that an object has.
        self.objects: dict[str, dict[str, Any]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Self]:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        try:
            client = cls(bus)
            bus.add_message_handler(client._received)
            rule = f"type='signal',sender='{SERVICE}'"
            await client.ask_bus(BUS, "AddMatch", "s", rule)
            (objects,) = await client.call(MANAGER, OBJECT_MANAGER, "GetManagedObjects")
            for path, interfaces in objects.items():
                client._add(path, interfaces)
            yield client
        finally:
            bus.disconnect()

    async def call(self, path: str, interface: str, member: str, signature: str = "", *body: object) -> list[Any]:
        """Call a method of pairingd; an interface without a dot is one of its own."""
        name = interface if "." in interface else f"{SERVICE}.{interface}"
        return await self._call(SERVICE, path, name, member, signature, *body)

    async def ask_bus(self, interface: str, member: str, signature: str = "", *body: object) -> list[Any]:
        """Call a method of the bus itself."""
        return await self._call(BUS, "/org/freedesktop/DBus", interface, member, signature, *body)

    async def pair(self, address: str) -> str:
        """Begin to pair; the path of the pairing."""
        (path,) = await self.call(MANAGER, "Manager1", "Pair", "sa{sv}", address, {})
        return str(path)

    async def forget(self, address: str) -> None:
        await self.call(MANAGER, "Manager1", "Forget", "s", address)

    def device(self, address: str) -> dict[str, Any]:
        """The properties of a device; none where pairingd does not show it."""
        devices = [each for path, each in self.objects.items() if path.startswith(f"{MANAGER}/device/")]
        return next((each for each in devices if each.get("Address") == address), {})

    def pairings(self, **properties: object) -> list[dict[str, Any]]:
        """The pairings that have these properties, oldest first."""
        paths = [path for path in self.objects if path.startswith(f"{MANAGER}/pairing/")]
        found = [self.objects[path] for path in sorted(paths, key=lambda path: int(path.rsplit("/", 1)[1]))]
        return [each for each in found if properties.items() <= each.items()]

    async def disconnected(self, address: str) -> None:
        """Wait until a device has no link, or is not known at all."""

        def connected() -> list[str]:
            objects = self.objects.items()
            return [path for path, each in objects if each.get("Address") == address and each.get("Connected")]

        await self.until(lambda: not connected())

    async def result(self, pairing: str) -> dict[str, Any]:
        """The properties of a pairing once it is done."""
        await self.until(lambda: self.objects.get(pairing, {}).get("State") == "done")
        return self.objects[pairing]

    async def request(self, pairing: str) -> tuple[str, dict[str, Any]] | None:
        """The open request of a pairing as soon as there is one, with its path; None if it is done without."""

        def waiting() -> list[tuple[str, dict[str, Any]]]:
            return [
                (path, properties)
                for path, properties in self.objects.items()
                if properties.get("Pairing") == pairing and properties["State"] == "open"
            ]

        await self.until(lambda: waiting() or self.objects.get(pairing, {}).get("State") == "done")
        return next(iter(waiting()), None)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until the objects are so."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def _call(
        self, destination: str, path: str, interface: str, member: str, signature: str = "", *body: object
    ) -> list[Any]:
        message = Message(destination, path, interface, member, signature=signature, body=list(body))
        async with asyncio.timeout(PATIENCE):
            answer = await self._bus.call(message)
        assert answer is not None
        assert answer.message_type is MessageType.METHOD_RETURN, (member, answer.error_name, answer.body)
        return list(answer.body)

    def _received(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        match message.member:
            case "InterfacesAdded":
                self._add(*message.body)
            case "InterfacesRemoved":
                self.objects.pop(message.body[0], None)
            case "PropertiesChanged":
                _, changed, _ = message.body
                self.objects.setdefault(str(message.path), {}).update(_plain(changed))
        self._changed.set()

    def _add(self, path: str, interfaces: dict[str, dict[str, Variant]]) -> None:
        own = [properties for name, properties in interfaces.items() if name.startswith(f"{SERVICE}.")]
        self.objects[path] = {name: value for properties in own for name, value in _plain(properties).items()}


def _plain(properties: dict[str, Variant]) -> dict[str, Any]:
    return {name: variant.value for name, variant in properties.items()}

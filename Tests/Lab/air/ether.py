# SPDX-License-Identifier: Apache-2.0
"""The medium, with the gateway's controller on one side and the peripherals on the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from bumble.transport import open_transport
from bumble.transport.common import StreamPacketSink, Transport

from air import quirks
from air.central import Central
from air.link import Link
from air.peripheral import Peripheral
from air.traits import Traits

GATEWAY_ADDRESS = "00:1B:DC:06:07:08"

Device = TypeVar("Device", bound=Peripheral)


class Air:
    """Open it, and the kernel has a Bluetooth controller; add peripherals, and it can find them."""

    def __init__(self) -> None:
        self._link = Link()
        self._plugged: tuple[Transport, quirks.Controller] | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Air]:
        air = cls()
        await air.plug()
        try:
            yield air
        finally:
            if air.is_plugged:
                await air.unplug()

    @property
    def is_plugged(self) -> bool:
        return self._plugged is not None

    async def plug(self) -> None:
        """Give the kernel a controller, as when a USB stick is put in."""
        assert self._plugged is None
        transport = await open_transport("vhci")
        assert isinstance(transport.sink, StreamPacketSink)
        controller = quirks.Controller(
            "gateway",
            host_source=transport.source,
            host_sink=quirks.Sink(transport.sink.transport.get_extra_info("pipe").fileno()),
            link=self._link,
            public_address=GATEWAY_ADDRESS,
        )
        self._plugged = transport, controller

    async def unplug(self) -> None:
        """Take the controller away from one moment to the next; what is connected notices after a while."""
        assert self._plugged is not None
        (transport, controller), self._plugged = self._plugged, None
        # What it still has to say reaches nobody.
        controller.hci_sink = None
        await transport.close()
        controller.leave()
        for connection in list(controller.le_connections.values()):
            self._link.lose(connection)

    def inject(self, packet: bytes) -> None:
        """Give the kernel a packet, with its type before it, as if the controller had thought of it."""
        assert self._plugged is not None
        sink = self._plugged[1].hci_sink
        assert sink is not None
        sink.on_packet(packet)

    @asynccontextmanager
    async def add(self, traits: Traits) -> AsyncIterator[Peripheral]:
        """A peripheral, on the air for as long as the block lasts."""
        async with _on_the_air(Peripheral(traits, self._link)) as peripheral:
            yield peripheral

    @asynccontextmanager
    async def add_central(self, traits: Traits) -> AsyncIterator[Central]:
        """A device that connects the gateway, there for as long as the block lasts."""
        async with _on_the_air(Central(traits, self._link, GATEWAY_ADDRESS)) as central:
            yield central


@asynccontextmanager
async def _on_the_air(device: Device) -> AsyncIterator[Device]:
    await device.start()
    try:
        yield device
    finally:
        await device.stop()

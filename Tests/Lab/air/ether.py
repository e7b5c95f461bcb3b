# SPDX-License-Identifier: Apache-2.0
"""The medium, with the gateway's controller on one side and the peripherals on the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from bumble.transport import open_transport

from air import quirks
from air.central import Central
from air.link import Link
from air.peripheral import Peripheral
from air.traits import Traits

GATEWAY_ADDRESS = "00:1B:DC:06:07:08"

Device = TypeVar("Device", bound=Peripheral)


class Air:
    """Open it, and the kernel has a Bluetooth controller; add peripherals, and it can find them."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Air]:
        link = Link()
        async with await open_transport("vhci") as transport:
            quirks.Controller(
                "gateway",
                host_source=transport.source,
                host_sink=transport.sink,
                link=link,
                public_address=GATEWAY_ADDRESS,
            )
            yield cls(link)

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

# SPDX-License-Identifier: Apache-2.0
"""The medium, with the gateway's controller on one side and the peripherals on the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bumble.transport import open_transport

from air import quirks
from air.link import Link
from air.peripheral import Peripheral
from air.traits import Traits

GATEWAY_ADDRESS = "00:1B:DC:06:07:08"

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
        peripheral = Peripheral(traits, self._link)
        await peripheral.start()
        try:
            yield peripheral
        finally:
            await peripheral.stop()

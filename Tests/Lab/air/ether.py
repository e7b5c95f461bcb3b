# SPDX-License-Identifier: Apache-2.0
"""The medium, with the gateway's controller on one side and the peripherals on the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bumble import controller as bumble_controller
from bumble import hci
from bumble.transport import open_transport

from air import quirks
from air.peripheral import Peripheral
from air.traits import Traits

GATEWAY_ADDRESS = "00:1B:DC:06:07:08"

# Seconds; the kernel asks for 420 ms.
SUPERVISION_TIMEOUT = 0.42


class Ether(quirks.Link):
    """A link on which connections can be lost."""

    def lose(self, connection: bumble_controller.Connection) -> None:
        """Let both ends of the connection run into the supervision timeout."""
        far = self.find_le_controller(connection.peer_address)
        loop = asyncio.get_running_loop()
        loop.call_later(SUPERVISION_TIMEOUT, _time_out, connection.controller, connection.peer_address)
        if far is not None:
            loop.call_later(SUPERVISION_TIMEOUT, _time_out, far, connection.self_address)


def _time_out(controller: bumble_controller.Controller, peer: hci.Address) -> None:
    if connection := controller.le_connections.get(peer):
        controller.on_le_disconnected(connection, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)


class Air:
    """Open it, and the kernel has a Bluetooth controller; add peripherals, and it can find them."""

    def __init__(self, link: Ether) -> None:
        self._link = link

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Air]:
        link = Ether()
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

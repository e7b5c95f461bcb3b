# SPDX-License-Identifier: Apache-2.0
"""A device that connects the gateway by itself, as a phone does."""

from __future__ import annotations

import asyncio

from bumble import core, hci

from air.link import Link
from air.peripheral import Peripheral
from air.traits import Traits


class Central(Peripheral):
    """It advertises nothing. The gateway has to advertise, which is another program's doing."""

    def __init__(self, traits: Traits, link: Link, gateway: str) -> None:
        super().__init__(traits, link)
        self._gateway = hci.Address(gateway, hci.Address.PUBLIC_DEVICE_ADDRESS)

    async def start(self) -> None:
        await self.device.power_on()

    async def advertise(self) -> None:
        pass

    async def connect(self) -> None:
        """Connect the gateway, unless that is done."""
        if self.device.connections:
            return
        own = hci.OwnAddressType.PUBLIC if self.traits.public else hci.OwnAddressType.RANDOM
        await self.device.connect(self._gateway, own_address_type=own)

    async def encrypt(self) -> bool:
        """Connect the gateway and encrypt the link with the bond that there is; False when that fails."""
        await self.connect()
        (connection,) = self.device.connections.values()
        try:
            await connection.encrypt()
        except hci.HCI_Error:
            return False
        return True

    async def pair(self) -> bool:
        """Connect the gateway and pair with it; False when that fails."""
        await self.connect()
        (connection,) = self.device.connections.values()
        try:
            await connection.pair()
        except core.ProtocolError:
            return False
        except asyncio.CancelledError:
            # How Bumble says that the link ended; a caller that is cancelled is another matter.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return False
        return True

# SPDX-License-Identifier: Apache-2.0
"""BR/EDR: a second controller for the gateway, and phones, headsets and keyboards around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bumble import core, device, hci, host, pairing
from bumble.keys import MemoryKeyStore
from bumble.transport import open_transport
from bumble.transport.common import AsyncPipeSink

from air.classic_controller import Controller, Link
from air.protocol import IOCapability
from air.traits import COMPLETE_NAME

GATEWAY_ADDRESS = "00:1B:DC:06:07:09"

# Keypress notifications.
KEY_STARTED, KEY_DIGIT = 0, 1


@dataclass(frozen=True)
class Traits:
    """A BR/EDR device. `dataclasses.replace` makes a relative of one."""

    name: str
    address: str
    class_of_device: int
    io_capability: IOCapability = IOCapability.DisplayYesNo
    mitm: bool = True
    # Without it, both sides need the same PIN code.
    simple_pairing: bool = True
    # Its PIN code; none: what is typed.
    pin: str | None = None


class Device:
    """One device, and the person who holds it. `Air.add` makes it and puts it on the air."""

    def __init__(self, traits: Traits, link: Link) -> None:
        self.traits = traits
        # Does the person say that the numbers are equal?
        self.agrees = True
        self._shown: asyncio.Queue[str] = asyncio.Queue()
        self._typed: asyncio.Queue[str] = asyncio.Queue()
        self.controller = Controller(
            traits.name, link=link, public_address=traits.address, simple_pairing=traits.simple_pairing
        )
        self.controller.class_of_device = traits.class_of_device
        name = traits.name.encode()
        self.controller.inquiry_response = (bytes([len(name) + 1, COMPLETE_NAME]) + name).ljust(240, b"\0")
        self.device = device.Device(
            config=device.DeviceConfiguration(
                name=traits.name,
                class_of_device=traits.class_of_device,
                le_enabled=False,
                classic_enabled=True,
                classic_ssp_enabled=traits.simple_pairing,
                classic_sc_enabled=False,
                classic_smp_enabled=False,
                connectable=True,
                discoverable=True,
            ),
            host=host.Host(self.controller, AsyncPipeSink(self.controller)),
        )
        self.device.pairing_config_factory = lambda _: pairing.PairingConfig(
            sc=False, mitm=traits.mitm, bonding=True, delegate=_Person(self)
        )
        self.forget_bonds()

    async def shown(self) -> str:
        """The next digits that its display shows."""
        return await self._shown.get()

    def type(self, digits: str) -> None:
        """Type digits, now or when it asks for them."""
        self._typed.put_nowait(digits)

    async def press(self, key: int) -> None:
        """Tell the gateway of a key, while a passkey is typed."""
        for connection in self.device.connections.values():
            await self.device.host.send_sync_command(
                hci.HCI_Send_Keypress_Notification_Command(bd_addr=connection.peer_address, notification_type=key)
            )

    async def pair(self) -> bool:
        """Connect the gateway and pair with it; False when that fails."""
        gateway = hci.Address(GATEWAY_ADDRESS, hci.Address.PUBLIC_DEVICE_ADDRESS)
        connection = await self.device.connect(gateway, transport=core.PhysicalTransport.BR_EDR)
        try:
            await connection.authenticate()
            await connection.encrypt()
        except hci.HCI_Error:
            return False
        return True

    async def hang_up(self) -> None:
        for connection in list(self.device.connections.values()):
            await connection.disconnect()

    def forget_bonds(self) -> None:
        self.device.keystore = MemoryKeyStore()


class _Person(pairing.PairingDelegate):
    """Who looks at the display and types: what a test told the device."""

    def __init__(self, owner: Device) -> None:
        # Bumble answers for a PIN code only with a keyboard.
        capability = owner.traits.io_capability if owner.traits.simple_pairing else IOCapability.KeyboardOnly
        super().__init__(pairing.PairingDelegate.IoCapability(capability))
        self._owner = owner

    async def compare_numbers(self, number: int, digits: int) -> bool:
        await self.display_number(number, digits)
        return self._owner.agrees

    async def display_number(self, number: int, digits: int) -> None:
        self._owner._shown.put_nowait(f"{number:0{digits}}")

    async def get_number(self) -> int | None:
        return int(await self._owner._typed.get())

    async def get_string(self, max_length: int) -> str | None:
        return self._owner.traits.pin or await self._owner._typed.get()


class Air:
    """Open it, and the kernel has another controller, for BR/EDR too; add devices, and it can find them."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Air]:
        link = Link()
        async with await open_transport("vhci") as transport:
            Controller(
                "gateway",
                host_source=transport.source,
                host_sink=transport.sink,
                link=link,
                public_address=GATEWAY_ADDRESS,
            )
            yield cls(link)

    @asynccontextmanager
    async def add(self, traits: Traits) -> AsyncIterator[Device]:
        """A device, on the air for as long as the block lasts."""
        device = Device(traits, self._link)
        await device.device.power_on()
        try:
            yield device
        finally:
            await device.hang_up()
            device.controller.leave()

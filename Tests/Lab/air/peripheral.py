# SPDX-License-Identifier: Apache-2.0
"""A peripheral on the air, and the person who holds it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bumble import device, hci, host, pairing, smp
from bumble.keys import MemoryKeyStore
from bumble.transport.common import AsyncPipeSink

from air import quirks
from air.link import Link
from air.protocol import Code, Direction
from air.reactions import Reaction
from air.tape import PDU, Tape
from air.traits import Traits

# Milliseconds. Fast enough to be found at once, slow enough for an emulated machine.
ADVERTISING_INTERVAL = 200

SMP_CHANNEL = 0x0006


class Peripheral:
    """One device. `air.Air.add` makes it and puts it on the air."""

    def __init__(self, traits: Traits, link: Link) -> None:
        self.traits = traits
        self.tape = Tape()
        # Does the person say that the numbers are equal?
        self.agrees = True
        self._shown: asyncio.Queue[str] = asyncio.Queue()
        self._typed: asyncio.Queue[str] = asyncio.Queue()
        self._once: dict[Code, list[Reaction]] = {}
        self._always: dict[Code, Reaction] = {}
        self._link = link

        kind = hci.Address.PUBLIC_DEVICE_ADDRESS if traits.public else hci.Address.RANDOM_DEVICE_ADDRESS
        self.address = hci.Address(traits.address, kind)
        self.controller = quirks.Controller(
            str(traits.name), link=link, public_address=self.address if traits.public else None
        )
        configuration = device.DeviceConfiguration(
            name=traits.name_bytes.decode(errors="replace"),
            irk=secrets.token_bytes(16),
            advertising_interval_min=ADVERTISING_INTERVAL,
            advertising_interval_max=ADVERTISING_INTERVAL,
            le_privacy_enabled=traits.private,
        )
        if not traits.public:
            configuration.address = self.address
        self.device = quirks.Device(
            config=configuration,
            host=host.Host(self.controller, AsyncPipeSink(self.controller)),
        )
        self.device.smp_manager = _Manager(self)
        self.device.on(device.Device.EVENT_CONNECTION, self._connected)

    # What a test does with it.

    async def shown(self) -> str:
        """The next digits that its display shows, or that it offers for comparison."""
        return await self._shown.get()

    def type(self, digits: str) -> None:
        """Type digits, now or when it asks for them."""
        self._typed.put_nowait(digits)

    def when_next(self, code: Code, *reactions: Reaction) -> None:
        """React like this to the next PDU of this kind; with several reactions, to as many, in turn."""
        self._once.setdefault(code, []).extend(reactions)

    def whenever(self, code: Code, reaction: Reaction) -> None:
        """React like this to every PDU of this kind."""
        self._always[code] = reaction

    def withhold_services(self) -> None:
        """Leave every question about services without an answer: a device that takes its time."""
        self.device.gatt_server.on_gatt_pdu = lambda *_: None  # type: ignore[method-assign]

    async def be_reset(self) -> None:
        """As after a factory reset: no bond, and no misbehaviour that was asked for before."""
        self._once.clear()
        self._always.clear()
        vars(self.device.gatt_server).pop("on_gatt_pdu", None)
        await self.forget_bonds()

    @property
    def is_there(self) -> bool:
        """It has not vanished, or has come back."""
        return self.controller in self._link.controllers

    @property
    def connected(self) -> bool:
        return bool(self.controller.le_connections)

    def request_security(self) -> None:
        """Send a Security Request on the link that is up."""
        wanted = self.traits.auth_req if self.traits.asks_for is None else self.traits.asks_for
        self.send(bytes([Code.SECURITY_REQUEST, wanted]))

    def send(self, pdu: bytes) -> None:
        """Send a PDU of the Security Manager Protocol, whatever the pairing is at."""
        for connection in self.device.connections.values():
            self._transmit(connection, pdu)

    def send_failure(self, reason: int) -> None:
        self.send(bytes([Code.PAIRING_FAILED, reason]))

    def hang_up(self, reason: int = hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR) -> None:
        """Disconnect, for this reason."""
        for connection in list(self.controller.le_connections.values()):
            self.controller.terminate(connection, hci.HCI_ErrorCode(reason))

    def vanish(self) -> None:
        """Leave the link layer without a word. Both sides notice after the supervision timeout."""
        self.controller.leave()
        for connection in list(self.controller.le_connections.values()):
            self._link.lose(connection)

    async def come_back(self) -> None:
        """Return after `vanish`."""
        self._link.add_controller(self.controller)
        await self.advertise()

    async def change(self, **changes: Any) -> None:
        """Become somewhat different, as when a button is pressed: what is advertised changes at once."""
        self.traits = replace(self.traits, **changes)
        if not self.connected:
            await self.advertise()

    async def forget_bonds(self) -> None:
        self.device.keystore = MemoryKeyStore()

    # How it works.

    async def start(self) -> None:
        await self.device.power_on()
        await self.advertise()

    async def stop(self) -> None:
        self.hang_up()
        # The gateway shall have seen the end of the link before the controller is gone.
        await asyncio.sleep(0.05)
        self.controller.leave()

    async def advertise(self) -> None:
        kind = hci.OwnAddressType.PUBLIC if self.traits.public else hci.OwnAddressType.RANDOM
        await self.device.start_advertising(
            own_address_type=kind,
            advertising_data=self.traits.advertising_data,
            scan_response_data=self.traits.scan_response,
        )

    def _connected(self, connection: device.Connection) -> None:
        self.tape.connections += 1
        connection.on(device.Connection.EVENT_DISCONNECTION, self._disconnected)
        if self.traits.asks_first:
            self.request_security()

    def _disconnected(self, _reason: int) -> None:
        # Bumble's own restart of advertising is not reliable: the state of the old one is in its way.
        if self.is_there:
            asyncio.get_running_loop().create_task(self.advertise())

    def _received(self, pdu: bytes, proceed: Callable[[], None]) -> None:
        self.tape.add(PDU(Direction.SENT, pdu))
        code = Code(pdu[0])
        if waiting := self._once.get(code):
            waiting.pop(0)(self, proceed)
        elif reaction := self._always.get(code):
            reaction(self, proceed)
        else:
            proceed()

    def _transmit(self, connection: device.Connection, pdu: bytes) -> None:
        self.tape.add(PDU(Direction.RECEIVED, pdu))
        connection.send_l2cap_pdu(SMP_CHANNEL, pdu)

    def _pairing_config(self, _connection: device.Connection) -> pairing.PairingConfig:
        kind = pairing.PairingConfig.AddressType
        return pairing.PairingConfig(
            sc=self.traits.secure_connections,
            mitm=self.traits.mitm,
            bonding=self.traits.bonding,
            delegate=_Person(self),
            # Left to itself, Bumble names an identity address that the kernel rejects ("ignoring IRK with
            # invalid identity address").
            identity_address_type=kind.PUBLIC if self.traits.public else kind.RANDOM,
        )


class _Manager(quirks.Manager):
    """Puts every PDU on the tape, and lets the peripheral's reactions have their way."""

    def __init__(self, peripheral: Peripheral) -> None:
        super().__init__(peripheral.device, peripheral._pairing_config)
        self.session_proxy = quirks.Session
        self._peripheral = peripheral

    def on_smp_pdu(self, connection: device.Connection, pdu: bytes) -> None:
        handle = super().on_smp_pdu
        self._peripheral._received(pdu, lambda: handle(connection, pdu))

    def send_command(self, connection: device.Connection, command: smp.SMP_Command) -> None:
        self._peripheral._transmit(connection, bytes(command))


class _Person(pairing.PairingDelegate):
    """Who looks at the display and types: what a test told the peripheral."""

    def __init__(self, peripheral: Peripheral) -> None:
        keys = pairing.PairingDelegate.KeyDistribution(peripheral.traits.keys)
        capability = pairing.PairingDelegate.IoCapability(peripheral.traits.io_capability)
        super().__init__(capability, keys, keys, peripheral.traits.key_size)
        self._peripheral = peripheral

    async def generate_passkey(self) -> int:
        digits = self._peripheral.traits.passkey
        return quirks.Passkey(digits if digits is not None else secrets.randbelow(1_000_000))

    async def display_number(self, number: int, digits: int) -> None:
        self._peripheral._shown.put_nowait(f"{number:0{digits}}")

    async def get_number(self) -> int | None:
        return quirks.Passkey(await self._peripheral._typed.get())

    async def compare_numbers(self, number: int, digits: int) -> bool:
        self._peripheral._shown.put_nowait(f"{number:0{digits}}")
        return self._peripheral.agrees

# SPDX-License-Identifier: Apache-2.0
"""All pairs of IO capabilities, in both generations of pairing: what the specification says is what comes of them.

The expected association model is written down here from the Core Specification, Volume 3, Part H, 2.3.5.1, Table 2.8.
What came of a pair is taken from the bus (whom bluetoothd asked what), from the files of bluetoothd (which key the
kernel gave it), and from what happened on the device; and pairingd has to say the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from air import Air, IOCapability, Peripheral, Traits
from gateway.bluez import BlueZ
from gateway.client import Client
from gateway.journal import records
from gateway.programs import Pairingd, pairingd
from gateway.witness import Witness
from scenarios.rules import rule

pytestmark = pytest.mark.full


class Model(Enum):
    """How the two sides make sure of each other. Our side is the initiator in all of these pairings."""

    JUST_WORKS = "Just Works"
    NUMERIC_COMPARISON = "Numeric Comparison"
    INITIATOR_DISPLAYS = "Passkey Entry: initiator displays, responder inputs"
    RESPONDER_DISPLAYS = "Passkey Entry: responder displays, initiator inputs"
    BOTH_INPUT = "Passkey Entry: initiator and responder input"


JW, NC, ID, RD, BI = Model

# Table 2.8. A line for each responder, a column for each initiator; both in the order of IOCapability, which is DisplayOnly,
# DisplayYesNo, KeyboardOnly, NoInputNoOutput, KeyboardDisplay.
LEGACY = [
    [JW, JW, RD, JW, RD],
    [JW, JW, RD, JW, RD],
    [ID, ID, BI, JW, ID],
    [JW, JW, JW, JW, JW],
    [ID, ID, RD, JW, ID],
]
SECURE_CONNECTIONS = [
    [JW, JW, RD, JW, RD],
    [JW, NC, RD, JW, NC],
    [ID, ID, BI, JW, ID],
    [JW, JW, JW, JW, JW],
    [ID, NC, RD, JW, NC],
]

# What an initiator's agent is asked, and what kind of request that is.
QUESTIONS = {
    Model.JUST_WORKS: None,
    Model.NUMERIC_COMPARISON: ("RequestConfirmation", "confirmation"),
    Model.INITIATOR_DISPLAYS: ("DisplayPasskey", "passkey-display"),
    Model.RESPONDER_DISPLAYS: ("RequestPasskey", "passkey-entry"),
    Model.BOTH_INPUT: ("RequestPasskey", "passkey-entry"),
}

# Octets; what both sides of the lab offer.
KEY_SIZE = 16

# What no device shows, and both people know.
AGREED = 271828


@dataclass(frozen=True)
class Pair:
    """Two capabilities, and the generation of pairing that the responder is capable of."""

    initiator: IOCapability
    responder: IOCapability
    secure_connections: bool

    @property
    def model(self) -> Model:
        table = SECURE_CONNECTIONS if self.secure_connections else LEGACY
        return table[self.responder][self.initiator]

    def __str__(self) -> str:
        generation = "secure-connections" if self.secure_connections else "legacy"
        return f"{generation}-{self.initiator.name}-{self.responder.name}"

    def device(self, floor: Floor) -> Traits:
        """A responder whose name says which rule it is for. None has an address twice: BlueZ remembers names."""
        number = list(Floor).index(floor)
        return Traits(
            name=floor.device_name(self.initiator),
            address=f"C4:00:{number:02X}:{self.secure_connections:02X}:{self.initiator:02X}:{self.responder:02X}",
            io_capability=self.responder,
            secure_connections=self.secure_connections,
            mitm=True,
        )


class Floor(Enum):
    """What a rule demands, and the name of its devices."""

    NONE = ("Plain", "")
    AUTHENTICATED = ("Strict", 'security = "authenticated"')
    SECURE_CONNECTIONS = ("Modern", "secure-connections = true")

    def device_name(self, capability: IOCapability) -> str:
        return f"{self.value[0]} {capability.name}"

    def rule(self, capability: IOCapability) -> str:
        ask = {question: '"ask"' for question in ("authorization", "confirmation", "passkey")}
        return rule(self.device_name(capability), capability, self.value[1], **ask)

    def can_be_written(self, capability: IOCapability) -> bool:
        """Without input and output nothing is ever authenticated, and the rule's file is refused."""
        return (self, capability) != (Floor.AUTHENTICATED, IOCapability.NoInputNoOutput)


PAIRS = [
    Pair(initiator, responder, secure_connections)
    for secure_connections in (True, False)
    for initiator in IOCapability
    for responder in IOCapability
]
TOO_WEAK = [
    (Floor.AUTHENTICATED, pair)
    for pair in PAIRS
    if pair.model is Model.JUST_WORKS and Floor.AUTHENTICATED.can_be_written(pair.initiator)
] + [(Floor.SECURE_CONNECTIONS, pair) for pair in PAIRS if not pair.secure_connections]


@dataclass(frozen=True)
class Gateway:
    """One daemon for all pairs, with a rule for each capability and each floor; and who watches it."""

    daemon: Pairingd
    client: Client
    witness: Witness

    async def pair(self, device: Peripheral, model: Model) -> dict[str, Any]:
        """Pair, with people on both sides who do what the model needs; the properties of the pairing in the end."""
        pairing = await self.client.pair(device.traits.address)
        waiting = await self.client.request(pairing)
        if waiting is not None:
            await self._answer(*waiting, device, model)
        return await self.client.result(pairing)

    async def forget(self, device: Peripheral) -> None:
        # bluetoothd would take two seconds to end the link by itself (src/device.c, DISCONNECT_TIMER).
        device.hang_up()
        await self.client.disconnected(device.traits.address)
        await self.client.forget(device.traits.address)

    async def _answer(self, path: str, request: dict[str, Any], device: Peripheral, model: Model) -> None:
        question = QUESTIONS[model]
        assert question is not None, f"Just Works asks nobody, but there is a request: {request}"
        assert request["Kind"] == question[1], request
        call = self.client.call
        match model:
            case Model.NUMERIC_COMPARISON:
                (digits,) = await call(path, "Request1", "Reveal")
                assert digits == await device.shown(), "the numbers are different"
                await call(path, "Request1", "Accept")
            case Model.INITIATOR_DISPLAYS:
                (digits,) = await call(path, "Request1", "Reveal")
                device.type(digits)
            case Model.RESPONDER_DISPLAYS:
                await call(path, "Request1", "EnterPasskey", "u", int(await device.shown()))
            case Model.BOTH_INPUT:
                device.type(str(AGREED))
                await call(path, "Request1", "EnterPasskey", "u", AGREED)


@pytest.fixture(scope="module")
async def gateway(bluetoothd: BlueZ, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    rules = [
        floor.rule(capability) for floor in Floor for capability in IOCapability if floor.can_be_written(capability)
    ]
    folder = tmp_path_factory.mktemp("every-pair")
    async with Witness.open() as witness, pairingd(folder, *rules) as daemon, Client.open() as client:
        yield Gateway(daemon, client, witness)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
async def test_a_pair_reaches_what_the_specification_says(
    air: Air, bluetoothd: BlueZ, gateway: Gateway, pair: Pair
) -> None:
    async with air.add(pair.device(Floor.NONE)) as device:
        address = device.traits.address
        pairing = await gateway.pair(device, pair.model)
        assert pairing["Result"] == "paired", pairing
        # On the air.
        assert device.tape.request.io_capability is pair.initiator
        assert device.tape.response.io_capability is pair.responder
        # In BlueZ.
        is_authenticated = pair.model is not Model.JUST_WORKS
        assert await bluetoothd.bonded(address)
        assert bluetoothd.stored_key(address) == (is_authenticated, pair.secure_connections, KEY_SIZE)
        question = QUESTIONS[pair.model]
        assert await gateway.witness.agent_calls(address) == ([question[0]] if question else [])
        # In pairingd.
        assert pairing["Security"] == ("authenticated" if is_authenticated else "encrypted"), pairing
        assert pairing["SecureConnections"] == ("yes" if pair.secure_connections else "no"), pairing
        assert pairing["KeySize"] == KEY_SIZE, pairing
        assert await kinds_in_the_journal(gateway, address) == ([question[1]] if question else [])
        await gateway.forget(device)


@pytest.mark.parametrize(("floor", "pair"), TOO_WEAK, ids=lambda value: getattr(value, "name", str(value)))
async def test_a_pair_below_the_floor_is_undone(
    air: Air, bluetoothd: BlueZ, gateway: Gateway, floor: Floor, pair: Pair
) -> None:
    async with air.add(pair.device(floor)) as device:
        address = device.traits.address
        pairing = await gateway.pair(device, pair.model)
        assert pairing["Result"] == "too-weak", pairing
        assert (pairing["Security"], pairing["SecureConnections"], pairing["KeySize"]) == ("unknown", "unknown", 0)
        assert not await bluetoothd.bonded(address)
        assert bluetoothd.stored_key(address) is None
        # The device had thought itself paired.
        assert device.tape.response.io_capability is pair.responder


async def kinds_in_the_journal(gateway: Gateway, address: str) -> list[str]:
    """The kinds of the requests that were opened for a device, as journald has them."""
    written = [entry for entry in await records(gateway.daemon.pid) if entry.get("PAIRINGD_DEVICE") == address]
    assert [entry["PAIRINGD_RESULT"] for entry in written if "PAIRINGD_RESULT" in entry] == ["paired"]
    return [entry["PAIRINGD_KIND"] for entry in written if "waits for an answer" in entry["MESSAGE"]]

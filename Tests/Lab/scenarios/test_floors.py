# SPDX-License-Identifier: Apache-2.0
"""What a rule demands of the keys, of the bond, and of who asks."""

from __future__ import annotations

import asyncio

import pytest

from air import Air, IOCapability, cuff, meter, stranger
from gateway.bluez import BlueZ
from gateway.journal import record
from gateway.other import OtherProgram
from gateway.programs import pairingctl
from scenarios.conftest import Start
from scenarios.rules import CUFF, rule

FLOOR = 'security = "authenticated"\nsecure-connections = true'


async def test_just_works_below_the_floor_is_undone_before_it_is_told(air: Air, bluez: BlueZ, start: Start) -> None:
    demanding = CUFF.replace('"NoInputNoOutput"', '"KeyboardDisplay"\nsecurity = "authenticated"')
    async with air.add(cuff()) as device, start(demanding) as daemon:
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (1, "too-weak"), outcome
        assert not await bluez.bonded(device.traits.address)
        # It did pair, and only then did it show how weakly.
        assert device.tape.response.io_capability is IOCapability.NoInputNoOutput
        written = await record(daemon.pid, "too-weak", device=device.traits.address)
        assert "Just Works, legacy pairing" in written["PAIRINGD_REASON"]


@pytest.mark.parametrize("secure_connections", [True, False], ids=["secure-connections", "legacy"])
async def test_a_passkey_meets_the_floor_with_secure_connections_only(
    air: Air, bluez: BlueZ, start: Start, secure_connections: bool
) -> None:
    traits = meter(passkey="042137", secure_connections=secure_connections)
    demanding = rule("Meter", IOCapability.KeyboardOnly, FLOOR, passkey='{ value = "042137" }')
    async with air.add(traits) as device, start(demanding) as daemon:
        outcome = await daemon.pair(device.traits.address)
        assert outcome.result == ("paired" if secure_connections else "too-weak"), outcome
        assert await bluez.bonded(device.traits.address) is secure_connections


async def test_a_floor_that_no_pair_of_capabilities_reaches_is_no_rule(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(meter()) as device, start(rule("Meter", IOCapability.NoInputNoOutput, FLOOR)) as daemon:
        (error,) = await daemon.manager("PolicyErrors")
        assert "never reached with io-capability" in error
        outcome = await daemon.pair(device.traits.address)
        assert outcome.result == "rejected-by-policy", outcome
        assert device.tape.connections == 0


async def test_a_bond_for_one_connection_goes_with_it(air: Air, bluez: BlueZ, start: Start) -> None:
    session = CUFF.replace('"NoInputNoOutput"', '"NoInputNoOutput"\nbond = "session"')
    async with air.add(cuff()) as device, start(session) as daemon:
        assert (await daemon.pair(device.traits.address)).result == "paired"
        assert await bluez.bonded(device.traits.address)
        await bluez.disconnect(device.traits.address)
        async with asyncio.timeout(20):
            while await bluez.bonded(device.traits.address):
                await asyncio.sleep(0.1)


async def test_a_peripheral_may_be_forbidden_to_ask_for_security(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    forbidding = rule("Sensor", IOCapability.NoInputNoOutput, "accept-incoming = true", authorization='"accept"')
    forbidding += '\n[repair]\nsecurity-request = "reject"\n'
    async with air.add(stranger(name="Sensor", asks_first=True)) as device, start(forbidding) as daemon:
        await somebody.connect(bluez, device.traits.address)
        written = await record(daemon.pid, "refused by rule", device=device.traits.address)
        assert written["PAIRINGD_DECIDER"] == "rule"
        async with asyncio.timeout(20):
            while await bluez.connected(device.traits.address):
                await asyncio.sleep(0.1)
        assert not await bluez.bonded(device.traits.address)


async def test_an_input_device_is_asked_about_although_its_rule_accepts(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    accepting = rule("Presenter", IOCapability.NoInputNoOutput, "accept-incoming = true", authorization='"accept"')
    traits = stranger(name="Presenter", services=(0x1812,), asks_first=True)
    async with air.add(traits) as device, start(accepting) as daemon:
        await somebody.connect(bluez, device.traits.address)
        request = await daemon.next_request()
        assert request["kind"] == "authorization"
        assert not await bluez.bonded(device.traits.address)
        assert (await pairingctl("approve", str(request["number"]))).status == 0
        async with asyncio.timeout(20):
            while not await bluez.bonded(device.traits.address):
                await asyncio.sleep(0.1)

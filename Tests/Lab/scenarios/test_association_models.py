# SPDX-License-Identifier: Apache-2.0
"""Every way in which two devices can agree on a key, each with the IO capability of the rule.

The default agent's capability is KeyboardDisplay. What the kernel put into its Pairing Request, as the
peripheral received it, shows whose capability was really used.
"""

from __future__ import annotations

import asyncio

import pytest

from air import Air, IOCapability, Peripheral, comparison_lock, keyboard, meter, stranger
from air.protocol import AuthReq
from gateway.bluez import BlueZ
from gateway.programs import Outcome, pairingctl
from scenarios.conftest import Start
from scenarios.rules import rule

both_generations = pytest.mark.parametrize("secure_connections", [True, False], ids=["secure-connections", "legacy"])


async def check(outcome: Outcome, bluez: BlueZ, device: Peripheral, capability: IOCapability) -> None:
    """Paired, bonded in BlueZ, and with the rule's capability on the air."""
    assert (outcome.status, outcome.result) == (0, "paired"), outcome
    assert await bluez.bonded(device.traits.address)
    assert device.tape.request.io_capability is capability
    used_secure_connections = bool(device.tape.response.auth_req & AuthReq.SECURE_CONNECTIONS)
    assert used_secure_connections is device.traits.secure_connections


@both_generations
async def test_just_works_asks_nobody(air: Air, bluez: BlueZ, start: Start, secure_connections: bool) -> None:
    capability = IOCapability.NoInputNoOutput
    sensor = stranger(name="Sensor", secure_connections=secure_connections)
    async with air.add(sensor) as device, start(rule("Sensor", capability)) as daemon:
        await check(await daemon.pair(sensor.address), bluez, device, capability)


@both_generations
async def test_a_fixed_passkey_is_entered_by_the_rule(
    air: Air, bluez: BlueZ, start: Start, secure_connections: bool
) -> None:
    capability = IOCapability.KeyboardOnly
    traits = meter(passkey="042137", secure_connections=secure_connections)
    answer = rule("Meter", capability, passkey='{ value = "042137" }')
    async with air.add(traits) as device, start(answer) as daemon:
        await check(await daemon.pair(traits.address), bluez, device, capability)


@both_generations
async def test_a_passkey_is_entered_by_a_person(
    air: Air, bluez: BlueZ, start: Start, secure_connections: bool
) -> None:
    capability = IOCapability.KeyboardOnly
    traits = meter(secure_connections=secure_connections)
    async with air.add(traits) as device, start(rule("Meter", capability, passkey='"ask"')) as daemon:
        pairing = asyncio.create_task(daemon.pair(traits.address))
        request = await daemon.next_request()
        assert request["kind"] == "passkey-entry"
        entered = await pairingctl("passkey", str(request["number"]), stdin=await device.shown() + "\n")
        assert entered.status == 0, entered.errors
        await check(await pairing, bluez, device, capability)


async def test_a_passkey_is_revealed_and_typed_on_the_device(air: Air, bluez: BlueZ, start: Start) -> None:
    capability = IOCapability.DisplayOnly
    async with air.add(keyboard()) as device, start(rule("Keyboard", capability, passkey='"ask"')) as daemon:
        pairing = asyncio.create_task(daemon.pair(device.traits.address))
        request = await daemon.next_request()
        assert request["kind"] == "passkey-display"
        device.type(await daemon.reveal(request))
        await check(await pairing, bluez, device, capability)


async def test_equal_numbers_are_approved_by_a_person(air: Air, bluez: BlueZ, start: Start) -> None:
    capability = IOCapability.DisplayYesNo
    async with air.add(comparison_lock()) as device, start(rule("Door lock", capability, confirmation='"ask"')) as daemon:
        pairing = asyncio.create_task(daemon.pair(device.traits.address))
        request = await daemon.next_request()
        assert request["kind"] == "confirmation"
        assert await daemon.reveal(request) == await device.shown()
        approved = await pairingctl("approve", str(request["number"]))
        assert approved.status == 0, approved.errors
        await check(await pairing, bluez, device, capability)

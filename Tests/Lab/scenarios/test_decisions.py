# SPDX-License-Identifier: Apache-2.0
"""Who decides, and what becomes of it: the policy, a person, or nobody in time."""

from __future__ import annotations

import asyncio
import time

from air import Air, Code, Direction, IOCapability, comparison_lock, cuff, stranger
from gateway.bluez import BlueZ
from gateway.programs import call, pairingctl
from scenarios.conftest import Start
from scenarios.rules import CUFF, rule

LOCK = rule("Door lock", IOCapability.DisplayYesNo, confirmation='"ask"')


async def test_a_cuff_that_asks_for_security_first_pairs_by_its_rule(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(cuff(asks_first=True)) as device, start(CUFF) as daemon:
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (0, "paired"), outcome
        assert device.tape.of(Code.SECURITY_REQUEST, Direction.RECEIVED)
        assert device.tape.request.io_capability is IOCapability.NoInputNoOutput
        assert await bluez.bonded(device.traits.address)


async def test_a_stranger_is_refused_and_hears_nothing(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(stranger()) as device, start(CUFF) as daemon:
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (1, "rejected-by-policy"), outcome
        assert not device.tape.pdus
        assert device.tape.connections == 0
        assert not await bluez.bonded(device.traits.address)


async def test_a_request_that_nobody_answers_expires(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(comparison_lock()) as device, start(LOCK) as daemon:
        pairing = asyncio.create_task(daemon.pair(device.traits.address))
        await daemon.next_request()
        asked = time.monotonic()
        outcome = await pairing
        assert (outcome.status, outcome.result) == (6, "expired"), outcome
        # 25 s by default, before the radio protocol's own 30.
        assert 20 < time.monotonic() - asked < 30
        assert not await bluez.bonded(device.traits.address)
        assert await daemon.requests() == []


async def test_a_person_rejects(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(comparison_lock()) as device, start(LOCK) as daemon:
        pairing = asyncio.create_task(daemon.pair(device.traits.address))
        request = await daemon.next_request()
        assert (await pairingctl("reject", str(request["number"]))).status == 0
        outcome = await pairing
        assert (outcome.status, outcome.result) == (1, "rejected-by-person"), outcome
        assert not await bluez.bonded(device.traits.address)


async def test_whoever_started_a_pairing_can_cancel_it(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(comparison_lock()) as device, start(LOCK) as daemon:
        pairing = asyncio.create_task(daemon.pair(device.traits.address))
        request = await daemon.next_request()
        await call(request["pairing"], "Pairing1", "Cancel")
        outcome = await pairing
        assert (outcome.status, outcome.result) == (1, "cancelled"), outcome
        assert not await bluez.bonded(device.traits.address)
        assert await daemon.requests() == []


async def test_a_number_that_the_person_at_the_device_refuses_pairs_nothing(
    air: Air, bluez: BlueZ, start: Start
) -> None:
    async with air.add(comparison_lock()) as device, start(LOCK) as daemon:
        device.agrees = False
        pairing = asyncio.create_task(daemon.pair(device.traits.address))
        outcome = await pairing
        assert (outcome.status, outcome.result) == (1, "peer-refused"), outcome
        assert "0x0C" in outcome.reason
        assert not await bluez.bonded(device.traits.address)

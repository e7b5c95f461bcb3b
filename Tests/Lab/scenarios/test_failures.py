# SPDX-License-Identifier: Apache-2.0
"""Pairings that fail: each says why, in time, and stands in nobody's way afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from air import Air, Code, Direction, IOCapability, Peripheral, Reason, comparison_lock, cuff, hang_up, meter, refuse
from air import stay_silent, vanish
from gateway.bluez import BlueZ
from gateway.programs import Pairingd
from scenarios.conftest import Start
from scenarios.rules import CUFF, rule

# Seconds; the radio protocol gives up after 30.
LIMIT = 35

LOCK = rule("Door lock", IOCapability.DisplayYesNo, confirmation='"accept"')


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < LIMIT


async def test_a_wrong_passkey_is_named_and_the_right_one_pairs(air: Air, bluez: BlueZ, start: Start) -> None:
    wrong = rule("Meter", IOCapability.KeyboardOnly, passkey='{ value = "654321" }')
    right = rule("Meter", IOCapability.KeyboardOnly, passkey='{ value = "123456" }')
    async with air.add(meter(passkey="123456")) as device:
        async with start(wrong) as daemon, in_time():
            outcome = await daemon.pair(device.traits.address)
            assert (outcome.status, outcome.result) == (1, "wrong-passkey"), outcome
            assert not await bluez.bonded(device.traits.address)
        async with start(right) as daemon:
            outcome = await daemon.pair(device.traits.address)
            assert outcome.result == "paired", outcome


async def test_a_refusal_comes_with_the_reason_that_the_device_gave(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(cuff()) as device, start(CUFF) as daemon:
        device.when_next(Code.PAIRING_REQUEST, refuse(Reason.UNSPECIFIED))
        async with in_time():
            outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (1, "peer-refused"), outcome
        assert "0x08" in outcome.reason
        await pairs_now(daemon, bluez, device)


async def test_a_device_that_refuses_the_first_attempt_pairs_the_second_time(
    air: Air, bluez: BlueZ, start: Start
) -> None:
    async with air.add(cuff()) as device, start(CUFF) as daemon:
        device.when_next(Code.PAIRING_REQUEST, refuse(Reason.CONFIRM_VALUE_FAILED))
        outcome = await daemon.pair(device.traits.address)
        assert outcome.result == "peer-refused", outcome
        assert "0x04" in outcome.reason
        await pairs_now(daemon, bluez, device)


async def test_a_device_that_vanishes_is_a_lost_connection(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(comparison_lock()) as device, start(LOCK) as daemon:
        device.when_next(Code.PUBLIC_KEY, vanish)
        async with in_time():
            outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (1, "connection-lost"), outcome
        await device.come_back()
        await pairs_now(daemon, bluez, device)


async def test_a_device_that_hangs_up_is_a_lost_connection(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(comparison_lock()) as device, start(LOCK) as daemon:
        device.when_next(Code.PUBLIC_KEY, hang_up)
        async with in_time():
            outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (1, "connection-lost"), outcome
        await pairs_now(daemon, bluez, device)


async def test_bluetoothd_may_die_in_mid_pairing_and_come_back(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(comparison_lock()) as device, start(LOCK) as daemon:
        device.when_next(Code.PUBLIC_KEY, stay_silent)
        async with in_time():
            pairing = asyncio.create_task(daemon.pair(device.traits.address))
            await device.tape.until(Code.PUBLIC_KEY, Direction.SENT)
            await bluez.kill()
            outcome = await pairing
        assert (outcome.status, outcome.result) == (1, "bluez-gone"), outcome
        assert await daemon.manager("BlueZ") == "absent"
        # The link outlives bluetoothd; a device whose user gives up ends it.
        device.hang_up()
        await bluez.start()
        async with asyncio.timeout(10):
            while await daemon.manager("DefaultAgent") != "held":
                await asyncio.sleep(0.1)
        await pairs_now(daemon, bluez, device)


async def pairs_now(daemon: Pairingd, bluez: BlueZ, device: Peripheral) -> None:
    """The next pairing with the same device works."""
    outcome = await daemon.pair(device.traits.address)
    assert (outcome.status, outcome.result) == (0, "paired"), outcome
    assert await bluez.bonded(device.traits.address)

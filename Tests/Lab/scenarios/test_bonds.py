# SPDX-License-Identifier: Apache-2.0
"""Bonds that are there, are not, or shall go."""

from __future__ import annotations

import time

from air import Air, cuff
from gateway.bluez import BlueZ
from gateway.programs import pairingctl
from scenarios.conftest import Start
from scenarios.rules import CUFF


async def test_a_device_that_is_bonded_says_so_at_once(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(cuff()) as device, start(CUFF) as daemon:
        assert (await daemon.pair(device.traits.address)).result == "paired"
        device.tape.clear()
        started = time.monotonic()
        outcome = await daemon.pair(device.traits.address)
        assert outcome.result == "already-bonded", outcome
        assert time.monotonic() - started < 5
        assert not device.tape.pdus


async def test_forget_removes_the_bond_in_bluez(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(cuff()) as device, start(CUFF) as daemon:
        assert (await daemon.pair(device.traits.address)).result == "paired"
        assert await bluez.bonded(device.traits.address)
        forgotten = await pairingctl("forget", device.traits.address)
        assert forgotten.status == 0, forgotten.errors
        assert not await bluez.bonded(device.traits.address)
        # And a new bond can take its place.
        assert (await daemon.pair(device.traits.address)).result == "paired"


async def test_an_address_that_is_not_on_the_air_is_not_found(bluez: BlueZ, start: Start) -> None:
    async with start(CUFF) as daemon:
        outcome = await daemon.pair("00:5F:BF:00:00:99", seconds=20)
        assert outcome.status != 0
        assert outcome.result == "not-found", outcome

# SPDX-License-Identifier: Apache-2.0
"""Devices that pair as soon as they are ready, without anybody who asks for it."""

from __future__ import annotations

import asyncio

import pytest

from air import CUFF_IDLE, CUFF_READY, Air, Code, cuff, delay, stranger
from gateway.bluez import ADAPTER, BlueZ
from gateway.journal import record
from gateway.other import OtherProgram
from gateway.programs import pairingctl
from scenarios.conftest import Start
from scenarios.rules import CUFF

AUTOMATIC = CUFF.replace('"NoInputNoOutput"', '"NoInputNoOutput"\ninitiate = "auto"')
CAREFUL = f"""{AUTOMATIC}
[pairing-mode]
manufacturer-data = {{ company = 0x020E, offset = 1, mask = 0x08, value = 0x08 }}
"""


async def test_a_cuff_pairs_by_itself_once_its_button_is_pressed(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    traits = cuff(manufacturer_data=CUFF_IDLE)
    async with air.add(traits) as device, air.add(stranger()) as other, start(CAREFUL) as daemon:
        # A program that looks for devices all the time, as one that reads cuffs does.
        await somebody.call(ADAPTER, "Adapter1", "StartDiscovery")
        async with asyncio.timeout(20):
            while await bluez.device(traits.address, "RSSI") is None:
                await asyncio.sleep(0.1)
        await asyncio.sleep(3)
        assert device.tape.connections == 0
        await device.change(manufacturer_data=CUFF_READY)
        async with asyncio.timeout(30):
            while not await bluez.bonded(traits.address):
                await asyncio.sleep(0.1)
        written = await record(daemon.pid, "paired", device=traits.address)
        assert written["PAIRINGD_RESULT"] == "paired"
        assert other.tape.connections == 0
        await somebody.call(ADAPTER, "Adapter1", "StopDiscovery")


async def test_a_cuff_that_was_seen_before_pairs_in_the_next_discovery(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    traits = cuff(manufacturer_data=CUFF_IDLE)
    async with air.add(traits) as device, start(CAREFUL):
        await somebody.find(bluez, traits.address)
        await device.change(manufacturer_data=CUFF_READY)
        await somebody.call(ADAPTER, "Adapter1", "StartDiscovery")
        async with asyncio.timeout(30):
            while not await bluez.bonded(traits.address):
                await asyncio.sleep(0.1)
        await somebody.call(ADAPTER, "Adapter1", "StopDiscovery")


@pytest.mark.parametrize(
    "place", ["adapter", pytest.param("window", marks=pytest.mark.full)], ids=["all-the-time", "in-a-window"]
)
async def test_a_cuff_pairs_without_anybody_who_looks_for_it(
    air: Air, bluez: BlueZ, start: Start, place: str
) -> None:
    traits = cuff()
    async with (
        air.add(traits) as device,
        start(AUTOMATIC, configuration=f"[{place}]\ndiscover = true\n") as daemon,
    ):
        # Long enough to look at the adapter meanwhile.
        device.when_next(Code.PAIRING_REQUEST, delay(3))
        if place == "window":
            await asyncio.sleep(2)
            assert not await bluez.get(ADAPTER, "Adapter1", "Discovering")
            await pairingctl("window", "open", "2min")
        async with asyncio.timeout(40):
            await device.tape.until(Code.PAIRING_REQUEST)
        assert not await bluez.get(ADAPTER, "Adapter1", "Discovering")
        async with asyncio.timeout(30):
            while not await bluez.bonded(traits.address):
                await asyncio.sleep(0.1)
        await record(daemon.pid, "paired", device=traits.address)
        await bluez.until(ADAPTER, "Adapter1", "Discovering", True)
        if place == "window":
            await pairingctl("window", "close")
        else:
            daemon.replace_rules(CUFF)
            assert (await pairingctl("reload")).status == 0
        await bluez.until(ADAPTER, "Adapter1", "Discovering", False)

# SPDX-License-Identifier: Apache-2.0
"""`Adapter1.Pairable`, without which the kernel makes no bond: on while something needs it."""

from __future__ import annotations

import asyncio

import pytest

from air import Air, IOCapability, cuff
from air.protocol import AuthReq
from gateway.bluez import ADAPTER, BlueZ
from gateway.journal import record
from gateway.programs import pairingctl
from scenarios.conftest import Start
from scenarios.rules import CUFF, rule

PHONE = rule("Phone", IOCapability.DisplayYesNo, "accept-incoming = true")
NO_BOND = CUFF.replace('"NoInputNoOutput"', '"NoInputNoOutput"\nbond = "none"')

# Seconds for which what happens to a new adapter is BlueZ's own doing.
NEW = 10


async def is_pairable(bluez: BlueZ, value: bool) -> None:
    await bluez.until(ADAPTER, "Adapter1", "Pairable", value)


async def switch(bluez: BlueZ, value: str) -> None:
    """As another program does it."""
    await bluez.set(ADAPTER, "Adapter1", "Pairable", "b", value)


async def test_it_is_on_for_our_own_pairing_only(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(cuff()) as device, start(CUFF) as daemon:
        await is_pairable(bluez, False)
        assert (await daemon.pair(device.traits.address)).result == "paired"
        assert AuthReq.BONDING in device.tape.request.auth_req
        assert await bluez.bonded(device.traits.address)
        await is_pairable(bluez, False)


async def test_it_is_on_in_a_window_and_while_a_rule_lets_others_begin(bluez: BlueZ, start: Start) -> None:
    async with start(CUFF) as daemon:
        await is_pairable(bluez, False)
        await pairingctl("window", "open", "1min")
        await is_pairable(bluez, True)
        await pairingctl("window", "close")
        await is_pairable(bluez, False)
        daemon.replace_rules(CUFF, PHONE)
        assert (await pairingctl("reload")).status == 0
        await is_pairable(bluez, True)
        daemon.replace_rules(CUFF)
        assert (await pairingctl("reload")).status == 0
        await is_pairable(bluez, False)


@pytest.mark.parametrize(
    "others", [(), pytest.param((PHONE,), marks=pytest.mark.full)], ids=["off", "on-for-others"]
)
async def test_a_rule_that_wants_no_bond_makes_none(
    air: Air, bluez: BlueZ, start: Start, others: tuple[str, ...]
) -> None:
    async with air.add(cuff()) as device, start(NO_BOND, *others) as daemon:
        await is_pairable(bluez, bool(others))
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.result, outcome.reason) == ("paired", ""), outcome
        assert AuthReq.BONDING not in device.tape.request.auth_req
        assert await bluez.device(device.traits.address, "Paired")
        assert not await bluez.bonded(device.traits.address)
        assert bluez.stored_key(device.traits.address) is None
        await is_pairable(bluez, bool(others))
        device.hang_up()
        async with asyncio.timeout(20):
            while await bluez.device(device.traits.address, "Paired"):
                await asyncio.sleep(0.1)


@pytest.mark.full
async def test_where_it_is_left_alone_a_rule_that_wants_no_bond_has_one_until_the_link_ends(
    air: Air, bluez: BlueZ, start: Start
) -> None:
    left_alone = "[adapter]\nmanage-pairable = false\n"
    async with air.add(cuff()) as device, start(NO_BOND, configuration=left_alone) as daemon:
        await is_pairable(bluez, True)
        assert (await daemon.pair(device.traits.address)).result == "paired"
        assert await bluez.bonded(device.traits.address)
        device.hang_up()
        async with asyncio.timeout(20):
            while await bluez.bonded(device.traits.address):
                await asyncio.sleep(0.1)


async def test_it_is_left_alone_where_the_settings_say_so(air: Air, bluez: BlueZ, start: Start) -> None:
    async with start(CUFF, configuration="[adapter]\nmanage-pairable = false\n"):
        # A default agent makes adapters pairable.
        await is_pairable(bluez, True)
        await asyncio.sleep(1)
        await is_pairable(bluez, True)
        await switch(bluez, "false")
        await asyncio.sleep(1)
        await is_pairable(bluez, False)


@pytest.mark.full
async def test_who_switches_it_on_is_named_and_gets_its_way_by_insisting(bluez: BlueZ, start: Start) -> None:
    async with start(CUFF) as daemon:
        await is_pairable(bluez, False)
        await asyncio.sleep(NEW + 1)
        await switch(bluez, "true")
        written = await record(daemon.pid, "another program switched Pairable on")
        assert "it is switched back" in written["MESSAGE"]
        assert written["PAIRINGD_DECISION"] == "rejected"
        await is_pairable(bluez, False)
        for _ in range(2):
            await switch(bluez, "true")
            await asyncio.sleep(0.5)
            await is_pairable(bluez, False)
        await switch(bluez, "true")
        await record(daemon.pid, "again and again")
        await asyncio.sleep(50)
        await is_pairable(bluez, True)
        await asyncio.sleep(10)
        await is_pairable(bluez, False)

# SPDX-License-Identifier: Apache-2.0
"""Bonds that another program makes, with an agent of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from dbus_fast import MessageType

from air import Air, cuff, stranger
from gateway.bluez import ADAPTER, BlueZ
from gateway.client import Client
from gateway.journal import record
from scenarios.conftest import Start
from scenarios.rules import CUFF
from scenarios.test_the_lab import PlainAgent

# Other programs can make bonds only while the adapter is pairable.
SHARED = "[adapter]\nmanage-pairable = false\n"
UNDOING = f'{SHARED}[unknown-devices]\nforeign = "undo"\n'
DEMANDING = CUFF.replace('"NoInputNoOutput"', '"KeyboardDisplay"\nsecurity = "authenticated"')


@pytest.fixture
async def agent() -> AsyncIterator[PlainAgent]:
    async with PlainAgent.open() as agent:
        yield agent


async def until_gone(bluez: BlueZ, address: str) -> None:
    async with asyncio.timeout(20):
        while await bluez.device(address, "Paired"):
            await asyncio.sleep(0.1)


async def test_a_bond_of_another_program_is_written_down(
    air: Air, bluez: BlueZ, start: Start, agent: PlainAgent
) -> None:
    traits = cuff()
    async with air.add(traits), start(CUFF, configuration=SHARED) as daemon, Client.open() as client:
        await bluez.until(ADAPTER, "Adapter1", "Pairable", True)
        answer = await agent.pair(bluez, traits, "NoInputNoOutput")
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body
        written = await record(daemon.pid, "another program made the bond", device=traits.address)
        assert (written["PAIRINGD_RESULT"], written["PAIRINGD_RULE"]) == ("paired", "10-rule")
        assert written["PAIRINGD_SECURITY"] == "encrypted"
        (pairing,) = client.pairings()
        assert (pairing["Origin"], pairing["Result"]) == ("foreign", "paired")
        device = client.device(traits.address)
        assert (device["BondState"], device["Security"], device["SecureConnections"]) == ("kept", "encrypted", "no")
        assert await bluez.bonded(traits.address)


async def test_a_bond_of_another_program_with_a_stranger_is_undone_where_the_settings_say_so(
    air: Air, bluez: BlueZ, start: Start, agent: PlainAgent
) -> None:
    traits = stranger()
    async with air.add(traits), start(CUFF, configuration=UNDOING) as daemon:
        await bluez.until(ADAPTER, "Adapter1", "Pairable", True)
        # Whether it gets an answer is between it and bluetoothd.
        pairing = asyncio.create_task(agent.pair(bluez, traits, "NoInputNoOutput"))
        written = await record(daemon.pid, "another program made the bond", device=traits.address, seconds=30)
        assert written["PAIRINGD_RESULT"] == "rejected-by-policy"
        await until_gone(bluez, traits.address)
        pairing.cancel()
        assert bluez.stored_key(traits.address) is None


@pytest.mark.full
async def test_a_bond_of_another_program_with_a_stranger_stays_by_default(
    air: Air, bluez: BlueZ, start: Start, agent: PlainAgent
) -> None:
    traits = stranger()
    async with air.add(traits), start(CUFF, configuration=SHARED) as daemon:
        await bluez.until(ADAPTER, "Adapter1", "Pairable", True)
        await agent.pair(bluez, traits, "NoInputNoOutput")
        written = await record(daemon.pid, "another program made the bond", device=traits.address)
        assert (written["PAIRINGD_RESULT"], "PAIRINGD_RULE" in written) == ("paired", False)
        assert await bluez.bonded(traits.address)


@pytest.mark.full
async def test_a_bond_of_another_program_that_is_too_weak_for_the_rule_is_removed(
    air: Air, bluez: BlueZ, start: Start, agent: PlainAgent
) -> None:
    traits = cuff()
    async with air.add(traits), start(DEMANDING, configuration=SHARED) as daemon:
        await bluez.until(ADAPTER, "Adapter1", "Pairable", True)
        pairing = asyncio.create_task(agent.pair(bluez, traits, "NoInputNoOutput"))
        written = await record(daemon.pid, "too-weak", device=traits.address, seconds=30)
        assert written["PAIRINGD_RULE"] == "10-rule"
        await until_gone(bluez, traits.address)
        pairing.cancel()


@pytest.mark.full
async def test_another_program_makes_no_bond_while_the_adapter_is_not_pairable(
    air: Air, bluez: BlueZ, start: Start, agent: PlainAgent
) -> None:
    traits = cuff()
    async with air.add(traits) as device, start(CUFF) as daemon, Client.open() as client:
        await bluez.until(ADAPTER, "Adapter1", "Pairable", False)
        await agent.pair(bluez, traits, "NoInputNoOutput")
        await record(daemon.pid, "another program", device=traits.address)
        assert await bluez.device(traits.address, "Paired")
        assert not await bluez.bonded(traits.address)
        assert client.device(traits.address)["BondState"] == "session", "what goes with the link is not kept"
        device.hang_up()
        await until_gone(bluez, traits.address)

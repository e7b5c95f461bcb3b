# SPDX-License-Identifier: Apache-2.0
"""Devices that have forgotten a bond which BlueZ still has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from air import Air, Code, IOCapability, Peripheral, Traits, cuff, meter
from gateway.bluez import BlueZ
from gateway.client import Client
from gateway.journal import record, records
from gateway.other import OtherProgram
from gateway.programs import Pairingd, pairingctl
from scenarios.conftest import Start
from scenarios.rules import CUFF, rule

METER = rule("Meter", IOCapability.KeyboardOnly, passkey='{ value = "042137" }')


def when_lost(action: str, base: str = CUFF) -> str:
    return f'{base}\n[repair]\nbond-lost = "{action}"\n'


@asynccontextmanager
async def lost(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, text: str, traits: Traits | None = None
) -> AsyncIterator[tuple[Peripheral, Pairingd, Client]]:
    """A device that is bonded, forgets it, and is connected by another program."""
    async with air.add(traits or cuff()) as device, start(text) as daemon, Client.open() as client:
        address = device.traits.address
        assert (await daemon.pair(address)).result == "paired"
        device.hang_up()
        await client.disconnected(address)
        await device.forget_bonds()
        device.tape.clear()
        await somebody.connect(bluez, address)
        yield device, daemon, client


async def paired_anew(bluez: BlueZ, device: Peripheral, client: Client, origin: str) -> None:
    await client.until(lambda: len(client.pairings(Result="paired", State="done")) == 2)
    assert client.pairings()[-1]["Origin"] == origin
    assert device.tape.of(Code.PAIRING_REQUEST)
    assert await bluez.bonded(device.traits.address)
    assert client.device(device.traits.address)["BondState"] == "kept"


async def test_a_lost_bond_is_told_and_kept_until_it_is_replaced_by_force(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    async with lost(air, bluez, start, somebody, CUFF) as (device, daemon, client):
        address = device.traits.address
        written = await record(daemon.pid, "bond-lost", device=address)
        assert written["PAIRINGD_RESULT"] == "bond-lost"
        await client.until(lambda: client.device(address)["BondState"] == "lost")
        assert client.device(address)["LastResult"] == "bond-lost"
        assert await bluez.bonded(address)
        assert not device.tape.of(Code.PAIRING_REQUEST)
        # The next connection is no news.
        await somebody.connect(bluez, address)
        assert [entry.get("PAIRINGD_RESULT") for entry in await records(daemon.pid)].count("bond-lost") == 1
        outcome = await daemon.pair(address)
        assert (outcome.status, outcome.result) == (1, "bond-lost"), outcome
        forced = await pairingctl("pair", "--json", "--force", address, timeout=90)
        assert forced.status == 0, (forced.output, forced.errors)
        await paired_anew(bluez, device, client, "requested")


async def test_a_lost_bond_is_repaired_by_itself_where_the_rule_says_so(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    async with lost(air, bluez, start, somebody, when_lost("repair")) as (device, daemon, client):
        await paired_anew(bluez, device, client, "automatic")
        assert bluez.stored_key(device.traits.address)
        written = await record(daemon.pid, "bond-lost", device=device.traits.address)
        assert written["PAIRINGD_DECIDER"] == "device"


@pytest.mark.full
async def test_a_lost_bond_is_removed_where_the_rule_says_so(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    async with lost(air, bluez, start, somebody, when_lost("remove")) as (device, _, _client):
        async with asyncio.timeout(20):
            while await bluez.bonded(device.traits.address):
                await asyncio.sleep(0.1)
        assert not device.tape.of(Code.PAIRING_REQUEST)


@pytest.mark.full
@pytest.mark.parametrize("answer", ["approve", "reject"])
async def test_a_person_is_asked_whether_a_lost_bond_is_repaired(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, answer: str
) -> None:
    async with lost(air, bluez, start, somebody, when_lost("ask")) as (device, daemon, client):
        request = await daemon.next_request()
        assert request["kind"] == "repair"
        assert not device.tape.of(Code.PAIRING_REQUEST)
        answered = await pairingctl(answer, str(request["number"]))
        assert answered.status == 0, answered.errors
        if answer == "approve":
            await paired_anew(bluez, device, client, "requested")
        else:
            await asyncio.sleep(2)
            assert await bluez.bonded(device.traits.address)
            assert client.device(device.traits.address)["BondState"] == "lost"


@pytest.mark.full
async def test_a_new_bond_that_is_weaker_than_the_lost_one_leaves_nothing(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    traits = meter(passkey="042137")
    async with air.add(traits) as device, start(when_lost("repair", METER)) as daemon, Client.open() as client:
        assert (await daemon.pair(traits.address)).result == "paired"
        assert bluez.stored_key(traits.address) == (True, True, 16)
        device.hang_up()
        await client.disconnected(traits.address)
        await device.forget_bonds()
        await device.change(io_capability=IOCapability.NoInputNoOutput, mitm=False)
        device.tape.clear()
        await somebody.connect(bluez, traits.address)
        await client.until(lambda: client.pairings(Origin="automatic", State="done"))
        (pairing,) = client.pairings(Origin="automatic")
        assert (pairing["Result"], "the bond before had authenticated" in pairing["Reason"]) == ("too-weak", True), (
            pairing
        )
        assert not await bluez.bonded(traits.address)
        assert bluez.stored_key(traits.address) is None


@pytest.mark.full
async def test_a_security_request_on_a_bond_leads_to_a_new_one_where_the_rule_says_so(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    text = f'{CUFF}\n[repair]\nsecurity-request = "repair"\n'
    traits = cuff(asks_first=True)
    async with air.add(traits) as device, start(text) as daemon, Client.open() as client:
        assert (await daemon.pair(traits.address)).result == "paired"
        device.hang_up()
        await client.disconnected(traits.address)
        device.tape.clear()
        # For a minute, such a request belongs to the bond that was just made.
        await asyncio.sleep(61)
        await somebody.connect(bluez, traits.address)
        await paired_anew(bluez, device, client, "automatic")

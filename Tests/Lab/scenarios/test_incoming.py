# SPDX-License-Identifier: Apache-2.0
"""Phones: they connect the gateway over LE, which advertises for another program, and begin to pair."""

from __future__ import annotations

import asyncio

import pytest

from air import Air, Central, IOCapability, Traits
from gateway.bluez import ADAPTER, BlueZ, path_of
from gateway.client import Client
from gateway.journal import record
from gateway.other import OtherProgram
from gateway.programs import Pairingd, pairingctl
from scenarios.conftest import Start
from scenarios.rules import CUFF, rule

PHONE = Traits("Phone", "D0:11:22:33:44:01", io_capability=IOCapability.DisplayYesNo, mitm=True)
OTHER = Traits("Other phone", "D0:11:22:33:44:02", io_capability=IOCapability.DisplayYesNo, mitm=True)
BUTTONLESS = Traits("Remote", "D0:11:22:33:44:03")
PRIVATE = Traits("Private phone", "D0:11:22:33:44:04", private=True)


def letting_in(traits: Traits, *pairing: str, **answers: str) -> str:
    """A rule for a device by its address: a phone tells nothing else before it pairs."""
    text = rule(traits.name_bytes.decode(), IOCapability.DisplayYesNo, "\n".join(pairing), **answers)
    return text.replace(f'name = ["{traits.name}"]', f'address = "{traits.address}"')


ALLOWED = "accept-incoming = true"


async def ready(bluez: BlueZ, somebody: OtherProgram) -> None:
    """The gateway can be connected, and makes bonds."""
    await somebody.advertise()
    await bluez.until(ADAPTER, "Adapter1", "Pairable", True)


async def until_bonded(bluez: BlueZ, address: str) -> None:
    async with asyncio.timeout(20):
        while not await bluez.bonded(address):
            await asyncio.sleep(0.1)


async def forget(phone: Central, bluez: BlueZ) -> None:
    """It ends the link, and its bond with the gateway."""
    phone.hang_up()
    async with asyncio.timeout(20):
        while await bluez.connected(phone.traits.address):
            await asyncio.sleep(0.1)
    await phone.forget_bonds()


async def approve(daemon: Pairingd, kind: str) -> None:
    request = await daemon.next_request()
    assert request["kind"] == kind
    assert (await pairingctl("approve", str(request["number"]))).status == 0


@pytest.mark.parametrize(
    "answer", ["accept", pytest.param("ask", marks=pytest.mark.full), pytest.param("reject", marks=pytest.mark.full)]
)
async def test_just_works_is_answered_by_the_rule(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, answer: str
) -> None:
    text = letting_in(BUTTONLESS, ALLOWED, authorization=f'"{answer}"')
    async with air.add_central(BUTTONLESS) as phone, start(text) as daemon:
        await ready(bluez, somebody)
        pairing = asyncio.create_task(phone.pair())
        if answer == "ask":
            await approve(daemon, "authorization")
        assert await pairing is (answer != "reject")
        if answer == "reject":
            await record(daemon.pid, "authorization rejected by rule", device=BUTTONLESS.address)
            assert not await bluez.bonded(BUTTONLESS.address)
        else:
            written = await record(daemon.pid, "paired", device=BUTTONLESS.address)
            assert (written["PAIRINGD_RESULT"], written["PAIRINGD_SECURITY"]) == ("paired", "encrypted")
            await until_bonded(bluez, BUTTONLESS.address)


async def test_digits_are_compared_with_a_phone(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    async with air.add_central(PHONE) as phone, start(letting_in(PHONE, ALLOWED)) as daemon:
        await ready(bluez, somebody)
        pairing = asyncio.create_task(phone.pair())
        request = await daemon.next_request()
        assert request["kind"] == "confirmation"
        assert await daemon.reveal(request) == await phone.shown()
        assert (await pairingctl("approve", str(request["number"]))).status == 0
        assert await pairing
        written = await record(daemon.pid, "paired", device=PHONE.address)
        assert (written["PAIRINGD_RESULT"], written["PAIRINGD_SECURITY"]) == ("paired", "authenticated")
        await until_bonded(bluez, PHONE.address)


async def test_a_phone_finds_the_gateway_while_a_window_is_open(air: Air, bluez: BlueZ, start: Start) -> None:
    rules = letting_in(PHONE, ALLOWED, 'when = "window"')
    async with air.add_central(PHONE) as phone, start(rules, configuration="[window]\ndiscoverable = true") as daemon:
        assert (await pairingctl("window", "open", "1min")).status == 0
        await bluez.until(ADAPTER, "LEAdvertisingManager1", "ActiveInstances", 1)
        assert await bluez.get(ADAPTER, "Adapter1", "Discoverable")
        pairing = asyncio.create_task(phone.pair())
        await approve(daemon, "confirmation")
        assert await pairing
        await until_bonded(bluez, PHONE.address)
        assert (await pairingctl("window", "close")).status == 0
        await bluez.until(ADAPTER, "Adapter1", "Discoverable", False)
        await bluez.until(ADAPTER, "LEAdvertisingManager1", "ActiveInstances", 0)


async def test_a_gateway_that_crashed_in_a_window_is_hidden_again(bluez: BlueZ, start: Start) -> None:
    async with start(CUFF, configuration="[window]\ndiscoverable = true") as daemon:
        assert (await pairingctl("window", "open", "10min")).status == 0
        await bluez.until(ADAPTER, "Adapter1", "Discoverable", True)
        await daemon.kill()
        assert await bluez.get(ADAPTER, "Adapter1", "Discoverable")
        await daemon.start()
        await bluez.until(ADAPTER, "Adapter1", "Discoverable", False)
        await bluez.until(ADAPTER, "LEAdvertisingManager1", "ActiveInstances", 0)


@pytest.mark.full
async def test_a_phone_without_a_rule_is_refused(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    async with air.add_central(OTHER) as phone, start(letting_in(PHONE, ALLOWED)) as daemon:
        await ready(bluez, somebody)
        assert not await phone.pair()
        written = await record(daemon.pid, "rejected-by-policy", device=OTHER.address)
        assert (written["PAIRINGD_REASON"], written["PAIRINGD_DECIDER"]) == ("no rule matches the device", "default")
        assert not await bluez.bonded(OTHER.address)


@pytest.mark.full
async def test_a_phone_that_asks_while_another_one_waits_is_refused_by_bluez_and_recorded(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    rules = letting_in(PHONE, ALLOWED), letting_in(OTHER, ALLOWED)
    async with air.add_central(PHONE) as phone, air.add_central(OTHER) as other, start(*rules) as daemon:
        await ready(bluez, somebody)
        pairing = asyncio.create_task(phone.pair())
        request = await daemon.next_request()
        assert not await other.pair()
        written = await record(daemon.pid, "BlueZ asks one thing at a time", device=OTHER.address)
        assert f"request {request['number']} was open" in written["PAIRINGD_REASON"]
        assert written["PAIRINGD_DECISION"] == "rejected"
        # The first one is none the worse for it.
        assert (await pairingctl("approve", str(request["number"]))).status == 0
        assert await pairing
        await until_bonded(bluez, PHONE.address)


@pytest.mark.full
@pytest.mark.parametrize(
    ("incoming", "answer"),
    [("true", "accept"), ("false", "accept"), ("true", "reject")],
    ids=["allowed", "forbidden", "answers-no"],
)
async def test_the_rule_for_the_identity_address_decides_about_a_phone_with_a_private_one(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, incoming: str, answer: str
) -> None:
    allowed = (incoming, answer) == ("true", "accept")
    identity = letting_in(PRIVATE, f"accept-incoming = {incoming}", authorization=f'"{answer}"')
    anybody = letting_in(PRIVATE, ALLOWED, authorization='"accept"').replace(
        f'address = "{PRIVATE.address}"', 'address-type = "random"'
    )
    async with (
        air.add_central(PRIVATE) as phone,
        start(identity, anybody) as daemon,
        Client.open() as client,
    ):
        await ready(bluez, somebody)
        await phone.pair()
        await client.until(lambda: client.pairings(Origin="incoming", State="done"))
        (pairing,) = client.pairings(Origin="incoming")
        assert (pairing["Rule"], pairing["Address"]) == ("10-rule", PRIVATE.address), pairing
        assert pairing["Result"] == ("paired" if allowed else "rejected-by-policy"), pairing
        await record(daemon.pid, pairing["Result"], device=PRIVATE.address)
        if allowed:
            known = client.device(PRIVATE.address)
            assert (known["Bonded"], known["BondState"]) == (True, "kept")
        async with asyncio.timeout(20):
            while bool(bluez.stored_key(PRIVATE.address)) is not allowed:
                await asyncio.sleep(0.1)


@pytest.mark.full
@pytest.mark.parametrize("action", ["accept", "ask", "reject"])
async def test_a_phone_that_has_forgotten_us_compares_digits_again(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, action: str
) -> None:
    """BlueZ's JustWorksRepairing has no part in it: it is about Just Works alone."""
    text = f'{letting_in(PHONE, ALLOWED)}\n[repair]\nbonded-device = "{action}"\n'
    async with air.add_central(PHONE) as phone, start(text) as daemon, Client.open() as client:
        await ready(bluez, somebody)
        pairing = asyncio.create_task(phone.pair())
        await approve(daemon, "confirmation")
        assert await pairing
        await until_bonded(bluez, PHONE.address)
        before = bluez.stored_key(PHONE.address)
        await forget(phone, bluez)
        pairing = asyncio.create_task(phone.pair())
        if action != "reject":
            await approve(daemon, "confirmation")
            assert await pairing
            await client.until(lambda: len(client.pairings(Origin="incoming", State="done")) == 2)
            assert client.pairings()[-1]["Result"] == "paired", client.pairings()[-1]
        else:
            assert not await pairing
            written = await record(daemon.pid, "paired already", device=PHONE.address)
            assert written["PAIRINGD_DECISION"] == "rejected"
        assert bluez.stored_key(PHONE.address) == before


@pytest.mark.full
async def test_what_else_changes_about_a_bonded_phone_is_no_answer_to_its_question(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    text = f'{letting_in(PHONE, ALLOWED)}\n[repair]\nbonded-device = "ask"\n'
    async with air.add_central(PHONE) as phone, start(text) as daemon, Client.open() as client:
        await ready(bluez, somebody)
        pairing = asyncio.create_task(phone.pair())
        await approve(daemon, "confirmation")
        assert await pairing
        await until_bonded(bluez, PHONE.address)
        await forget(phone, bluez)
        pairing = asyncio.create_task(phone.pair())
        request = await daemon.next_request()
        await bluez.set(path_of(PHONE.address), "Device1", "Trusted", "b", "true")
        await asyncio.sleep(1)
        assert not client.pairings(Result="paired")[1:], "nobody has answered yet"
        assert [each["number"] for each in await daemon.requests()] == [request["number"]]
        assert (await pairingctl("reject", str(request["number"]))).status == 0
        assert not await pairing


@pytest.mark.full
@pytest.mark.parametrize("action", ["accept", "reject"])
async def test_bluez_refuses_just_works_of_a_bonded_device_by_itself(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, action: str
) -> None:
    text = letting_in(BUTTONLESS, ALLOWED, authorization='"accept"')
    text += f'\n[repair]\nbonded-device = "{action}"\n'
    async with air.add_central(BUTTONLESS) as phone, start(text) as daemon:
        await ready(bluez, somebody)
        assert await phone.pair()
        await until_bonded(bluez, BUTTONLESS.address)
        await forget(phone, bluez)
        # For ten seconds, a failure belongs to the pairing before.
        await asyncio.sleep(10)
        assert not await phone.pair()
        written = await record(daemon.pid, "refused by the kernel", device=BUTTONLESS.address)
        assert "no question came to pairingd" in written["PAIRINGD_REASON"]
        # What BlueZ was told last time holds.
        assert await bluez.bonded(BUTTONLESS.address)

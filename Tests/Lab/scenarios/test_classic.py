# SPDX-License-Identifier: Apache-2.0
"""BR/EDR, on a controller of its own beside the one for LE."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from dbus_fast import Message, MessageType

from air import IOCapability, classic
from air.classic import Traits
from gateway import journal
from gateway.bluez import BlueZ
from gateway.command import run
from gateway.programs import Pairingd, get, pairingctl
from scenarios.conftest import Start
from scenarios.rules import rule
from scenarios.test_the_lab import AGENT, PlainAgent

ADAPTER = "/org/bluez/hci1"

# Seconds until a request: a device is found only once the kernel has listened for LE long enough.
PATIENCE = 60

PHONE = Traits("Phone", "00:1B:DC:11:22:01", class_of_device=0x5A020C)
HEADSET = Traits(
    "Headset", "00:1B:DC:11:22:02", 0x240404, io_capability=IOCapability.NoInputNoOutput, mitm=False
)
KEYBOARD = Traits("Keyboard", "00:1B:DC:11:22:03", 0x002540, io_capability=IOCapability.KeyboardOnly)
OLD_PHONE = replace(PHONE, simple_pairing=False, pin="köln")


@pytest.fixture(scope="module")
async def controller(bluetoothd: BlueZ) -> AsyncIterator[classic.Air]:
    """A controller that others can connect."""
    async with classic.Air.open() as air:
        async with asyncio.timeout(30):
            while not await bluetoothd.get(ADAPTER, "Adapter1", "Powered"):
                await asyncio.sleep(0.1)
        await bluetoothd.set(ADAPTER, "Adapter1", "Discoverable", "b", "true")
        yield air


@pytest.fixture
async def radio(controller: classic.Air, bluetoothd: BlueZ) -> AsyncIterator[classic.Air]:
    yield controller
    for device in PHONE, HEADSET, KEYBOARD:
        await run("busctl", "call", "org.bluez", ADAPTER, "org.bluez.Adapter1", "RemoveDevice", "o", path_of(device))


def path_of(device: Traits) -> str:
    return f"{ADAPTER}/dev_{device.address.replace(':', '_')}"


async def bonded(bluez: BlueZ, device: Traits) -> bool:
    return bool(await bluez.get(path_of(device), "Device1", "Bonded"))


async def pair(daemon: Pairingd, device: Traits) -> str:
    outcome = await daemon.pair(f"hci1/{device.address}")
    return outcome.result


def incoming(device: Traits, **answers: str) -> str:
    return rule(device.name, IOCapability.DisplayYesNo, "accept-incoming = true", **answers)


@pytest.mark.parametrize("equal", [True, pytest.param(False, marks=pytest.mark.full)])
async def test_digits_are_compared_in_a_pairing_of_our_own(
    radio: classic.Air, bluez: BlueZ, start: Start, equal: bool
) -> None:
    async with radio.add(PHONE) as phone, start(rule("Phone", IOCapability.DisplayYesNo)) as daemon:
        pairing = asyncio.create_task(pair(daemon, PHONE))
        request = await daemon.next_request(PATIENCE)
        assert request["kind"] == "confirmation"
        assert await daemon.reveal(request) == await phone.shown()
        await pairingctl("approve" if equal else "reject", str(request["number"]))
        assert await pairing == ("paired" if equal else "rejected-by-person")
        assert await bonded(bluez, PHONE) is equal


async def test_a_phone_that_begins_compares_digits_and_is_refused_the_second_time(
    radio: classic.Air, bluez: BlueZ, start: Start
) -> None:
    async with radio.add(PHONE) as phone, start(incoming(PHONE)) as daemon:
        pairing = asyncio.create_task(phone.pair())
        request = await daemon.next_request(PATIENCE)
        assert await daemon.reveal(request) == await phone.shown()
        await pairingctl("approve", str(request["number"]))
        assert await pairing
        await journal.record(daemon.pid, "paired", PHONE.address)
        assert await bonded(bluez, PHONE)
        await phone.hang_up()
        phone.forget_bonds()
        assert not await phone.pair()
        await journal.record(daemon.pid, "paired already", PHONE.address)


@pytest.mark.full
@pytest.mark.parametrize("answer", ["accept", "reject"])
async def test_a_headset_that_begins_is_authorised_by_its_rule(
    radio: classic.Air, bluez: BlueZ, start: Start, answer: str
) -> None:
    async with radio.add(HEADSET) as headset, start(incoming(HEADSET, authorization=f'"{answer}"')) as daemon:
        assert await headset.pair() is (answer == "accept")
        await journal.record(daemon.pid, f"authorization {answer}ed by rule", HEADSET.address)


@pytest.mark.full
async def test_just_works_of_our_own_asks_no_agent(radio: classic.Air, bluez: BlueZ, start: Start) -> None:
    answers = rule("Headset", IOCapability.NoInputNoOutput, confirmation='"reject"')
    async with radio.add(HEADSET), start(answers) as daemon:
        assert await pair(daemon, HEADSET) == "paired"
        assert await bonded(bluez, HEADSET)


@pytest.mark.full
async def test_typed_digits_are_counted(radio: classic.Air, bluez: BlueZ, start: Start) -> None:
    async with radio.add(KEYBOARD) as keyboard, start(rule("Keyboard", IOCapability.DisplayOnly)) as daemon:
        pairing = asyncio.create_task(pair(daemon, KEYBOARD))
        request = await daemon.next_request(PATIENCE)
        assert request["kind"] == "passkey-display"
        path = f"/org/pairingd/request/{request['number']}"
        for key in classic.KEY_STARTED, classic.KEY_DIGIT, classic.KEY_DIGIT:
            await keyboard.press(key)
        async with asyncio.timeout(5):
            while await get(path, "Request1", "Entered") != 2:
                await asyncio.sleep(0.1)
        keyboard.type(await daemon.reveal(request))
        assert await pairing == "paired"
        assert await bonded(bluez, KEYBOARD)


@pytest.mark.parametrize("pin", ["köln", "0000"], ids=["right", "wrong"])
async def test_the_pin_code_of_a_rule_is_sent_once(radio: classic.Air, bluez: BlueZ, start: Start, pin: str) -> None:
    answer = rule("Phone", IOCapability.KeyboardOnly, pin=f'{{ value = "{pin}" }}')
    async with radio.add(OLD_PHONE), start(answer) as daemon:
        assert await pair(daemon, OLD_PHONE) == ("paired" if pin == OLD_PHONE.pin else "wrong-passkey")
        assert await bonded(bluez, OLD_PHONE) is (pin == OLD_PHONE.pin)


@pytest.mark.full
async def test_a_phone_that_begins_gets_the_pin_code_of_its_rule(
    radio: classic.Air, bluez: BlueZ, start: Start
) -> None:
    async with radio.add(OLD_PHONE) as phone, start(incoming(OLD_PHONE, pin='{ value = "köln" }')):
        assert await phone.pair()


@pytest.mark.full
async def test_bluez_knows_the_pin_code_of_headsets(radio: classic.Air, bluez: BlueZ, start: Start) -> None:
    headset = replace(HEADSET, simple_pairing=False, pin="0000")
    async with radio.add(headset), start(rule("Headset", IOCapability.KeyboardOnly, pin='"reject"')) as daemon:
        assert await pair(daemon, headset) == "paired"


@pytest.mark.full
@pytest.mark.parametrize("says", [True, False])
async def test_a_pin_code_is_shown_until_it_is_typed(
    radio: classic.Air, bluez: BlueZ, start: Start, says: bool
) -> None:
    old = replace(KEYBOARD, simple_pairing=False)
    async with radio.add(old) as keyboard, start(rule("Keyboard", IOCapability.DisplayOnly)) as daemon:
        pairing = asyncio.create_task(pair(daemon, old))
        request = await daemon.next_request(PATIENCE)
        assert request["kind"] == "pin-display"
        if says:
            keyboard.type(await daemon.reveal(request))
        else:
            await pairingctl("reject", str(request["number"]))
        assert await pairing == ("paired" if says else "rejected-by-person")
        assert await bonded(bluez, old) is says
        assert not await daemon.requests()


# What BlueZ and the kernel do where nobody asks pairingd.


class RefusingAgent(PlainAgent):
    """Agent1 that says no to everything."""

    def _handle(self, message: Message) -> Message | None:
        answer = super()._handle(message)
        return answer and Message.new_error(message, "org.bluez.Error.Rejected", "no")


@pytest.mark.full
async def test_bluez_tries_0000_after_a_no_to_the_pin_code_that_it_shows(radio: classic.Air, bluez: BlueZ) -> None:
    old = replace(KEYBOARD, simple_pairing=False, pin="0000")
    async with radio.add(old), RefusingAgent.open() as agent:
        await agent.call("/org/bluez", "AgentManager1", "RegisterAgent", "os", AGENT, "DisplayYesNo")
        await agent.call(ADAPTER, "Adapter1", "StartDiscovery")
        async with asyncio.timeout(30):
            while await bluez.get(path_of(old), "Device1", "RSSI") is None:
                await asyncio.sleep(0.1)
        await agent.call(ADAPTER, "Adapter1", "StopDiscovery")
        answer = await agent.call(path_of(old), "Device1", "Pair")
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body
        assert (await agent.asked.get()).member == "DisplayPinCode"
        assert agent.asked.empty()
        assert await bonded(bluez, old)


async def test_a_bond_that_the_kernel_makes_for_another_default_agent_is_written_down(
    radio: classic.Air, bluez: BlueZ, start: Start
) -> None:
    refusal = incoming(HEADSET, authorization='"reject"')
    async with radio.add(HEADSET) as headset, start(refusal) as daemon, PlainAgent.open() as other:
        await other.call("/org/bluez", "AgentManager1", "RegisterAgent", "os", AGENT, "NoInputNoOutput")
        await other.call("/org/bluez", "AgentManager1", "RequestDefaultAgent", "o", AGENT)
        assert await headset.pair()
        async with asyncio.timeout(10):
            while not await bonded(bluez, HEADSET):
                await asyncio.sleep(0.1)
        assert other.asked.empty()
        written = await journal.record(daemon.pid, "another program made the bond", HEADSET.address)
        assert (written["PAIRINGD_RESULT"], written["PAIRINGD_SECURITY"]) == ("paired", "encrypted")

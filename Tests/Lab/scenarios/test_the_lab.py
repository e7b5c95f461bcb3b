# SPDX-License-Identifier: Apache-2.0
"""The lab itself, proved with the plainest agent possible and without pairingd.

If these fail, nothing that the other files say can be believed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from dbus_fast import Message, MessageFlag, MessageType
from dbus_fast.aio import MessageBus

from air import Air, Code, Direction, IOCapability, Peripheral, Reason, Traits, comparison_lock, cuff, keyboard, meter
from air import refuse
from gateway.bluez import BlueZ, path_of
from gateway.other import OtherProgram

AGENT = "/test/agent"


class PlainAgent(OtherProgram):
    """Agent1 that says yes to everything and remembers what it was asked."""

    def __init__(self, bus: MessageBus) -> None:
        super().__init__(bus)
        self.asked: asyncio.Queue[Message] = asyncio.Queue()
        self.passkey = 0
        bus.add_message_handler(self._handle)

    def _handle(self, message: Message) -> Message | None:
        if message.path != AGENT or message.message_type is not MessageType.METHOD_CALL:
            return None
        self.asked.put_nowait(message)
        if message.flags & MessageFlag.NO_REPLY_EXPECTED:
            return None
        if message.member == "RequestPasskey":
            return Message.new_method_return(message, "u", [self.passkey])
        return Message.new_method_return(message)

    async def pair(self, bluez: BlueZ, traits: Traits, capability: str) -> Message:
        registered = await self.call("/org/bluez", "AgentManager1", "RegisterAgent", "os", AGENT, capability)
        assert registered.message_type is MessageType.METHOD_RETURN, registered.body
        await self.find(bluez, traits.address)
        return await self.call(path_of(traits.address), "Device1", "Pair")


@pytest.fixture
async def agent() -> AsyncIterator[PlainAgent]:
    async with PlainAgent.open() as agent:
        yield agent


async def test_a_cuff_pairs_with_legacy_just_works(air: Air, bluez: BlueZ, agent: PlainAgent) -> None:
    async with air.add(cuff()) as device:
        answer = await agent.pair(bluez, device.traits, "NoInputNoOutput")
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body
        assert await bluez.bonded(device.traits.address)
        assert device.tape.request.io_capability is IOCapability.NoInputNoOutput
        assert device.tape.response.auth_req == 0x01
        assert device.tape.response.responder_keys == 0x03


async def test_a_cuff_that_asks_first_pairs_too(air: Air, bluez: BlueZ, agent: PlainAgent) -> None:
    async with air.add(cuff(asks_first=True)) as device:
        answer = await agent.pair(bluez, device.traits, "NoInputNoOutput")
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body
        assert device.tape.of(Code.SECURITY_REQUEST, Direction.RECEIVED)
        assert await bluez.bonded(device.traits.address)


async def test_both_sides_of_a_comparison_show_the_same_digits(air: Air, bluez: BlueZ, agent: PlainAgent) -> None:
    async with air.add(comparison_lock()) as lock:
        answer = await agent.pair(bluez, lock.traits, "DisplayYesNo")
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body
        question = await agent.asked.get()
        assert question.member == "RequestConfirmation"
        assert f"{question.body[1]:06}" == await lock.shown()


@pytest.mark.parametrize("secure_connections", [True, False])
async def test_a_passkey_that_the_device_shows_is_entered(
    air: Air, bluez: BlueZ, agent: PlainAgent, secure_connections: bool
) -> None:
    agent.passkey = 7
    async with air.add(meter(passkey="000007", secure_connections=secure_connections)) as device:
        answer = await agent.pair(bluez, device.traits, "KeyboardOnly")
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body
        assert await device.shown() == "000007"
        assert await bluez.bonded(device.traits.address)


async def test_a_passkey_that_bluez_shows_is_typed_on_the_device(air: Air, bluez: BlueZ, agent: PlainAgent) -> None:
    async with air.add(keyboard()) as device:
        pairing = asyncio.create_task(agent.pair(bluez, device.traits, "DisplayOnly"))
        shown = await agent.asked.get()
        device.type(f"{shown.body[1]:06}")
        answer = await pairing
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body
        assert await bluez.bonded(device.traits.address)


@pytest.mark.parametrize("fault", [Peripheral.hang_up, Peripheral.vanish])
async def test_a_device_that_goes_away_fails_and_then_pairs(
    air: Air, bluez: BlueZ, agent: PlainAgent, fault: object
) -> None:
    async with air.add(comparison_lock()) as lock:
        lock.when_next(Code.PUBLIC_KEY, lambda device, _: fault(device))  # type: ignore[operator]
        answer = await agent.pair(bluez, lock.traits, "DisplayYesNo")
        assert answer.error_name == "org.bluez.Error.AuthenticationCanceled"
        if fault is Peripheral.vanish:
            await lock.come_back()
        await agent.find(bluez, lock.traits.address)
        answer = await agent.call(path_of(lock.traits.address), "Device1", "Pair")
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body


async def test_a_device_that_refuses_once_pairs_the_second_time(air: Air, bluez: BlueZ, agent: PlainAgent) -> None:
    async with air.add(cuff()) as device:
        device.when_next(Code.PAIRING_REQUEST, refuse(Reason.CONFIRM_VALUE_FAILED))
        answer = await agent.pair(bluez, device.traits, "NoInputNoOutput")
        assert answer.error_name == "org.bluez.Error.AuthenticationFailed"
        # The kernel is about to drop the link that the first attempt made; a Pair() before that dies with it.
        async with asyncio.timeout(10):
            while await bluez.device(device.traits.address, "Connected"):
                await asyncio.sleep(0.1)
        answer = await agent.call(path_of(device.traits.address), "Device1", "Pair")
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body


async def test_a_bond_serves_the_next_connection(air: Air, bluez: BlueZ, agent: PlainAgent) -> None:
    async with air.add(cuff()) as device:
        answer = await agent.pair(bluez, device.traits, "NoInputNoOutput")
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body
        await agent.call(path_of(device.traits.address), "Device1", "Disconnect")
        device.tape.clear()
        answer = await agent.call(path_of(device.traits.address), "Device1", "Connect")
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body
        assert device.connected
        assert not device.tape.pdus, "a bonded device shall not pair again"


async def test_a_device_that_has_left_is_heard_no_more(air: Air, bluez: BlueZ, agent: PlainAgent) -> None:
    async with air.add(cuff()) as gone:
        pass
    # What follows the end of a link may come a moment too late.
    await gone.advertise()
    async with air.add(meter()) as other:
        await agent.find(bluez, other.traits.address)
        await agent.find(bluez, other.traits.address)
    assert await bluez.devices() == [path_of(other.traits.address)]

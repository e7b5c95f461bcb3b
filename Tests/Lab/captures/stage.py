# SPDX-License-Identifier: Apache-2.0
"""What a situation is made with: devices, agents, and the recorder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dbus_fast import Message, MessageFlag, MessageType
from dbus_fast.aio import MessageBus

from air import Air, Peripheral, Traits, classic
from captures.btsnoop import Capture, Record
from captures.recorder import Recorder
from gateway.bluez import BlueZ
from gateway.other import OtherProgram

AGENT = "/test/agent"


class Agent(OtherProgram):
    """A program with an agent, which gives the answers that it is told to give; to other questions it says yes."""

    def __init__(self, bus: MessageBus) -> None:
        super().__init__(bus)
        # By method. A passkey or a PIN code is the answer to the question for one.
        self.answers: dict[str, Answer] = {}
        self.asked: asyncio.Queue[Message] = asyncio.Queue()
        bus.add_message_handler(self._handle)

    async def register(self, capability: str) -> None:
        await self._manage("RegisterAgent", "os", capability)

    async def become_default(self) -> None:
        await self._manage("RequestDefaultAgent", "o")

    async def pair(self, path: str) -> str:
        """The name of BlueZ's error, or nothing where the device is paired."""
        answer = await self.call(path, "Device1", "Pair")
        return (answer.error_name or "").removeprefix("org.bluez.Error.")

    async def _manage(self, member: str, signature: str, *more: object) -> None:
        answer = await self.call("/org/bluez", "AgentManager1", member, signature, AGENT, *more)
        assert answer.message_type is MessageType.METHOD_RETURN, answer.body

    def _handle(self, message: Message) -> Message | bool | None:
        if message.path != AGENT or message.message_type is not MessageType.METHOD_CALL:
            return None
        self.asked.put_nowait(message)
        if message.flags & MessageFlag.NO_REPLY_EXPECTED:
            return True
        match self.answers.get(str(message.member)):
            case No():
                return Message.new_error(message, "org.bluez.Error.Rejected", "no")
            case Never():
                return True
            case int(passkey):
                return Message.new_method_return(message, "u", [passkey])
            case str(pin):
                return Message.new_method_return(message, "s", [pin])
            case None:
                return Message.new_method_return(message)


class No:
    """The answer no."""


class Never:
    """No answer at all."""


Answer = No | Never | int | str


@dataclass(frozen=True)
class Check:
    """What a capture must show, in words and in code."""

    text: str
    holds: Callable[[Capture], bool]


@dataclass(frozen=True)
class Situation:
    """One capture: how it comes about, and what must be in it."""

    name: str
    # For the table: what happens.
    text: str
    make: Callable[[Stage], Awaitable[None]]
    shows: Sequence[Check]
    # For the table, where the device is made to do what Bumble does not: how.
    patched: str = ""
    adapter: int = 0


class Stage:
    """Where one situation is played; a new one for each."""

    def __init__(self, air: Air, bluez: BlueZ, radio: classic.Air | None, folder: Path, adapter: int) -> None:
        self.air = air
        self.bluez = bluez
        self.folder = folder
        self.records: list[Record] = []
        self._radio = radio
        self._adapter = adapter

    @property
    def radio(self) -> classic.Air:
        """The air of BR/EDR."""
        assert self._radio is not None
        return self._radio

    @asynccontextmanager
    async def known(self, traits: Traits) -> AsyncIterator[Peripheral]:
        """A device on the air, which BlueZ has found."""
        async with self.air.add(traits) as device, OtherProgram.open() as program:
            await program.find(self.bluez, traits.address)
            yield device

    @asynccontextmanager
    async def recording(self) -> AsyncIterator[Recorder]:
        """What the block does, and the silence after it, is the capture."""
        with Recorder(self._adapter) as recorder:
            yield recorder
            await recorder.quiet()
        self.records = recorder.records

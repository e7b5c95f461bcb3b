# SPDX-License-Identifier: Apache-2.0
"""What dies in mid-pairing, and what has to be so once it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from air import Air, Peripheral, Traits
from gateway.bluez import ADAPTER, BlueZ
from gateway.client import Client
from gateway.journal import records
from gateway.other import OtherProgram
from gateway.programs import Pairingd
from scenarios.conftest import Start

# The journal's numbers of "a pairing succeeded" and "a pairing failed".
RESULTS = {"fdec94d5205545d6ac993c19f3ea718a", "fc4662dcb2e64ef08998da3faa56df47"}

# Seconds. pairingd gives bluetoothd 10 to show its devices, and as long to remove one.
SETTLING = 25.0


class Victim(Enum):
    DAEMON = "pairingd"
    BLUEZ = "bluetoothd"
    CONTROLLER = "controller"
    RADIO = "rfkill"

    @property
    def result(self) -> str:
        """What a pairing on the air comes to without it."""
        return {Victim.DAEMON: "interrupted", Victim.BLUEZ: "bluez-gone"}.get(self, "adapter-off")


@dataclass
class Stage:
    """All that can die, and who looks on."""

    air: Air
    bluez: BlueZ
    daemon: Pairingd
    client: Client
    somebody: OtherProgram
    device: Peripheral
    # What lasts as long as the scenario.
    rest: AsyncExitStack
    # All daemons that there were.
    pids: list[int]
    pairable: bool

    @property
    def address(self) -> str:
        return self.device.traits.address

    async def add(self, traits: Traits) -> Peripheral:
        return await self.rest.enter_async_context(self.air.add(traits))

    async def phase(self, pairing: str, state: str) -> None:
        """Wait until a pairing is so far. One that gets past it ends the wait as well, and the scenario."""
        seen = self.client.objects
        await self.client.until(lambda: seen.get(pairing, {}).get("State") in (state, "done"))
        assert seen[pairing]["State"] == state, seen[pairing]

    async def begun_by_device(self) -> str:
        """Let another program connect the device, which asks for a pairing then; the pairing's path."""
        known = set(self.client.objects)

        def new() -> list[str]:
            objects = self.client.objects.items()
            return [
                path
                for path, each in objects
                if path not in known and each.get("Origin") == "incoming" and each["Address"] == self.address
            ]

        # A person tries again where the first connection comes to nothing, as with a key that only the kernel has.
        for _ in range(3):
            await self.somebody.find(self.bluez, self.address)
            call = asyncio.create_task(self.somebody.connect_known(self.address))
            self.rest.callback(call.cancel)
            with suppress(TimeoutError):
                async with asyncio.timeout(20):
                    await self.client.until(new)
                    break
            await self.somebody.disconnect(self.address)
        (path,) = new()
        return path

    async def kill(self, victim: Victim) -> None:
        match victim:
            case Victim.DAEMON:
                await self.daemon.kill()
            case Victim.BLUEZ:
                await self.bluez.kill()
            case Victim.CONTROLLER:
                await self.air.unplug()
            case Victim.RADIO:
                await self.bluez.block(True)

    async def bring_back(self, victim: Victim) -> None:
        match victim:
            case Victim.DAEMON:
                await self.daemon.start()
                self.pids.append(self.daemon.pid)
                self.client = await self.rest.enter_async_context(Client.open())
            case Victim.BLUEZ:
                await self.bluez.start()
            case Victim.CONTROLLER:
                await self.air.plug()
            case Victim.RADIO:
                await self.bluez.block(False)
        await until(lambda: self.bluez.get(ADAPTER, "Adapter1", "Powered"), "the adapter is on")
        await self.is_ready()

    async def survives(self, victim: Victim, pairing: str, remembered: str | None) -> str | None:
        """Let something die, and bring it back. What the pairing came to is told once.

        Of a pairing that dies with pairingd, `remembered` is told by the next one; None: nothing. Otherwise what it
        came to is for the scenario to judge."""
        await self.kill(victim)
        result = remembered
        if victim is not Victim.DAEMON:
            result = (await self.client.result(pairing))["Result"]
        await self.bring_back(victim)
        await self.is_told(pairing, result)
        return result

    async def repair(self) -> None:
        """Whatever a scenario has left: others come after it."""
        if not self.air.is_plugged:
            await self.air.plug()
        if not self.bluez.is_running:
            await self.bluez.start()
        await self.bluez.block(False)
        await until(lambda: self.bluez.get(ADAPTER, "Adapter1", "Powered"), "the adapter is on")

    async def is_ready(self) -> None:
        async def held() -> bool:
            return bool(await self.daemon.manager("DefaultAgent") == "held")

        await until(held, "pairingd holds the default agent")

    async def results(self, pairing: str) -> list[str]:
        """Every result that the journal tells of a pairing."""
        number = pairing.rpartition("/")[2]
        written: list[dict[str, Any]] = [entry for pid in self.pids for entry in await records(pid)]
        about = [entry for entry in written if entry.get("PAIRINGD_PAIRING") == number]
        return [entry["PAIRINGD_RESULT"] for entry in about if entry.get("MESSAGE_ID") in RESULTS]

    async def is_told(self, pairing: str, result: str | None) -> None:
        """The result of a pairing is told, once; None: there was nothing of it to remember."""
        wanted = [] if result is None else [result]
        await until(lambda: self._equal(self.results(pairing), wanted), f"{pairing}: {result} in the journal")

    @staticmethod
    async def _equal(value: Awaitable[list[str]], wanted: list[str]) -> bool:
        return await value == wanted

    async def has_no_bond(self) -> None:
        """Neither on the bus nor in the file."""

        async def gone() -> bool:
            return not await self.bluez.bonded(self.address) and self.bluez.stored_key(self.address) is None

        await until(gone, "there is no bond")

    async def has_kept_bond(self) -> None:
        assert await self.bluez.bonded(self.address)
        assert self.bluez.stored_key(self.address) is not None
        place = f"/org/pairingd/device/hci0/{self.address.replace(':', '_')}"
        await self.client.until(lambda: self.client.objects.get(place, {}).get("BondState") == "kept")

    async def adapter_is_as_before(self) -> None:
        async def as_before() -> bool:
            return bool(await self.bluez.get(ADAPTER, "Adapter1", "Pairable")) == self.pairable

        await until(as_before, f"Pairable is {self.pairable}")
        assert not await self.bluez.get(ADAPTER, "Adapter1", "Discovering")

    async def nothing_is_unsettled(self) -> None:
        async def empty() -> bool:
            return not self.unsettled

        await until(empty, "no file is left in pairings/")

    @property
    def unsettled(self) -> list[str]:
        return [file.name for file in (self.daemon.state / "pairings").glob("*")]

    async def pairs_now(self, pair: Callable[[], Awaitable[str]]) -> None:
        """The next pairing works with a device that was reset, and its bond stays when the one before is settled."""
        if not self.device.is_there:
            await self.device.come_back()
        await self.device.be_reset()
        pairing = await pair()
        outcome = await self.client.result(pairing)
        assert outcome["Result"] == "paired", outcome
        await self.has_kept_bond()
        await self.nothing_is_unsettled()
        assert await self.bluez.bonded(self.address), "the new bond was removed, as if it were of the pairing before"
        assert await self.results(pairing) == ["paired"]


def matrix(states: Iterable[str], short: set[tuple[str, Victim]]) -> list[ParameterSet]:
    """Each victim in each state; `short` are the cases that stand for the others in a short run."""
    return [
        pytest.param(
            *(state, victim),
            id=f"{state}-{victim.value}",
            marks=[] if (state, victim) in short else [pytest.mark.full],
        )
        for state in states
        for victim in Victim
    ]


@asynccontextmanager
async def stage(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, traits: Traits, rules: list[str]
) -> AsyncIterator[Stage]:
    """One device, a daemon with rules, and everything back in its place in the end."""
    async with AsyncExitStack() as rest:
        device = await rest.enter_async_context(air.add(traits))
        daemon = await rest.enter_async_context(start(*rules))
        client = await rest.enter_async_context(Client.open())
        pairable = any("accept-incoming = true" in text for text in rules)
        stage = Stage(air, bluez, daemon, client, somebody, device, rest, [daemon.pid], pairable)
        await stage.is_ready()
        await stage.adapter_is_as_before()
        rest.push_async_callback(stage.repair)
        yield stage


async def until(condition: Callable[[], Awaitable[object]], what: str, seconds: float = SETTLING) -> None:
    """Wait until it is so."""
    try:
        async with asyncio.timeout(seconds):
            while not await condition():
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"not so after {seconds} s: {what}") from None

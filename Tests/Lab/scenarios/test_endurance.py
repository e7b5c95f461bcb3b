# SPDX-License-Identifier: Apache-2.0
"""Two hundred pairings in one life of the daemon, good and bad ones, and nothing piles up."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from air import Air, Code, IOCapability, Peripheral, Reason, comparison_lock, cuff, hang_up, keyboard, meter, refuse
from air import stranger
from gateway.bluez import BlueZ
from gateway.client import Client
from gateway.footprint import Footprint, allow_statistics
from gateway.other import OtherProgram
from scenarios.conftest import Start
from scenarios.rules import CUFF, rule

pytestmark = pytest.mark.full

ROUNDS = 20
# Seconds. Longer than pairingd keeps a request that is finished, and bluetoothd a device that nobody wants.
OBLIVION = 90
# How many finished pairings pairingd keeps: from then on, nothing has a reason to grow.
KEPT_PAIRINGS = 32
# Kilobytes, of resident as of anonymous memory. Measured were 124 to 136 from the 20th pairing to the 200th, most of it for
# the pairings that are kept, and 12 to 20 from the 100th on: up to five pages of a heap that settles. A kilobyte lost with
# each pairing is too much for both.
ALLOWED_FROM_20 = 256
ALLOWED_FROM_100 = 64

RULES = [
    CUFF,
    rule("Meter", IOCapability.KeyboardOnly, passkey='{ value = "042137" }'),
    rule("Door lock", IOCapability.DisplayYesNo, confirmation='"ask"'),
    rule("Keyboard", IOCapability.DisplayOnly, passkey='"ask"'),
    rule("Guest", IOCapability.NoInputNoOutput, "accept-incoming = true", authorization='"accept"'),
]


@dataclass(frozen=True)
class Stage:
    """The daemon's client, another program, and five devices. Each method is one pairing, and gives its path."""

    client: Client
    somebody: OtherProgram
    bluez: BlueZ
    cuff: Peripheral
    meter: Peripheral
    lock: Peripheral
    keyboard: Peripheral
    guest: Peripheral

    async def just_works(self) -> str:
        return await self.client.pair(self.cuff.traits.address)

    async def the_cuff_refuses(self) -> str:
        self.cuff.when_next(Code.PAIRING_REQUEST, refuse(Reason.UNSPECIFIED))
        return await self.client.pair(self.cuff.traits.address)

    async def the_cuff_hangs_up(self) -> str:
        self.cuff.when_next(Code.PAIRING_REQUEST, hang_up)
        return await self.client.pair(self.cuff.traits.address)

    async def the_rule_has_the_passkey(self) -> str:
        await self.meter.change(passkey="042137")
        return await self.client.pair(self.meter.traits.address)

    async def the_rule_has_another_passkey(self) -> str:
        await self.meter.change(passkey="654321")
        return await self.client.pair(self.meter.traits.address)

    async def the_numbers_are_equal(self) -> str:
        return await self._answered(self.lock, "Accept")

    async def a_person_refuses(self) -> str:
        return await self._answered(self.lock, "Reject")

    async def a_passkey_is_typed_on_the_device(self) -> str:
        pairing = await self.client.pair(self.keyboard.traits.address)
        (digits,) = await self.client.call(await self._request(pairing), "Request1", "Reveal")
        self.keyboard.type(digits)
        return pairing

    async def the_device_starts(self) -> str:
        address, known = self.guest.traits.address, set(self.client.objects)
        await self.somebody.connect(self.bluez, address)

        def begun() -> list[str]:
            new = {path: each for path, each in self.client.objects.items() if path not in known}
            return [path for path, each in new.items() if "Origin" in each and each["Address"] == address]

        await self.client.until(begun)
        (pairing,) = begun()
        return pairing

    async def forget(self, address: str) -> None:
        """All but one of the devices hang up before: bluetoothd takes two seconds to end a link (src/device.c,
        DISCONNECT_TIMER)."""
        for device in (self.cuff, self.meter, self.lock, self.keyboard):
            device.hang_up()
        if address != self.guest.traits.address:
            await self.client.disconnected(address)
        await self.client.forget(address)

    async def _answered(self, device: Peripheral, answer: str) -> str:
        pairing = await self.client.pair(device.traits.address)
        await self.client.call(await self._request(pairing), "Request1", answer)
        return pairing

    async def _request(self, pairing: str) -> str:
        waiting = await self.client.request(pairing)
        assert waiting is not None, self.client.objects[pairing]
        path, _ = waiting
        return path


# One round: ten pairings, and how they have to end.
ROUND: list[tuple[Callable[[Stage], Awaitable[str]], str]] = [
    (Stage.just_works, "paired"),
    (Stage.the_rule_has_the_passkey, "paired"),
    (Stage.the_cuff_refuses, "peer-refused"),
    (Stage.the_rule_has_another_passkey, "wrong-passkey"),
    (Stage.the_numbers_are_equal, "paired"),
    (Stage.the_cuff_hangs_up, "connection-lost"),
    (Stage.a_person_refuses, "rejected-by-person"),
    (Stage.a_passkey_is_typed_on_the_device, "paired"),
    (Stage.the_device_starts, "paired"),
    (Stage.just_works, "paired"),
]


async def test_two_hundred_pairings_leave_nothing_behind(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, capsys: pytest.CaptureFixture[str]
) -> None:
    footprints: dict[int | str, Footprint] = {}
    durations: Counter[str] = Counter()
    async with start(*RULES) as daemon, Client.open() as client:
        await allow_statistics(client)
        async with (
            air.add(cuff()) as cuff_,
            air.add(meter(secure_connections=False)) as meter_,
            air.add(comparison_lock()) as lock,
            air.add(keyboard()) as keyboard_,
            air.add(stranger(name="Guest", asks_first=True)) as guest,
        ):
            stage = Stage(client, somebody, bluez, cuff_, meter_, lock, keyboard_, guest)
            for number in range(1, ROUNDS + 1):
                for begin, expected in ROUND:
                    started = time.monotonic()
                    pairing = await client.result(await begin(stage))
                    assert pairing["Result"] == expected, (number, begin.__name__, pairing)
                    await stage.forget(pairing["Address"])
                    durations[begin.__name__] += round((time.monotonic() - started) * 1000)
                if number % 2 == 0:
                    footprints[number * len(ROUND)] = await Footprint.of(daemon.pid, client)
        async with asyncio.timeout(OBLIVION):
            while await bluez.devices() or any("/request/" in path for path in client.objects):
                await asyncio.sleep(1)
        footprints["a minute later"] = last = await Footprint.of(daemon.pid, client)
        with capsys.disabled():
            report(footprints, durations)
        assert [path for path in client.objects if "/device/" in path] == []
        assert len([path for path in client.objects if "/pairing/" in path]) == KEPT_PAIRINGS
        assert last.threads == 1
        for early, allowed in ((footprints[20], ALLOWED_FROM_20), (footprints[100], ALLOWED_FROM_100)):
            assert last.anonymous - early.anonymous <= allowed
            assert last.resident - early.resident <= allowed
            # All but the sizes is as it was.
            assert replace(last, resident=0, anonymous=0) == replace(early, resident=0, anonymous=0)


def report(footprints: dict[int | str, Footprint], durations: Counter[str]) -> None:
    print(f"\n  {ROUNDS * len(ROUND)} pairings in {durations.total() / 1000:.0f} s; on average")
    for name, milliseconds in durations.items():
        times = sum(begin.__name__ == name for begin, _ in ROUND) * ROUNDS
        print(f"  {milliseconds / 1000 / times:6.2f} s  {name.replace('_', ' ')}")
    for moment, footprint in footprints.items():
        print(f"  {moment:>14}: {footprint}")

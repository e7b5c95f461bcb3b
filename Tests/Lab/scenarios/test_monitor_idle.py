# SPDX-License-Identifier: Apache-2.0
"""A storm of advertising wakes nobody: not by the kernel's monitor channel, and not by the bus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from air import Air, IOCapability
from captures.btsnoop import Opcode, Record
from captures.recorder import open_channel, receive
from gateway.bluez import ADAPTER, BlueZ
from gateway.other import OtherProgram
from gateway.programs import Pairingd
from scenarios.conftest import Start
from scenarios.rules import rule

REPORTS, RATE, STRANGERS = 10_000, 1_000, 50
# Of all reports: so many must have come to the kernel.
ARRIVED = 0.8
# Signals of BlueZ that must have been on the bus, or the storm was none there.
SIGNALS = 100
# Of the daemon: its watchdog.
WAKE_UPS = 2

# Seconds in which the daemon may not wake, and so has heard of everything that is new.
SETTLED = 3

LE_META, ADVERTISING_REPORT = 0x3E, 0x02


def report(stranger: int, strength: int) -> bytes:
    """An LE Advertising Report of a random static address. BlueZ tells of a strength that changes by eight or more."""
    address = bytes([stranger, 0x55, 0x44, 0x33, 0x22, 0xD0])
    data = b"\x02\x01\x06"
    body = bytes([ADVERTISING_REPORT, 1, 0, 1]) + address + bytes([len(data)]) + data + bytes([strength & 0xFF])
    return bytes([0x04, LE_META, len(body)]) + body


STORM = [report(stranger, strength) for strength in (-40, -80) for stranger in range(STRANGERS)]


class Counter:
    """A second reader of the monitor channel, which counts the strangers' reports."""

    def __init__(self) -> None:
        self.arrived = 0

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[None]:
        with open_channel() as channel:
            loop = asyncio.get_running_loop()

            def read() -> None:
                while True:
                    try:
                        self.arrived += _is_of_the_storm(receive(channel))
                    except BlockingIOError:
                        return

            loop.add_reader(channel, read)
            try:
                yield
            finally:
                read()
                loop.remove_reader(channel)


def _is_of_the_storm(record: Record) -> bool:
    event = record.payload
    return record.opcode == Opcode.EVENT and event[0] == LE_META and event[7:12] == STORM[0][8:13]


def wake_ups(daemon: Pairingd) -> int:
    """How often its threads have slept and been woken."""
    lines = [
        line
        for status in Path(f"/proc/{daemon.pid}/task").glob("*/status")
        for line in status.read_text().splitlines()
    ]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches:"))


async def settle(daemon: Pairingd) -> None:
    """Wait until the daemon sleeps."""
    async with asyncio.timeout(60):
        before = -1
        while before != (before := wake_ups(daemon)):
            await asyncio.sleep(SETTLED)


@asynccontextmanager
async def signals(file: Path) -> AsyncIterator[None]:
    """A program writes a line into the file for each signal of BlueZ that tells of a changed device."""
    matched = "type='signal',sender='org.bluez',member='PropertiesChanged'"
    with file.open("wb") as output:
        monitor = await asyncio.create_subprocess_exec("dbus-monitor", "--system", "--profile", matched, stdout=output)
    try:
        yield
    finally:
        monitor.terminate()
        await monitor.wait()


async def test_a_storm_of_strangers_does_not_wake_an_idle_daemon(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing = tmp_path / "signals"
    async with start(rule("Door lock", IOCapability.DisplayYesNo)) as daemon:
        assert await daemon.manager("MonitorAvailable")
        counter = Counter()
        await somebody.call(ADAPTER, "Adapter1", "StartDiscovery")
        async with signals(listing):
            # That they are there is news, but only once.
            async with asyncio.timeout(60):
                while len(await bluez.devices()) < STRANGERS:
                    for packet in STORM:
                        air.inject(packet)
                    await asyncio.sleep(1)
            await settle(daemon)
            told = listing.read_bytes().count(b"\n")
            before, began = wake_ups(daemon), time.monotonic()
            async with counter.counting():
                for number in range(REPORTS):
                    air.inject(STORM[number % len(STORM)])
                    # A little ahead of the time is near enough.
                    while number > (time.monotonic() - began) * RATE + RATE / 100:
                        await asyncio.sleep(0.005)
                lasted = time.monotonic() - began
                # What is still on its way in bluetoothd and on the bus comes, too.
                await asyncio.sleep(SETTLED)
            after = wake_ups(daemon)
        told = listing.read_bytes().count(b"\n") - told
        await somebody.call(ADAPTER, "Adapter1", "StopDiscovery")
    with capsys.disabled():
        print(
            f"\n  {counter.arrived} of {REPORTS} reports came to the kernel, {REPORTS / lasted:.0f} a second, and "
            f"{told} signals of BlueZ to the bus: {after - before} wake-up(s) of pairingd"
        )
    assert counter.arrived >= ARRIVED * REPORTS
    assert told >= SIGNALS
    assert after - before <= WAKE_UPS

# SPDX-License-Identifier: Apache-2.0
"""Rules that hold only while a person keeps a window open."""

from __future__ import annotations

from air import Air, IOCapability, Peripheral, cuff
from gateway.bluez import BlueZ
from gateway.programs import Pairingd, pairingctl
from scenarios.conftest import Start
from scenarios.rules import rule

IN_A_WINDOW = rule("BLEsmart_*", IOCapability.NoInputNoOutput, 'when = "window"')

FIRST = cuff()
SECOND = cuff(address="00:5F:BF:71:81:19")


async def test_a_rule_for_a_window_holds_while_one_is_open(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(FIRST) as first, air.add(SECOND) as second, start(IN_A_WINDOW) as daemon:
        await is_refused(daemon, first)
        await window("open", "1min")
        await pairs(daemon, bluez, first)
        await window("close")
        await is_refused(daemon, second)


async def test_a_window_for_one_device_lets_in_no_other(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(FIRST) as first, air.add(SECOND) as second, start(IN_A_WINDOW) as daemon:
        await window("open", "1min", "--device", second.traits.address)
        await is_refused(daemon, first)
        await pairs(daemon, bluez, second)


async def window(*arguments: str) -> None:
    done = await pairingctl("window", *arguments)
    assert done.status == 0, done.errors


async def pairs(daemon: Pairingd, bluez: BlueZ, device: Peripheral) -> None:
    outcome = await daemon.pair(device.traits.address)
    assert (outcome.status, outcome.result, outcome.rule) == (0, "paired", "10-rule"), outcome
    assert await bluez.bonded(device.traits.address)


async def is_refused(daemon: Pairingd, device: Peripheral) -> None:
    """Refused, and it never heard from the gateway."""
    outcome = await daemon.pair(device.traits.address)
    assert (outcome.status, outcome.result) == (1, "rejected-by-policy"), outcome
    assert device.tape.connections == 0

# SPDX-License-Identifier: Apache-2.0
"""Devices that start pairings again and again, and what stops them."""

from __future__ import annotations

import asyncio
from typing import Any

from air import Air, Code, Direction, IOCapability, Peripheral, stranger
from gateway.bluez import BlueZ
from gateway.journal import record, records
from gateway.other import OtherProgram
from gateway.programs import Pairingd, pairingctl
from scenarios.conftest import Start
from scenarios.rules import rule

GUEST = rule("Guest", IOCapability.NoInputNoOutput, "accept-incoming = true", authorization='"ask"')
LIMITS = """
[limits]
failures-per-device = 2
lock-out = "5min"
"""


async def test_a_device_that_nobody_answers_is_locked_out_and_can_be_paired_from_here(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    hurry = f'{LIMITS}[requests]\ndeadline = "1s"\n'
    async with air.add(stranger(name="Guest")) as device, start(GUEST, configuration=hurry) as daemon:
        address = device.traits.address
        await somebody.find(address)
        await somebody.connect(address)
        for _ in range(2):
            await tries(device)
        assert len(await attempts(daemon, "expired")) == 2
        await is_locked_out(daemon, device)
        outcome = await daemon.pair(address)
        assert (outcome.status, outcome.result) == (0, "paired"), outcome
        assert await bluez.bonded(address)


async def test_a_window_lets_in_who_was_locked_out(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    async with air.add(stranger(name="Guest")) as device, start(GUEST, configuration=LIMITS) as daemon:
        address = device.traits.address
        await somebody.find(address)
        await somebody.connect(address)
        for _ in range(2):
            trying = asyncio.create_task(tries(device))
            await answer(daemon, "reject")
            await trying
        assert len(await attempts(daemon, "rejected-by-person")) == 2
        await is_locked_out(daemon, device)
        opened = await pairingctl("window", "open", "1min")
        assert opened.status == 0, opened.errors
        device.request_security()
        await answer(daemon, "approve")
        await record(daemon.pid, ": paired.", device=address)
        assert await bluez.bonded(address)


async def tries(device: Peripheral) -> None:
    """The device starts a pairing, and comes to nothing."""
    device.tape.clear()
    device.request_security()
    async with asyncio.timeout(10):
        await device.tape.until(Code.PAIRING_FAILED, Direction.SENT)


async def answer(daemon: Pairingd, verb: str) -> None:
    request = await daemon.next_request()
    assert request["kind"] == "authorization"
    done = await pairingctl(verb, str(request["number"]))
    assert done.status == 0, done.errors


async def attempts(daemon: Pairingd, result: str) -> list[dict[str, Any]]:
    """The records of pairings that ended like this."""
    return [record for record in await records(daemon.pid) if record.get("PAIRINGD_RESULT") == result]


async def is_locked_out(daemon: Pairingd, device: Peripheral) -> None:
    """It was said that the device is locked out, and what it tries is over before anybody was asked."""
    assert "failed 2 times" in (await record(daemon.pid, ": locked out", device.traits.address))["MESSAGE"]
    await tries(device)
    ended = await record(daemon.pid, ": locked-out.", device.traits.address)
    assert ended["PAIRINGD_RESULT"] == "locked-out"
    assert ended["PAIRINGD_DECISION"] == "rejected"
    asked = [record for record in await records(daemon.pid) if "waits for an answer" in record["MESSAGE"]]
    assert len(asked) == 2

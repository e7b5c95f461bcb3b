# SPDX-License-Identifier: Apache-2.0
"""Devices that start pairings again and again, and what stops them."""

from __future__ import annotations

import asyncio

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
        await somebody.connect(bluez, address)
        for _ in range(2):
            await tries(device)
        await is_locked_out_after(daemon, device, "expired")
        outcome = await daemon.pair(address)
        assert (outcome.status, outcome.result) == (0, "paired"), outcome
        assert await bluez.bonded(address)


async def test_a_window_lets_in_who_was_locked_out(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    async with air.add(stranger(name="Guest")) as device, start(GUEST, configuration=LIMITS) as daemon:
        address = device.traits.address
        await somebody.connect(bluez, address)
        for _ in range(2):
            trying = asyncio.create_task(tries(device))
            await answer(daemon, "reject")
            await trying
        await is_locked_out_after(daemon, device, "rejected-by-person")
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


async def is_locked_out_after(daemon: Pairingd, device: Peripheral, failure: str) -> None:
    """Two pairings ended like this, so the next one ends at once: nobody is asked."""
    await tries(device)
    await record(daemon.pid, ": locked-out.", device.traits.address)
    written = await records(daemon.pid)
    ended = [entry for entry in written if "PAIRINGD_RESULT" in entry]
    assert [entry["PAIRINGD_RESULT"] for entry in ended] == [failure, failure, "locked-out"]
    assert ended[-1]["PAIRINGD_DECISION"] == "rejected"
    assert ended[-1]["PAIRINGD_RULE"] == "10-rule"
    (said,) = [entry["MESSAGE"] for entry in written if ": locked out:" in entry["MESSAGE"]]
    assert "the device failed 2 times; it may start no pairing for 300 s" in said
    assert len([entry for entry in written if "waits for an answer" in entry["MESSAGE"]]) == 2

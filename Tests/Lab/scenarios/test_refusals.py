# SPDX-License-Identifier: Apache-2.0
"""Pairings that a device starts, on a link that another program made, and who refuses them."""

from __future__ import annotations

from air import Air, Code, Direction, IOCapability, Reason, stranger
from gateway.bluez import ADAPTER, BlueZ
from gateway.journal import record
from gateway.other import OtherProgram
from scenarios.conftest import Start
from scenarios.rules import CUFF, rule


async def test_a_stranger_that_asks_for_security_is_refused_by_the_daemon(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    # Another device may begin, so the adapter is pairable.
    phone = rule("Phone", IOCapability.DisplayYesNo, "accept-incoming = true")
    async with air.add(stranger(asks_first=True)) as device, start(CUFF, phone) as daemon:
        address = device.traits.address
        await bluez.until(ADAPTER, "Adapter1", "Pairable", True)
        await somebody.connect(bluez, address)
        # The kernel began to pair by itself, and asked because nobody had wanted that.
        written = await record(daemon.pid, "rejected-by-policy", device=address)
        assert written["PAIRINGD_RESULT"] == "rejected-by-policy"
        assert written["PAIRINGD_DECISION"] == "rejected"
        assert written["PAIRINGD_REASON"] == "no rule matches the device"
        assert written["PAIRINGD_DECIDER"] == "default"
        assert "PAIRINGD_RULE" not in written
        await device.tape.until(Code.PAIRING_FAILED, Direction.SENT)
        assert device.tape.request
        assert device.tape.failures(Direction.SENT) == [Reason.NUMERIC_COMPARISON_FAILED]
        assert not await bluez.bonded(address)


async def test_what_the_kernel_refuses_without_asking_is_recorded_too(
    air: Air, bluez: BlueZ, start: Start, somebody: OtherProgram
) -> None:
    async with air.add(stranger(asks_first=True)) as device, start(CUFF) as daemon:
        address = device.traits.address
        # No rule lets anybody begin.
        await bluez.until(ADAPTER, "Adapter1", "Pairable", False)
        await somebody.connect(bluez, address)
        written = await record(daemon.pid, "refused by the kernel", device=address)
        assert (written["PAIRINGD_DECISION"], written["PAIRINGD_DECIDER"]) == ("rejected", "kernel")
        assert "Pairing Not Supported" in written["PAIRINGD_REASON"]
        # No question, so no pairing.
        assert "PAIRINGD_PAIRING" not in written
        assert [pdu.code for pdu in device.tape.pdus] == [Code.SECURITY_REQUEST, Code.PAIRING_FAILED]
        assert device.tape.failures(Direction.SENT) == [Reason.PAIRING_NOT_SUPPORTED]
        assert not await bluez.bonded(address)

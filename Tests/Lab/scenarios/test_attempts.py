# SPDX-License-Identifier: Apache-2.0
"""Devices that do not pair at the first attempt, and pair without anybody's help."""

from __future__ import annotations

from air import Air, Code, IOCapability, Reason, cuff, refuse, refuse_capability
from gateway.bluez import BlueZ
from gateway.journal import record
from scenarios.conftest import Start
from scenarios.rules import CUFF

TWICE = CUFF.replace('"NoInputNoOutput"', '"NoInputNoOutput"\nattempts = 2')
FALLBACK = CUFF.replace('"NoInputNoOutput"', '"NoInputNoOutput"\nfallback = [{ io-capability = "KeyboardDisplay" }]')


async def test_a_cuff_whose_first_attempt_fails_is_paired_by_the_second(
    air: Air, bluez: BlueZ, start: Start
) -> None:
    async with air.add(cuff()) as device, start(TWICE) as daemon:
        device.when_next(Code.PAIRING_REQUEST, refuse(Reason.CONFIRM_VALUE_FAILED))
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (0, "paired"), outcome
        assert await bluez.bonded(device.traits.address)
        written = await record(daemon.pid, "attempt 1 of pairing", device=device.traits.address)
        assert (written["PAIRINGD_RESULT"], written["PAIRINGD_ATTEMPT"]) == ("peer-refused", "1")


async def test_a_cuff_that_refuses_one_capability_is_paired_with_another(
    air: Air, bluez: BlueZ, start: Start
) -> None:
    async with air.add(cuff()) as device, start(FALLBACK) as daemon:
        device.whenever(Code.PAIRING_REQUEST, refuse_capability(IOCapability.NoInputNoOutput))
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (0, "paired"), outcome
        assert device.tape.request.io_capability is IOCapability.KeyboardDisplay
        assert await bluez.bonded(device.traits.address)
        # The next time it begins with what worked.
        await bluez.remove_all()
        device.tape.clear()
        outcome = await daemon.pair(device.traits.address)
        assert outcome.result == "paired", outcome
        assert [pdu.code for pdu in device.tape.pdus].count(Code.PAIRING_REQUEST) == 1

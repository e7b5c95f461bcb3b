# SPDX-License-Identifier: Apache-2.0
"""What pairingd still knows after a restart."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from air import Air, Code, IOCapability, Peripheral, Reason, cuff
from gateway.bluez import BlueZ
from gateway.client import Client
from scenarios.conftest import Start
from scenarios.rules import CUFF
from scenarios.test_attempts import FALLBACK


async def test_what_is_known_of_a_bond_survives_a_restart(air: Air, bluez: BlueZ, start: Start) -> None:
    traits = cuff()
    async with air.add(traits):
        async with start(CUFF) as daemon, Client.open() as client:
            assert (await daemon.pair(traits.address)).result == "paired"
            before = client.device(traits.address)
            assert (before["Security"], before["KeySize"]) == ("encrypted", 16)
            assert abs(before["LastPaired"] / 1e6 - time.time()) < 60
        async with start(CUFF), Client.open() as client:
            await client.until(lambda: client.device(traits.address))
            after = client.device(traits.address)
            names = ("BondState", "Security", "SecureConnections", "KeySize", "LastResult", "LastPaired", "Rule")
            assert {name: after[name] for name in names} == {name: before[name] for name in names}
            assert (after["BondState"], after["LastResult"]) == ("kept", "paired")


@pytest.mark.full
async def test_the_capability_that_worked_comes_first_after_a_restart(air: Air, bluez: BlueZ, start: Start) -> None:
    def be_picky(peripheral: Peripheral, proceed: Callable[[], None]) -> None:
        if peripheral.tape.request.io_capability is IOCapability.NoInputNoOutput:
            peripheral.send_failure(int(Reason.UNSPECIFIED))
        else:
            proceed()

    async with air.add(cuff()) as device:
        device.whenever(Code.PAIRING_REQUEST, be_picky)
        async with start(FALLBACK) as daemon:
            assert (await daemon.pair(device.traits.address)).result == "paired"
        await bluez.remove_all()
        device.tape.clear()
        async with start(FALLBACK) as daemon:
            assert (await daemon.pair(device.traits.address)).result == "paired"
        assert len(device.tape.of(Code.PAIRING_REQUEST)) == 1
        assert device.tape.request.io_capability is IOCapability.KeyboardDisplay

# SPDX-License-Identifier: Apache-2.0
"""Devices that say in their advertising data whether they are ready to pair."""

from __future__ import annotations

from air import CUFF_IDLE, CUFF_READY, Air, cuff
from gateway.bluez import BlueZ
from scenarios.conftest import Start
from scenarios.rules import CUFF

CAREFUL = f"""{CUFF}
[pairing-mode]
manufacturer-data = {{ company = 0x020E, offset = 1, mask = 0x08, value = 0x08 }}
"""


async def test_a_cuff_is_left_alone_until_its_button_is_pressed(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(cuff(manufacturer_data=CUFF_IDLE)) as device, start(CAREFUL) as daemon:
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (1, "peer-not-in-pairing-mode"), outcome
        assert not device.tape.pdus
        assert device.tape.connections == 0
        await device.change(manufacturer_data=CUFF_READY)
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (0, "paired"), outcome
        assert device.tape.request
        assert await bluez.bonded(device.traits.address)

# SPDX-License-Identifier: Apache-2.0
"""Who answers what devices start: pairingd, or a program that takes its place."""

from __future__ import annotations

import asyncio

from air import Air, cuff
from gateway.bluez import BlueZ
from gateway.other import OtherProgram
from gateway.programs import Pairingd
from scenarios.conftest import Start
from scenarios.rules import CUFF

AGENT = "/test/agent"


async def is_told(daemon: Pairingd, state: str) -> None:
    async with asyncio.timeout(10):
        while await daemon.manager("DefaultAgent") != state:
            await asyncio.sleep(0.1)


async def test_a_program_that_takes_the_default_agent_is_told_until_it_ends(
    air: Air, bluez: BlueZ, start: Start
) -> None:
    async with air.add(cuff()) as device, start(CUFF) as daemon:
        await is_told(daemon, "held")
        async with OtherProgram.open() as other:
            await other.call("/org/bluez", "AgentManager1", "RegisterAgent", "os", AGENT, "NoInputNoOutput")
            await other.call("/org/bluez", "AgentManager1", "RequestDefaultAgent", "o", AGENT)
            await is_told(daemon, "lost")
        await is_told(daemon, "held")
        # A pairing of ours, with another capability than the default agent's, is none of somebody else's.
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (0, "paired"), outcome
        assert await daemon.manager("DefaultAgent") == "held"

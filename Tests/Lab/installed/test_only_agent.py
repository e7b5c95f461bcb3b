# SPDX-License-Identifier: Apache-2.0
"""The bus policy that keeps BlueZ's default agent for the daemon, which whoever wants it puts into force."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from air import Air, cuff
from gateway.bluez import BlueZ
from gateway.command import run
from gateway.programs import pair
from gateway.terminal import terminal
from installed import service
from scenarios.rules import CUFF

SHIPPED = Path("/usr/share/doc/pairingd/pairingd-only-agent.conf")
IN_FORCE = Path("/etc/dbus-1/system-local.conf")


@pytest.fixture
async def only_agent(bluez: BlueZ) -> AsyncIterator[None]:
    shutil.copy(SHIPPED, IN_FORCE)
    await service.manage("reload", "dbus")
    await service.manage("restart", service.UNIT)
    yield
    IN_FORCE.unlink()
    await service.manage("reload", "dbus")


async def test_nobody_but_the_daemon_becomes_the_default_agent_not_even_root(
    air: Air, bluez: BlueZ, only_agent: None
) -> None:
    await service.says("DefaultAgent", "held")
    # The likeliest thief: an administrator at a terminal.
    async with terminal("bluetoothctl") as person:
        await person.shows("Agent registered")
        person.type("default-agent\n")
        await person.shows("Failed to request default agent")
    call = ("busctl", "call", "org.bluez", "/org/bluez", "org.bluez.AgentManager1", "RequestDefaultAgent", "o", "/a")
    refused = await run(*call)
    assert "Access denied" in refused.errors or "AccessDenied" in refused.errors, refused
    service.write_rule(CUFF)
    await service.manage("reload", service.UNIT)
    async with air.add(cuff()) as device:
        assert (await pair(device.traits.address)).result == "paired"
        assert await bluez.bonded(device.traits.address)

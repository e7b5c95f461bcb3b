# SPDX-License-Identifier: Apache-2.0
"""A daemon that does not run, and somebody who calls it."""

from __future__ import annotations

from gateway.bluez import BlueZ
from gateway.command import run
from gateway.programs import MANAGER, SERVICE, pairingctl
from installed import service


async def test_a_call_starts_a_daemon_that_was_stopped(bluez: BlueZ) -> None:
    await service.manage("stop", service.UNIT)
    await service.until(ActiveState="inactive")
    answer = await run("busctl", "get-property", SERVICE, MANAGER, f"{SERVICE}.Manager1", "Version")
    assert answer.status == 0, answer.errors
    assert (await service.properties())["ActiveState"] == "active"
    await service.says("DefaultAgent", "held")


async def test_a_call_does_not_start_a_daemon_that_is_disabled(bluez: BlueZ) -> None:
    await service.manage("disable", "--now", service.UNIT)
    try:
        done = await pairingctl("devices")
        assert done.status == 3, done
        assert "systemctl enable --now pairingd" in done.errors, done.errors
        assert (await service.properties())["ActiveState"] == "inactive"
    finally:
        await service.manage("enable", "--now", service.UNIT)

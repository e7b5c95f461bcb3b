# SPDX-License-Identifier: Apache-2.0
"""From one version to the next, and away."""

from __future__ import annotations

import re
from pathlib import Path

from air import Air, cuff
from gateway.bluez import BlueZ
from gateway.command import run
from gateway.programs import SERVICE, pair, pairingctl
from installed import packages, service
from scenarios.rules import CUFF

SETTINGS = service.CONFIGURATION / "pairingd.toml"
CHANGED = "\n# An administrator was here.\n"

# What may be left of a package that was purged, and why.
NOT_OURS = {
    r"/var/lib/(apt|dpkg)/.*|/var/log/(apt|dpkg).*|/var/cache/(apt|ldconfig|debconf)/.*": "the books of apt and dpkg",
    r"/var/lib/bluetooth/.*": "devices are BlueZ's",
    r"/var/log/journal/.*": "what happened stays told",
    r"/var/lib/systemd/.*|/var/tmp/systemd-private-.*": "of services that have run meanwhile",
    r"/etc/(passwd|group|shadow|gshadow)-|/etc/.pwd.lock": "the user stays, so that its number becomes nobody else's",
}


async def test_an_upgrade_keeps_bonds_rules_records_and_settings(air: Air, bluez: BlueZ, tmp_path: Path) -> None:
    service.write_rule(CUFF)
    with SETTINGS.open("a") as file:
        file.write(CHANGED)
    await service.manage("reload", service.UNIT)
    async with air.add(cuff()) as device:
        address = device.traits.address
        assert (await pair(address)).result == "paired"
        daemon = await service.pid()
        before = await packages.version("pairingd")
        await packages.apt("install", *(str(package) for package in await packages.newer(tmp_path)))
        assert await packages.version("pairingd") == f"{before}+next"
        await service.another_process(than=daemon)
        await service.says("DefaultAgent", "held")
        assert await bluez.bonded(address)
        shown = await pairingctl("show", address, "--json")
        assert '"kept"' in shown.output and '"encrypted"' in shown.output, shown
        assert CHANGED in SETTINGS.read_text()
        assert (service.RULES / "10-test.toml").read_text() == CUFF
        history = await pairingctl("history", "--json", address)
        assert '"paired"' in history.output, history
        assert (await pair(address)).result == "already-bonded"


async def test_a_removal_stops_the_service_and_keeps_what_was_configured(files_before: frozenset[str]) -> None:
    with SETTINGS.open("a") as file:
        file.write(CHANGED)
    await packages.apt("remove", "pairingd")
    assert (await service.properties())["ActiveState"] == "inactive"
    assert (await run("busctl", "status", SERVICE)).status != 0
    assert not Path("/usr/libexec/pairingd").exists()
    assert CHANGED in SETTINGS.read_text()
    assert service.STATE.is_dir()
    assert (await service.properties(service.BLUETOOTH))["ActiveState"] == "active"


async def test_a_purge_leaves_nothing(files_before: frozenset[str]) -> None:
    await packages.apt("purge", "pairingd", "pairingctl")
    left = await packages.everything() - files_before
    assert sorted(name for name in left if not any(re.fullmatch(known, name) for known in NOT_OURS)) == []

# SPDX-License-Identifier: Apache-2.0
"""What there is once the packages are installed, before anybody does anything."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from gateway.bluez import BlueZ
from gateway.command import run
from gateway.programs import MANAGER, get
from installed import packages, service

CAP_NET_RAW = 1 << 13
# As `systemd-analyze security` counts, from 0 to 10.
HIGHEST_EXPOSURE = 1.5


async def status() -> dict[str, str]:
    """What the kernel says of the daemon's process."""
    lines = Path(f"/proc/{await service.pid()}/status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


async def test_after_the_installation_pairingd_is_enabled_and_runs(bluez: BlueZ) -> None:
    unit = await service.properties()
    assert (unit["UnitFileState"], unit["ActiveState"], unit["SubState"]) == ("enabled", "active", "running"), unit
    assert unit["Type"] == "notify"
    assert unit["NRestarts"] == "0"
    assert await get(MANAGER, "Manager1", "DefaultAgent") == "held"
    assert (await service.properties(service.BLUETOOTH))["ActiveState"] == "active"


async def test_the_daemon_has_a_user_of_its_own_and_one_capability(bluez: BlueZ) -> None:
    present = await status()
    user = str(pwd.getpwnam("pairingd").pw_uid)
    assert present["Uid"].split() == [user] * 4
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(present[kind], 16) == CAP_NET_RAW, (kind, present[kind])
    assert present["NoNewPrivs"] == "1"
    # 2: a filter.
    assert present["Seccomp"] == "2"
    assert await get(MANAGER, "Manager1", "MonitorAvailable") is True


async def test_no_record_since_the_installation_is_a_warning(bluez: BlueZ) -> None:
    written = await service.records()
    assert written, "the journal has nothing of pairingd.service"
    worse = [each["MESSAGE"] for each in written if int(each["PRIORITY"]) <= 4]
    assert worse == []


async def test_what_an_attacker_of_the_daemon_could_reach_is_little(
    bluez: BlueZ, capsys: pytest.CaptureFixture[str]
) -> None:
    overall = (await run("systemd-analyze", "security", "--no-pager", service.UNIT)).output.splitlines()[-1]
    # "→ Overall exposure level for pairingd.service: 1.2 OK 🙂"
    exposure = float(overall.split(":", 1)[1].split()[0])
    unit = await service.properties()
    started, ready = (int(unit[name]) for name in ("ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic"))
    present = await status()
    resident, anonymous = (int(present[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))
    sizes = ", ".join(f"{file.name} {file.stat().st_size / 1e6:.1f} MB" for file in packages.files())
    with capsys.disabled():
        print(
            f"\n  exposure {exposure} (at most {HIGHEST_EXPOSURE}); {resident:.1f} MB resident, {anonymous:.1f} MB of"
            f" them anonymous; ready {(ready - started) / 1000:.0f} ms after its start (emulated processor); {sizes}"
        )
    assert exposure <= HIGHEST_EXPOSURE

# SPDX-License-Identifier: Apache-2.0
"""Who may act where the real polkitd decides."""

from __future__ import annotations

import asyncio
import shutil

from air import Air, IOCapability, cuff
from gateway.bluez import BlueZ
from gateway.command import run
from gateway.polkit import becomes, call_as, in_session, polkitd
from gateway.programs import BINARIES
from gateway.terminal import terminal
from scenarios.conftest import Start
from scenarios.rules import rule

CUFF = rule("BLEsmart_*", IOCapability.NoInputNoOutput)
# A user that every Debian has, and that nobody is.
MEMBER = "games"


async def test_polkit_decides_and_its_rules_change_while_pairingd_runs(air: Air, bluez: BlueZ, start: Start) -> None:
    joined = await run("usermod", "--append", "--groups", "bluetooth", MEMBER)
    assert joined.status == 0, joined.errors
    async with air.add(cuff()) as device, start(CUFF):
        # Without polkit the group decides.
        assert (await call_as(MEMBER, "Reload")).status == 0
        assert "members of the group bluetooth" in (await call_as("nobody", "Reload")).errors
        async with polkitd() as polkit:
            for user in ("nobody", MEMBER):
                refused = await call_as(user, "Reload")
                assert refused.status != 0
                assert "needs an administrator's password" in refused.errors, refused.errors
            assert (await call_as("root", "Reload")).status == 0

            polkit.allow_group()
            await becomes(MEMBER, "Reload", allowed=True)
            done = await call_as(MEMBER, "Pair", "sa{sv}", device.traits.address, "0")
            assert done.status == 0, done.errors
            async with asyncio.timeout(40):
                while not await bluez.bonded(device.traits.address):
                    await asyncio.sleep(0.1)
            assert (await call_as("nobody", "Reload")).status != 0

            polkit.forget_group()
            await becomes(MEMBER, "Reload", allowed=False)
            assert (await call_as("root", "Reload")).status == 0
        assert (await call_as(MEMBER, "Reload")).status == 0


async def test_somebody_at_a_terminal_is_asked_for_an_administrators_password(start: Start) -> None:
    # Where the build lies, another user may not look.
    command = shutil.copy(BINARIES / "pairingctl", "/run/pairingctl")
    done = await run("chpasswd", stdin="root:let me in\n")
    assert done.status == 0, done.errors
    async with start(CUFF), polkitd():
        reload = in_session("nobody", command, "reload")
        async with terminal(*reload) as person:
            await person.shows("Authentication is required to forget Bluetooth devices")
            await person.shows("Password:")
            person.type("let me in\n")
            assert await person.status() == 0, person.shown
            assert "let me in" not in person.shown
        async with terminal(*reload) as person:
            await person.shows("Password:")
            person.type("a guess\n")
            assert await person.status() == 4, person.shown

# SPDX-License-Identifier: Apache-2.0
"""Who may act, as polkit decides where systemd starts it."""

from __future__ import annotations

from gateway.bluez import BlueZ
from gateway.command import run
from gateway.polkit import Polkit, becomes, call_as
from gateway.programs import pairingctl

# A user that every Debian has, and that nobody is.
MEMBER = "games"


async def test_a_member_of_the_group_may_where_a_rule_of_polkit_says_so(bluez: BlueZ) -> None:
    joined = await run("usermod", "--append", "--groups", "bluetooth", MEMBER)
    assert joined.status == 0, joined.errors
    polkit = Polkit()
    try:
        refused = await call_as(MEMBER, "Reload")
        assert refused.status != 0
        assert "needs an administrator's password" in refused.errors, refused.errors
        polkit.allow_group()
        await becomes(MEMBER, "Reload", allowed=True)
        assert (await call_as("nobody", "Reload")).status != 0
    finally:
        polkit.forget_group()
        await becomes(MEMBER, "Reload", allowed=False)
    assert (await pairingctl("reload")).status == 0

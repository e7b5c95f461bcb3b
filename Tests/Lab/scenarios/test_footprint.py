# SPDX-License-Identifier: Apache-2.0
"""What the daemon takes, after it has worked."""

from __future__ import annotations

import pytest

from air import Air, cuff
from gateway.bluez import BlueZ
from gateway.programs import pairingctl
from scenarios.conftest import Start
from scenarios.rules import CUFF

PAIRINGS = 20


async def test_after_twenty_pairings_there_is_one_thread(
    air: Air, bluez: BlueZ, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    async with air.add(cuff()) as device, start(CUFF) as daemon:
        for _ in range(PAIRINGS):
            outcome = await daemon.pair(device.traits.address)
            assert outcome.result == "paired", outcome
            assert (await pairingctl("forget", device.traits.address)).status == 0
        threads = daemon.status_field("Threads")
        resident, anonymous = (daemon.status_field(name) / 1024 for name in ("VmRSS", "RssAnon"))
        with capsys.disabled():
            print(
                f"\n  after {PAIRINGS} pairings: {threads} thread(s), "
                f"{resident:.1f} MB resident (aim 10), {anonymous:.1f} MB anonymous (aim 2)"
            )
        assert threads == 1

# SPDX-License-Identifier: Apache-2.0
"""One rule, one device, and what the journal tells of it."""

from __future__ import annotations

import json

from air import Air, Code, IOCapability, Reason, cuff, refuse
from gateway.bluez import BlueZ
from gateway.command import run
from gateway.programs import pair, pairingctl
from installed import service
from scenarios.rules import CUFF


async def test_with_one_rule_the_cuff_pairs_and_the_journal_says_so(air: Air, bluez: BlueZ) -> None:
    service.write_rule(CUFF)
    await service.manage("reload", service.UNIT)
    async with air.add(cuff()) as device:
        address = device.traits.address
        outcome = await pair(address)
        assert (outcome.status, outcome.result, outcome.rule) == (0, "paired", "10-test"), outcome
        # Only with the monitor channel it is known what the bond is worth.
        assert outcome.document["security"] == "encrypted", outcome
        assert await bluez.bonded(address)
        assert device.tape.request.io_capability is IOCapability.NoInputNoOutput
        written = await service.record("paired", f"PAIRINGD_DEVICE={address}")
        assert written["PAIRINGD_RESULT"] == "paired"
        history = await pairingctl("history", "--json", address)
        assert history.status == 0, history.errors
        assert "paired" in history.output, history


async def test_a_refusal_is_explained_below_its_record(air: Air, bluez: BlueZ) -> None:
    service.write_rule(CUFF)
    await service.manage("reload", service.UNIT)
    async with air.add(cuff()) as device:
        address = device.traits.address
        device.whenever(Code.PAIRING_REQUEST, refuse(Reason.PAIRING_NOT_SUPPORTED))
        assert (await pair(address)).result == "peer-refused"
        explanation = json.loads((await pairingctl("explain", "--json")).output)
        written = await service.record("peer-refused", f"PAIRINGD_DEVICE={address}")
        # Nobody but the package has told journald of the catalog.
        shown = await run("journalctl", "-x", "--no-pager", f"MESSAGE_ID={written['MESSAGE_ID']}")
        assert f"Pairing with {address} failed: peer-refused" in shown.output, shown
        assert explanation["summary"] in shown.output, shown

# SPDX-License-Identifier: Apache-2.0
"""A pairing that fails is explained so well that the remedy can be taken as it stands."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from air import Air, Code, IOCapability, cuff, refuse_capability
from gateway.bluez import BlueZ
from gateway.command import run
from gateway.programs import BINARIES, pairingctl
from scenarios.conftest import Start
from scenarios.rules import CUFF


async def explain(address: str) -> dict[str, Any]:
    """What `pairingctl explain` says of the last pairing with a device."""
    done = await pairingctl("explain", address, "--json")
    assert done.status == 0, (done.output, done.errors)
    report: dict[str, Any] = json.loads(done.output)
    return report


async def test_a_cuff_that_refuses_without_a_reason_is_paired_by_what_explain_says(
    air: Air, bluez: BlueZ, start: Start
) -> None:
    async with air.add(cuff()) as device, start(CUFF) as daemon:
        address = device.traits.address
        device.whenever(Code.PAIRING_REQUEST, refuse_capability(IOCapability.NoInputNoOutput))
        outcome = await daemon.pair(address)
        assert (outcome.status, outcome.result) == (1, "peer-refused"), outcome
        assert not await bluez.bonded(address)

        report = await explain(address)
        assert (report["finding"], report["stopped_by"]) == ("refused-without-reason", "device"), report
        # The cuff answers with Pairing Failed instead of an offer of its own.
        (offer,) = report["offers"]
        assert (offer["from"], offer["io_capability"], offer["mitm_protection"]) == ("us", "NoInputNoOutput", False)
        assert offer["authentication_requirements"] == int(device.tape.request.auth_req), offer
        causes = report["causes"]
        assert "pairing mode" in causes[0]["text"], causes
        helpful = [cause for cause in causes if "[[pairing.fallback]]" in cause["rule_lines"]]
        assert helpful and not causes[0]["rule_lines"], causes
        assert [step["title"] for step in report["steps"] if step["arrow"] in ("sent", "received")] == [
            "Pairing Request",
            "Pairing Failed",
        ], report["steps"]

        (rule,) = daemon.replace_rules(CUFF + "\n" + "\n".join(helpful[0]["rule_lines"]) + "\n")
        reloaded = await pairingctl("reload")
        assert reloaded.status == 0, (rule.read_text(), reloaded.errors)
        outcome = await daemon.pair(address)
        assert (outcome.status, outcome.result) == (0, "paired"), outcome
        assert await bluez.bonded(address)
        assert device.tape.request.io_capability is not IOCapability.NoInputNoOutput
        assert (await explain(address))["finding"] == "paired"


async def test_the_next_pairing_is_captured_and_the_file_explained(
    air: Air, bluez: BlueZ, start: Start, tmp_path: Path
) -> None:
    file = tmp_path / "next.btsnoop"
    async with air.add(cuff()) as device, start(CUFF) as daemon:
        recording = asyncio.create_task(pairingctl("capture", str(file), "--timeout", "60"))
        async with asyncio.timeout(20):
            while not file.exists():
                await asyncio.sleep(0.05)
        outcome = await daemon.pair(device.traits.address)
        assert (outcome.status, outcome.result) == (0, "paired"), outcome
        done = await recording
        assert done.status == 0, (done.output, done.errors)
        assert file.stat().st_mode & 0o777 == 0o600
        explained = await pairingctl("explain", "--json", str(file))
        (report,) = [json.loads(line) for line in explained.output.splitlines()]
        assert (report["finding"], report["address"]) == ("paired", device.traits.address), report
        # What the daemon saw and what the file shows is the same pairing.
        live = await explain(device.traits.address)
        assert (live["offers"], live["model"]) == (report["offers"], report["model"])


async def test_who_may_not_read_the_monitor_channel_is_told_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "none.btsnoop"
    done = await run("setpriv", "--reuid=65534", "--clear-groups", str(BINARIES / "pairingctl"), "capture", str(file))
    assert done.status == 4, (done.output, done.errors)
    assert "CAP_NET_RAW" in done.errors or "root" in done.errors, done.errors
    assert not file.exists()

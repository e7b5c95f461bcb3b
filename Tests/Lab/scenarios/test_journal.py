# SPDX-License-Identifier: Apache-2.0
"""What `journalctl -x` says below the records."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from air import Air, Code, Reason, cuff, refuse, stranger
from gateway.bluez import BlueZ
from gateway.command import run
from gateway.journal import record
from gateway.programs import Pairingd, pairingctl
from scenarios.conftest import Start
from scenarios.rules import CUFF

CATALOG = Path(__file__).parents[3] / "systemd" / "pairingd.catalog"


async def explained(daemon: Pairingd, message_id: str) -> str:
    """The records of one kind, as somebody reads them where pairingd is installed."""
    folder = Path("/usr/lib/systemd/catalog")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(CATALOG, folder)
    update = await run("journalctl", "--update-catalog")
    assert update.status == 0, update
    answer = await run("journalctl", "-x", "--no-pager", f"_PID={daemon.pid}", f"MESSAGE_ID={message_id}")
    # A field that is missing would be shown as its name.
    assert "PAIRINGD_" not in answer.output, answer.output
    return answer.output


async def test_a_refusal_of_the_device_is_explained_as_explain_does(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(cuff()) as device, start(CUFF) as daemon:
        address = device.traits.address
        device.whenever(Code.PAIRING_REQUEST, refuse(Reason.PAIRING_NOT_SUPPORTED))
        assert (await daemon.pair(address)).result == "peer-refused"
        written = await record(daemon.pid, "peer-refused", device=address)
        answer = await pairingctl("explain", "--json")
        explanation = json.loads(answer.output)
        assert written["PAIRINGD_FINDING"] == explanation["finding"] == "not-in-pairing-mode"
        assert written["PAIRINGD_SUMMARY"] == explanation["summary"]
        text = await explained(daemon, written["MESSAGE_ID"])
        assert f"Pairing with {address} failed: peer-refused" in text, text
        assert explanation["summary"] in text, text
        assert explanation["causes"][0]["remedy"] in text, text
        assert "Documentation: man:pairingd(8)" in text, text


async def test_a_refusal_by_policy_says_what_to_write(air: Air, bluez: BlueZ, start: Start) -> None:
    async with air.add(stranger()) as device, start(CUFF) as daemon:
        address = device.traits.address
        assert (await daemon.pair(address)).result == "rejected-by-policy"
        written = await record(daemon.pid, "rejected-by-policy", device=address)
        assert written["PAIRINGD_FINDING"] == "decided-here"
        text = await explained(daemon, written["MESSAGE_ID"])
        assert f"Pairing with {address} failed: rejected-by-policy" in text, text
        assert "/etc/pairingd/devices.d" in text, text

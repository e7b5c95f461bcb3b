# SPDX-License-Identifier: Apache-2.0
"""A name comes over the air from anybody, and must not be obeyed by a terminal or break a record."""

from __future__ import annotations

from air import Air, IOCapability, stranger
from gateway.bluez import BlueZ
from gateway.journal import records
from gateway.programs import pairingctl
from gateway.text import dangerous
from scenarios.conftest import Start

# Clears the screen and colours it, turns the reading direction around, and starts a line of its own.
HOSTILE = b"\x1b[2J\x1b[31m\xe2\x80\xaelock\r\n\xe2\x81\xa7ok"


async def test_a_hostile_name_reaches_no_terminal_and_no_record_unescaped(
    air: Air, bluez: BlueZ, start: Start
) -> None:
    traits = stranger(name=HOSTILE)
    policy = f"""
[match]
address = ["{traits.address}"]
[pairing]
io-capability = "{IOCapability.NoInputNoOutput.name}"
"""
    async with air.add(traits), start(policy) as daemon:
        paired = await pairingctl("pair", traits.address)
        assert paired.status == 0, paired
        # BlueZ passes the name on as it came; otherwise this test would show nothing.
        assert dangerous(await bluez.device(traits.address, "Name"))
        for arguments in ([], ["devices"], ["devices", "--json"], ["requests"], ["pair", traits.address]):
            done = await pairingctl(*arguments)
            assert not dangerous(done.output + done.errors), arguments
        written = await records(daemon.pid)
        assert written
        for record in written:
            for field, value in record.items():
                if field != "MESSAGE" and not field.startswith("PAIRINGD_"):
                    continue  # journald's own fields
                # journalctl prints a value that is not clean text as a list of bytes.
                assert isinstance(value, str), field
                assert not dangerous(value), field
                assert field == "MESSAGE" or "\n" not in value, field

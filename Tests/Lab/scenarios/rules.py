# SPDX-License-Identifier: Apache-2.0
"""Rule files for the devices of `air.presets`."""

from __future__ import annotations

from air import IOCapability

# How an unattended gateway takes a blood-pressure cuff.
CUFF = """
description = "Omron blood-pressure monitors"

[match]
name = ["BLEsmart_*"]
manufacturer = 0x020E

[pairing]
io-capability = "NoInputNoOutput"

[answer]
authorization = "accept"
confirmation = "reject"
passkey = "reject"
"""


def rule(name: str, capability: IOCapability, pairing: str = "", **answers: str) -> str:
    """A rule for the device of this name. Answers are TOML: `passkey='{ value = "123456" }'`; so are further lines
    of `[pairing]`: `'when = "window"'`."""
    lines = "\n".join(f"{question} = {answer}" for question, answer in answers.items())
    return f"""
description = "{name}"

[match]
name = ["{name}"]

[pairing]
io-capability = "{capability.name}"
{pairing}

[answer]
{lines}
"""

# SPDX-License-Identifier: Apache-2.0
"""Devices to take as they are or to vary: `cuff(asks_first=True)`."""

from __future__ import annotations

from typing import Any

from air.protocol import IOCapability
from air.traits import Traits

OMRON = 0x020E
BLOOD_PRESSURE = 0x1810

# What a cuff advertises after its company: format 1; one user, and 0x08 while it is in pairing mode; then a record
# counter and time.
CUFF_READY = bytes.fromhex("0109b80064000000")
CUFF_IDLE = bytes.fromhex("0101b80064000000")


def cuff(**changes: Any) -> Traits:
    """An Omron blood-pressure cuff in pairing mode, as it was captured: no way to show or enter anything, legacy
    pairing, bonding without MITM protection (AuthReq 0x01), keys for encryption and identity."""
    address = changes.pop("address", "00:5F:BF:71:81:18")
    traits: dict[str, Any] = {
        "name": "BLEsmart_00000244" + address.replace(":", ""),
        "address": address,
        "public": True,
        "io_capability": IOCapability.NoInputNoOutput,
        "secure_connections": False,
        "mitm": False,
        "services": (BLOOD_PRESSURE,),
        "company": OMRON,
        "manufacturer_data": CUFF_READY,
    }
    return Traits(**(traits | changes))


def comparison_lock(**changes: Any) -> Traits:
    """A door lock with a display and two buttons: numeric comparison."""
    traits: dict[str, Any] = {
        "name": "Door lock",
        "address": "C4:11:22:33:44:01",
        "io_capability": IOCapability.DisplayYesNo,
        "mitm": True,
    }
    return Traits(**(traits | changes))


def meter(**changes: Any) -> Traits:
    """A glucose meter that shows a passkey, which the gateway has to enter."""
    traits: dict[str, Any] = {
        "name": "Meter",
        "address": "C4:11:22:33:44:02",
        "io_capability": IOCapability.DisplayOnly,
        "mitm": True,
        "services": (0x1808,),
    }
    return Traits(**(traits | changes))


def keyboard(**changes: Any) -> Traits:
    """A keyboard, on which the gateway's passkey has to be typed."""
    traits: dict[str, Any] = {
        "name": "Keyboard",
        "address": "C4:11:22:33:44:03",
        "io_capability": IOCapability.KeyboardOnly,
        "mitm": True,
    }
    return Traits(**(traits | changes))


def stranger(**changes: Any) -> Traits:
    """A device that no rule knows."""
    return Traits(**({"name": "Stranger", "address": "D0:99:88:77:66:55"} | changes))

# SPDX-License-Identifier: Apache-2.0
"""The air: a virtual controller that the kernel knows as hci0, and the devices around it."""

from air.central import Central
from air.ether import Air
from air.peripheral import Peripheral
from air.presets import CUFF_IDLE, CUFF_READY, comparison_lock, cuff, keyboard, meter, stranger
from air.protocol import Code, Direction, IOCapability, PairingFeatures, Reason
from air.reactions import Reaction, answer, delay, hang_up, refuse, refuse_capability, stay_silent, vanish
from air.tape import PDU, Tape
from air.traits import Traits

__all__ = [
    "CUFF_IDLE",
    "CUFF_READY",
    "PDU",
    "Air",
    "Central",
    "Code",
    "Direction",
    "IOCapability",
    "PairingFeatures",
    "Peripheral",
    "Reaction",
    "Reason",
    "Tape",
    "Traits",
    "answer",
    "comparison_lock",
    "cuff",
    "delay",
    "hang_up",
    "keyboard",
    "meter",
    "refuse",
    "refuse_capability",
    "stay_silent",
    "stranger",
    "vanish",
]

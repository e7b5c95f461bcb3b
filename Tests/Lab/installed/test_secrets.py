# SPDX-License-Identifier: Apache-2.0
"""Digits that the daemon reads though it is not root, and nobody else does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from air import Air, IOCapability, meter
from gateway.bluez import BlueZ
from gateway.programs import pair
from installed import service
from scenarios.rules import rule

DIGITS = "042137"
CREDENTIALS = service.CONFIGURATION / "credentials"


@pytest.fixture
def credential() -> Iterator[Path]:
    """A file that only root may read."""
    CREDENTIALS.mkdir(mode=0o700)
    file = CREDENTIALS / "meter"
    file.touch(mode=0o600)
    file.write_text(DIGITS)
    yield file
    shutil.rmtree(CREDENTIALS)


async def enters_the_digits(air: Air, bluez: BlueZ) -> None:
    async with air.add(meter(passkey=DIGITS)) as device:
        outcome = await pair(device.traits.address)
        assert (outcome.status, outcome.result, outcome.rule) == (0, "paired", "10-test"), outcome
        assert outcome.document["security"] == "authenticated", outcome
        assert await bluez.bonded(device.traits.address)
    written = [str(each) for each in await service.records()]
    assert not [each for each in written if DIGITS in each]


async def test_a_credential_of_a_drop_in_is_entered_as_passkey(air: Air, bluez: BlueZ, credential: Path) -> None:
    await service.drop_in(f"[Service]\nLoadCredential=meter:{credential}\n")
    service.write_rule(rule("Meter", IOCapability.KeyboardOnly, passkey='{ credential = "meter" }'))
    await service.manage("restart", service.UNIT)
    await enters_the_digits(air, bluez)


async def test_a_credential_that_the_unit_does_not_load_is_an_error_of_the_rule(bluez: BlueZ) -> None:
    service.write_rule(rule("Meter", IOCapability.KeyboardOnly, passkey='{ credential = "meter" }'))
    failed = await service.systemctl("reload", service.UNIT)
    assert failed.status != 0
    message = str((await service.record("the rule files have errors"))["MESSAGE"])
    assert "10-test.toml:" in message and "restart" in message, message


async def test_a_rule_with_digits_belongs_to_root_and_the_daemons_group(air: Air, bluez: BlueZ) -> None:
    file = service.write_rule("")
    file.chmod(0o640)
    shutil.chown(file, "root", "pairingd")
    service.write_rule(rule("Meter", IOCapability.KeyboardOnly, passkey=f'{{ value = "{DIGITS}" }}'))
    await service.manage("reload", service.UNIT)
    await enters_the_digits(air, bluez)


async def test_a_rule_with_digits_that_everybody_can_read_is_refused(bluez: BlueZ) -> None:
    service.write_rule(rule("Meter", IOCapability.KeyboardOnly, passkey=f'{{ value = "{DIGITS}" }}'))
    failed = await service.systemctl("reload", service.UNIT)
    assert failed.status != 0
    message = str((await service.record("the rule files have errors"))["MESSAGE"])
    assert "10-test.toml" in message and DIGITS not in message, message

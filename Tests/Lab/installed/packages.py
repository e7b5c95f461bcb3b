# SPDX-License-Identifier: Apache-2.0
"""The .deb files that the host built, and what apt does with them."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.command import Completed, run

FOLDER = Path(os.environ.get("PAIRINGD_PACKAGES", "."))
NAMES = ("pairingd", "pairingctl")

# Where programs run and packages leave files; not what is in memory.
LOOKED_AT = ("/etc", "/usr", "/var")


def files() -> list[Path]:
    """The packages: what the daemon is in, and what the command is in."""
    return [next(FOLDER.glob(f"{name}_*_amd64.deb")) for name in NAMES]


async def apt(*arguments: str) -> Completed:
    """apt, without a network and without anybody to ask."""
    environment = ("env", "DEBIAN_FRONTEND=noninteractive", "APT_LISTCHANGES_FRONTEND=none")
    done = await run(*environment, "apt-get", "--yes", *arguments, timeout=300)
    assert done.status == 0, (done.output, done.errors)
    return done


async def install() -> None:
    await apt("install", *(str(file) for file in files()))


async def newer(folder: Path) -> list[Path]:
    """The same packages with a higher version, as the next release would be."""
    made = []
    for package in files():
        tree = folder / package.stem
        control = f"{tree}/DEBIAN/control"
        for command in (
            ("dpkg-deb", "--raw-extract", str(package), str(tree)),
            ("sed", "-i", "-E", r"s/^Version: .*/&+next/; s/(pairingctl \(= [^)]*)\)/\1+next)/", control),
            ("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(tree), f"{tree}.deb"),
        ):
            done = await run(*command, timeout=300)
            assert done.status == 0, (command, done.errors)
        made.append(Path(f"{tree}.deb"))
    return made


async def version(name: str) -> str:
    """What dpkg says is installed."""
    return (await run("dpkg-query", "--show", "--showformat=${Version}", name)).output


async def everything() -> frozenset[str]:
    """Every file and folder there is."""
    listing = await run("find", *LOOKED_AT, "-xdev", timeout=120)
    return frozenset(listing.output.splitlines())

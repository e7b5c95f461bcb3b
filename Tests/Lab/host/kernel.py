# SPDX-License-Identifier: Apache-2.0
"""Debian's stock kernel, downloaded and unpacked but never installed."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from host.cache import cache_directory, cached
from host.command import output_of
from host.report import LabError, say

# 6.1.176-1. Debian's 6.1.192-2 (6.1.0-56) crashes in hci_chan_del when an LE peer vanishes in mid-pairing,
# and a peer that vanishes is one of the tests.
PREFERRED = "linux-image-6.1.0-50-amd64"


@dataclass(frozen=True)
class Kernel:
    """One unpacked kernel package."""

    root: Path
    release: str

    @property
    def image(self) -> Path:
        return self.root / "boot" / f"vmlinuz-{self.release}"


def fetch_kernel() -> Kernel:
    """The kernel from the cache, or from the Debian archive. PAIRINGD_LAB_KERNEL names another package."""
    wanted = os.environ.get("PAIRINGD_LAB_KERNEL", PREFERRED)
    if kept := _kernel_in(wanted):
        return kept
    package = wanted if _is_on_offer(wanted) else _oldest_on_offer()
    return _kernel_in(package) or _download(package)


def _kernel_in(package: str) -> Kernel | None:
    """A kernel that an earlier run unpacked: then the archive need not be asked at all."""
    root = cache_directory() / package
    return Kernel(root, package.removeprefix("linux-image-")) if root.is_dir() else None


def _download(package: str) -> Kernel:
    def make(folder: Path) -> None:
        say(f"downloading the kernel {package} (about 70 MB, once)")
        output_of(["apt-get", "download", "-qq", package], folder)
        archives = list(folder.glob("*.deb"))
        if len(archives) != 1:
            raise LabError(f"`apt-get download {package}` left {len(archives)} files instead of one")
        output_of(["dpkg", "-x", str(archives[0]), str(folder)])
        archives[0].unlink()

    return Kernel(cached(package, make), package.removeprefix("linux-image-"))


def _is_on_offer(package: str) -> bool:
    listing = subprocess.run(["apt-cache", "madison", package], check=False, capture_output=True, text=True)
    return "Packages" in listing.stdout


def _oldest_on_offer() -> str:
    """The archive drops old kernels one by one; of those that are left, the oldest of the same series."""
    if not _is_on_offer("linux-image-amd64") and os.geteuid() == 0:
        output_of(["apt-get", "update", "-qq"])
    names = subprocess.run(
        ["apt-cache", "search", "--names-only", r"^linux-image-6\.1\.0-[0-9]+-amd64$"],
        check=False,
        capture_output=True,
        text=True,
    ).stdout
    offered = [line.split()[0] for line in names.splitlines() if _is_on_offer(line.split()[0])]
    if not offered:
        raise LabError("no Debian 12 kernel is on offer; try `apt-get update`, and see that main is in the apt sources")
    return min(offered, key=lambda name: int(name.split("-")[3]))

# SPDX-License-Identifier: Apache-2.0
"""The file system of another Debian release, made with mmdebstrap; and that release's kernel, unpacked in it."""

from __future__ import annotations

import os
from pathlib import Path

from host.cache import cached, digest
from host.command import output_of
from host.kernel import Kernel
from host.report import LabError, say

# What the guest runs, what pairingd is linked with, and what a gateway has where systemd is the first process.
PACKAGES = (
    ["bluez", "dbus", "hostname", "iproute2", "kmod", "passwd", "polkitd", "python3", "systemd"]
    + ["libdbus-1-3", "libssl3", "libstdc++6", "libsystemd0"]
    + ["openssh-server", "systemd-journal-remote", "systemd-sysv", "udev"]
)

# What has another name in a release.
RENAMED = {"trixie": {"libssl3": "libssl3t64"}}

# Unpacked, not installed: installing a kernel makes an initramfs that nobody boots. mmdebstrap's own apt knows the
# release, so that the machine's needs not. Debian 12's kernel has a folder /lib, which is a link in the root.
KERNEL = """
set -eu
cd "$1"
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p')
apt-get download -qq "$kernel"
dpkg --fsys-tarfile ./linux-image-*.deb | tar -x --keep-directory-symlink
rm ./linux-image-*.deb
# What is installed later is installed as anywhere.
rm -f etc/dpkg/dpkg.cfg.d/99mmdebstrap
"""


def make_root(codename: str) -> Path:
    """The file system of this release, from the cache or from the mirror that the machine's apt uses."""
    renamed = RENAMED.get(codename, {})
    packages = [renamed.get(name, name) for name in PACKAGES]

    def make(folder: Path) -> None:
        say(f"making a file system of Debian {codename} (about 200 MB of downloads, once)")
        archive = folder / "root.tar"
        output_of(
            ["mmdebstrap", "--quiet", "--variant=apt", "--format=tar", f"--include={','.join(packages)}"]
            + [f"--aptopt={option}" for option in _apt_options()]
            + ["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*"]
            + [f"--customize-hook={KERNEL}", codename, str(archive), f"deb {_mirror()} {codename} main"]
        )
        # Through an archive, because that works also where mmdebstrap runs in a user namespace: then only its own
        # users could write the folder. The guest makes its devices itself.
        output_of(["tar", "-x", "-C", str(folder), "--exclude=./dev/*", "-f", str(archive)])
        archive.unlink()

    return cached(f"debian-{codename}-{digest(KERNEL, *packages)}", make)


def kernel_of(root: Path) -> Kernel:
    (image,) = (root / "boot").glob("vmlinuz-*")
    return Kernel(root, image.name.removeprefix("vmlinuz-"))


def _mirror() -> str:
    """Where the machine's own apt takes Debian from."""
    offers = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    offers += ["Created-By: Packages", "Origin: Debian", "Label: Debian"]
    mirrors = output_of(offers).split()
    if not mirrors and os.geteuid() == 0:
        # A fresh container's apt has no lists yet, and so does not know whose they are.
        output_of(["apt-get", "update", "-qq"])
        mirrors = output_of(offers).split()
    if not mirrors:
        raise LabError("apt knows no mirror of Debian; try `apt-get update`, and see that main is in the apt sources")
    return mirrors[0]


def _apt_options() -> list[str]:
    """How the machine's own apt reaches the mirror: proxies, and whether it may be out of date."""
    settings = ["Acquire::http", "Acquire::https", "Acquire::Check-Valid-Until", "Acquire::Check-Date"]
    dump = output_of(["apt-config", "dump", "--no-empty", "--format", '%f "%v";%n', *settings])
    return dump.splitlines()

# SPDX-License-Identifier: Apache-2.0
"""The Debian packages that the lab runs on: checked, and installed where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess

from host.report import LabError, say

# What is run outside, and the package that brings it.
PROGRAMS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "modprobe": "kmod",
    "cpio": "cpio",
    "setpriv": "util-linux",
}

# What is run inside where the guest's files are the machine's own; and what makes other ones.
OWN_ROOT = {
    "dbus-daemon": "dbus",
    "busctl": "systemd",
    "journalctl": "systemd",
    "/lib/systemd/systemd-journald": "systemd",
    "/usr/libexec/bluetooth/bluetoothd": "bluez",
    "btmon": "bluez",
    "/usr/lib/polkit-1/polkitd": "polkitd",
}
OTHER_ROOT = {
    "mmdebstrap": "mmdebstrap",
    # With it mmdebstrap need not be root.
    "newuidmap": "uidmap",
}


def require_packages(*, own_root: bool) -> None:
    """Make sure that every program is there, or say what to install."""
    programs = PROGRAMS | (OWN_ROOT if own_root else OTHER_ROOT)
    missing = {package for program, package in programs.items() if _find(program) is None}
    if not _is_static_busybox():
        missing.add("busybox-static")
    if not _has_pip():
        missing.add("python3-pip")
    if missing:
        _install(sorted(missing))


def _find(program: str) -> str | None:
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _is_static_busybox() -> bool:
    """The initramfs holds no libraries; Debian's plain `busybox` package would not start in it."""
    path = _find("busybox")
    if path is None:
        return False
    with open(path, "rb") as program:
        # A dynamically linked program names its loader near the start.
        return b"/ld-linux" not in program.read(4096)


def _has_pip() -> bool:
    answer = subprocess.run(["/usr/bin/python3", "-c", "import pip"], check=False, capture_output=True)
    return answer.returncode == 0


def _install(packages: list[str]) -> None:
    names = " ".join(packages)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise LabError(f"the lab needs these Debian packages: {names}\n  sudo apt-get install {names}")
    say(f"installing Debian packages: {names}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update", "-qq"], command):
        if subprocess.run(step, check=False, env=environment, stdout=subprocess.DEVNULL).returncode != 0:
            raise LabError(f"`{' '.join(step)}` failed; the lab needs: {names}")

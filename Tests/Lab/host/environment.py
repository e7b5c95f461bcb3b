# SPDX-License-Identifier: Apache-2.0
"""The Python packages with which the guest runs the air and the tests."""

from __future__ import annotations

from pathlib import Path

from host.cache import cached, digest
from host.command import output_of
from host.report import say

REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"


def make_environment(root: Path) -> Path:
    """A folder of packages for the Python of this root. Nothing is run there: wheels are unpacked, and that is all."""
    version = (root / "usr/bin/python3").readlink().name.removeprefix("python")

    def make(folder: Path) -> None:
        say(f"downloading the packages for Python {version} (bumble, pytest)")
        pip = ["/usr/bin/python3", "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        # pip's word of warning to root is about packages that are installed for everybody.
        wheels = ["--root-user-action", "ignore", "--only-binary", ":all:", "--python-version", version]
        output_of([*pip, *wheels, "--target", str(folder), "--requirement", str(REQUIREMENTS)])

    return cached(f"python-{version}-{digest(REQUIREMENTS.read_bytes())}", make)

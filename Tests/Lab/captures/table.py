# SPDX-License-Identifier: Apache-2.0
"""The page that goes with the captures."""

from __future__ import annotations

from captures.situations import SITUATIONS

PAGE = """# Captures

Every way in which a pairing fails, and some in which it does not, as the kernel's monitor channel told it: files of the
form that `btmon -r` reads (btsnoop, datalink 2001). `Tests/Lab/lab captures Tests/Captures` makes them anew, and this
page with them. No capture is written that does not show what it should.

The controllers and devices are virtual ([Tests/Lab](../Lab/README.md)); the kernel and bluetoothd are real, and so is
every packet that they sent. Nothing is redacted: the keys in these files belong to devices that do not exist. What a
discovery makes of records, and what applications said to each other, is left out, so that each file is small.

All were made on {release}. A *patched* device does what no proper one does: the last column says what. Each file
has the name in the first column, and ends in `.btsnoop`.

| file | what happens | made how |
| --- | --- | --- |
{rows}
"""


def table(release: str) -> str:
    """Of captures that were all made on this release of BlueZ and the kernel."""
    rows = [
        f"| `{each.name}` | {each.text} | {f'patched: {each.patched}' if each.patched else 'in the lab'} |"
        for each in SITUATIONS
    ]
    return PAGE.format(release=release, rows="\n".join(rows))

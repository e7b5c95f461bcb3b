# SPDX-License-Identifier: Apache-2.0
"""All situations, in the order of the table."""

from __future__ import annotations

from captures import here, links, others, paired, refused
from captures.stage import Situation

SITUATIONS: list[Situation] = [
    *paired.SITUATIONS,
    *here.SITUATIONS,
    *refused.SITUATIONS,
    *links.SITUATIONS,
    *others.SITUATIONS,
]

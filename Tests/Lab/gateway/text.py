# SPDX-License-Identifier: Apache-2.0
"""Text that a terminal would obey instead of showing."""

from __future__ import annotations

import unicodedata

# Embeddings, overrides, isolates and marks of the bidirectional algorithm.
BIDIRECTIONAL = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def dangerous(text: str) -> list[str]:
    """The characters that must not reach a terminal, as code points. A line end is none of them."""
    return [
        f"U+{ord(character):04X}"
        for character in text
        if character != "\n" and (unicodedata.category(character) == "Cc" or character in BIDIRECTIONAL)
    ]

# SPDX-License-Identifier: Apache-2.0
"""The part of the power cuts that runs inside: pairing until the power goes, and looking at what is left."""

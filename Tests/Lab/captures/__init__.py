# SPDX-License-Identifier: Apache-2.0
"""Captures of pairings that fail, and of some that do not, made with the real kernel and the real bluetoothd."""

# SPDX-License-Identifier: Apache-2.0
"""The tests that run inside the virtual machine."""

# SPDX-License-Identifier: Apache-2.0
"""The gateway inside the virtual machine: its programs, and what they say of themselves."""

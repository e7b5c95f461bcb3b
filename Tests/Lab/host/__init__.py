# SPDX-License-Identifier: Apache-2.0
"""The part of the lab that runs outside the virtual machine: what it needs, and how it is started."""

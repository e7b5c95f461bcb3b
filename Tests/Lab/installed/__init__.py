# SPDX-License-Identifier: Apache-2.0
"""Tests of the packages, installed where systemd is the first process."""

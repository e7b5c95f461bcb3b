// SPDX-License-Identifier: Apache-2.0

public import Policy

extension Policy: RuleBook {}

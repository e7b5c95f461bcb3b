// SPDX-License-Identifier: Apache-2.0

import Policy

/// What a rule says to a question of BlueZ.
enum RuleAnswer {
    case reply(AgentReply)
    case reject
    case ask
}

extension AnswerSettings {
    /// What a rule says to a question of BlueZ. Digits that are shown are always for a person.
    func answer(to kind: RequestKind) -> RuleAnswer {
        switch kind {
        case .authorization: Self.ruleAnswer(authorization)
        case .confirmation: Self.ruleAnswer(confirmation)
        case .service: Self.ruleAnswer(service)
        case .passkeyEntry: Self.ruleAnswer(passkey) { .passkey($0) }
        case .pinEntry: Self.ruleAnswer(pin) { .pinCode($0) }
        case .passkeyDisplay, .pinDisplay: .ask
        }
    }

    private static func ruleAnswer(_ answer: Answer) -> RuleAnswer {
        switch answer {
        case .accept: .reply(.accept)
        case .reject: .reject
        case .ask: .ask
        }
    }

    private static func ruleAnswer<Secret>(
        _ answer: SecretAnswer<Secret>, _ reply: (Secret) -> AgentReply
    ) -> RuleAnswer {
        switch answer {
        case .value(let secret): .reply(reply(secret))
        case .reject: .reject
        case .ask: .ask
        }
    }
}

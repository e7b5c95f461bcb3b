// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Policy

/// What a rule says to a question of BlueZ.
enum RuleAnswer {
    case reply(AgentReply)
    case reject
    case ask
}

extension AnswerSettings {
    /// What a rule says to a question of BlueZ. Digits that are shown are always for a person.
    ///
    /// - Parameter facts: Whose secret is asked for.
    func answer(to question: AgentQuestion.Kind, of facts: DeviceFacts?) -> RuleAnswer {
        switch question {
        case .authorization: Self.ruleAnswer(authorization)
        case .confirmation: Self.ruleAnswer(confirmation)
        case .service(let uuid, _): Self.ruleAnswer(service.answer(for: uuid))
        case .passkey: Self.ruleAnswer(passkey, facts) { .passkey($0) }
        case .pinCode: Self.ruleAnswer(pin, facts) { .pinCode($0) }
        case .displayPasskey, .displayPINCode: .ask
        }
    }

    /// Would a rule with these answers say yes to a question of this kind by itself?
    func saysYes(to kind: RequestKind) -> Bool {
        switch kind {
        case .authorization: authorization == .accept
        case .confirmation: confirmation == .accept
        case .passkeyEntry: passkey.isSecret
        case .pinEntry: pin.isSecret
        case .passkeyDisplay, .pinDisplay, .service, .repair: false
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
        _ answer: SecretAnswer<Secret>, _ facts: DeviceFacts?, _ reply: (Secret) -> AgentReply
    ) -> RuleAnswer {
        switch answer {
        case .value(let secret): return .reply(reply(secret))
        case .credential(_, let table):
            guard let facts, let secret = table.secret(for: facts.address, type: facts.addressType) else { return .ask }
            return .reply(reply(secret))
        case .reject: return .reject
        case .ask: return .ask
        }
    }
}

extension SecretAnswer {
    fileprivate var isSecret: Bool {
        switch self {
        case .value, .credential: true
        case .ask, .reject: false
        }
    }
}

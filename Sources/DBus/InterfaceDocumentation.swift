// SPDX-License-Identifier: Apache-2.0

/// What a manual says of an exported interface; it comes from the same table that dispatch uses.
public struct InterfaceDocumentation: Sendable, Hashable {
    public var name: String
    public var members: [Member]

    public struct Member: Sendable, Hashable {
        public var name: String
        public var kind: Kind
    }

    public enum Kind: Sendable, Hashable {
        /// - Parameter action: What a caller needs to be allowed to do; empty where anybody may call it.
        case method(input: [Parameter], output: [Parameter], action: String)
        case property(type: String, isConstant: Bool, isSettable: Bool)
        case signal([Parameter])
    }

    public struct Parameter: Sendable, Hashable {
        public var name: String
        /// As a D-Bus signature.
        public var type: String

        init(_ argument: Argument) {
            name = argument.name
            type = argument.type.description
        }
    }
}

extension Interface {
    public nonisolated var documentation: InterfaceDocumentation {
        InterfaceDocumentation(
            name: name,
            members: methods.map {
                .init(
                    name: $0.name,
                    kind: .method(
                        input: $0.input.map { .init($0) }, output: $0.output.map { .init($0) },
                        action: $0.access.action))
            }
                + properties.map {
                    .init(
                        name: $0.name,
                        kind: .property(
                            type: $0.type.code, isConstant: $0.change == .never, isSettable: $0.setter != nil))
                } + signals.map { .init(name: $0.name, kind: .signal($0.arguments.map { .init($0) })) })
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Decides and carries out pairings: what happens goes in, what has to be done comes out.
///
/// It has no clock, no bus and no task: the same events at the same moments always give the same effects. Carry out the
/// effects of one call before the next call, and come back with ``Event/tick`` at ``nextDeadline``.
public struct Coordinator: Sendable {
    public init(
        rules: any RuleBook, numbers: any NumberSource, timing: Timing = Timing(), bounds: Bounds = Bounds()
    ) {
    }

    /// When ``Event/tick`` is due; `nil` while nothing waits.
    public var nextDeadline: MonotonicTime? { nil }

    /// Live pairings and the last finished ones, by number.
    public var pairings: [PairingSnapshot] { [] }

    /// Open requests and those that finished lately, by number.
    public var requests: [RequestSnapshot] { [] }

    public func pairing(_ number: PairingNumber) -> PairingSnapshot? { nil }
    public func request(_ number: RequestNumber) -> RequestSnapshot? { nil }

    /// Takes in what happened.
    public mutating func handle(_ event: Event, at now: Moment) -> [Effect] { [] }

    /// Queues a pairing.
    ///
    /// - Parameters:
    ///   - timeout: For the whole pairing, from its turn on; `nil` for ``Timing/pairing``.
    public mutating func pair(
        _ target: Target, timeout: Duration? = nil, actor: Actor, at now: Moment
    ) throws(CommandError) -> (number: PairingNumber, effects: [Effect]) { throw .bluezAbsent }

    /// Ends a pairing in whatever state it is.
    public mutating func cancelPairing(
        _ number: PairingNumber, actor: Actor, at now: Moment
    ) throws(CommandError) -> [Effect] { throw .unknownPairing }

    /// Removes a device and its bond from BlueZ; the end comes as ``Effect/forgetFinished(_:error:)``.
    public mutating func forget(
        _ target: Target, token: CommandToken, actor: Actor, at now: Moment
    ) throws(CommandError) -> [Effect] { throw .unknownDevice }

    /// Answers a request.
    public mutating func answer(
        _ number: RequestNumber, with answer: RequestAnswer, actor: Actor, at now: Moment
    ) throws(CommandError) -> [Effect] { throw .unknownRequest }

    /// The digits to compare or to type on the device, while the request is open.
    public func digits(of number: RequestNumber, at now: Moment) throws(CommandError) -> RequestDigits {
        throw .unknownRequest
    }
}

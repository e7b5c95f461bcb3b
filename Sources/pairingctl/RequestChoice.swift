// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Pairing

/// Finds the request that `approve`, `reject`, `passkey` and `pin` are about.
@LoopActor
struct RequestChoice {
    /// The verb, as an error says it.
    let verb: String
    let fits: @Sendable (RequestKind) -> Bool
    /// What to say of a word that is no open request's number.
    let explain: @Sendable (String) -> Failure?

    init(
        _ verb: String, fits: @escaping @Sendable (RequestKind) -> Bool,
        explain: @escaping @Sendable (String) -> Failure? = { _ in nil }
    ) {
        self.verb = verb
        self.fits = fits
        self.explain = explain
    }

    /// - Parameter words: The verb's arguments: at most one number.
    func find(_ words: [String], _ client: Client, _ output: Output) async throws(Failure) -> RequestInfo {
        let open = try await client.openRequests()
        guard let word = words.first else { return try onlyOne(open, output) }
        if words.count == 1, let number = UInt64(word), let request = open.first(where: { $0.number == number }) {
            guard let kind = request.kind, fits(kind) else { throw unfitting(request) }
            return request
        }
        if let failure = words.lazy.compactMap(explain).first { throw failure }
        guard words.count == 1 else { throw Failure(.usage, "\(verb) takes one request's number") }
        guard let number = UInt64(word) else {
            throw Failure(.usage, "\(word) is no request's number; pairingctl requests lists what is open")
        }
        throw await finished(number, client)
    }

    private func onlyOne(_ open: [RequestInfo], _ output: Output) throws(Failure) -> RequestInfo {
        let fitting = open.filter { $0.kind.map(fits) ?? false }
        if let request = fitting.first, fitting.count == 1 { return request }
        guard !fitting.isEmpty else {
            guard let other = open.first else {
                throw Failure(.notFound, "no request is open; pairingctl watch shows them as they come")
            }
            guard open.count > 1 else { throw unfitting(other) }
            throw Failure(.notFound, "no open request fits \(verb); pairingctl requests lists what is open")
        }
        Requests.show(fitting.map { ($0, nil) }, output)
        let example = "pairingctl \(verb) \(fitting[0].number)"
        throw Failure(.usage, "\(fitting.count) requests are open: say which, as in \(example)")
    }

    private func unfitting(_ request: RequestInfo) -> Failure {
        let kind = request.properties.text("Kind")
        guard let how = request.kind?.howToAnswer(request.number) else {
            return Failure(
                .usage, "\(request.title) is of the kind \(kind), which this pairingctl does not know; update it")
        }
        return Failure(.usage, "\(request.title) is of the kind \(kind): \(how)")
    }

    /// A request that ended not long ago is still there, and tells by refusing an answer how it ended.
    private func finished(_ number: UInt64, _ client: Client) async -> Failure {
        let missing = Failure(.notFound, "there is no request \(number); pairingctl requests lists what is open")
        guard let objects = try? await client.objects(),
            let request = objects.lazy.compactMap({ RequestInfo(path: $0, interfaces: $1) })
                .first(where: { $0.number == number })
        else { return missing }
        do throws(Failure) {
            try await client.answer(request, .reject)
            return missing
        } catch {
            return error
        }
    }
}

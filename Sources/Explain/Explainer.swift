// SPDX-License-Identifier: Apache-2.0

extension Report {
    /// Explains what was seen: the last attempt, with what the ones before it came to.
    public init(explaining trace: Trace) {
        let attempts = Reading.attempts(in: trace)
        // There is one at least.
        let reading = attempts[attempts.count - 1]
        let device = trace.device.address.bits == 0 ? "DEVICE" : trace.device.address.description
        let diagnosis = Diagnosis(of: Case(reading: reading, outcome: trace.outcome, device: device))
        var observations = attempts.dropLast().filter(\.hasBeenTried).map(\.asEarlierAttempt)
        observations += reading.observations(trace.outcome)
        if trace.omitted > 0 { observations.append("\(trace.omitted) further steps were not kept.") }
        self.init(
            finding: diagnosis.finding, summary: diagnosis.summary, stage: reading.stage,
            stoppedBy: diagnosis.stoppedBy, offers: reading.offers, model: reading.model, observations: observations,
            causes: diagnosis.causes, steps: trace.steps.compactMap(Report.Step.init), omittedSteps: trace.omitted)
    }
}

extension Reading {
    /// Was there anything that can have failed?
    fileprivate var hasBeenTried: Bool { stage > .notStarted || pairError != nil }
}

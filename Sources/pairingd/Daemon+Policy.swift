// SPDX-License-Identifier: Apache-2.0

import Control
import DBus
import EventLoop
import Journal
import Pairing
import Policy

/// The rules: read anew, all of them or none.
extension Daemon {
    /// Reads every policy file; what is in force changes only if all of them are right.
    ///
    /// - Throws: ``PolicyErrors``, after they were written down.
    func reload() throws(PolicyErrors) {
        ServiceManager.reloading()
        defer { ServiceManager.ready(status: "\(policy.rules.count) rules") }
        let old = policy.configuration.agent
        do throws(PolicyErrors) {
            policy = try options.policyFiles.load(after: policy)
        } catch {
            policyErrors = error.errors
            write(.policyRefused(error.errors.map(\.description), isStart: false))
            policyChanged()
            throw error
        }
        policyErrors = []
        write(.policyLoaded(rules: policy.rules.count, warnings: policy.warnings.map(\.description)))
        if policy.configuration.agent != old {
            write(Entry(.warning, "what changed in [agent] takes effect when pairingd is restarted"))
        }
        feed(.settingsChanged(Timing(policy.configuration), Bounds(policy.configuration)))
        feed(.rulesChanged(policy))
        policyChanged()
    }

    /// Reads the files again because they have changed, or because systemd or somebody asks for it.
    func reloadQuietly() {
        // What is wrong is in the journal and in PolicyErrors.
        try? reload()
    }

    /// Shows what follows from other rules.
    private func policyChanged() {
        watchPolicy()
        showDevices()
        announce()
    }

    /// Follows the files, if the settings say so.
    func watchPolicy() {
        guard policy.configuration.policy.watch else {
            watcher = nil
            return
        }
        do {
            let watcher = try watcher ?? PolicyWatcher { [weak self] in self?.reloadQuietly() }
            self.watcher = watcher
            watcher.follow(options.policyFiles)
        } catch {
            write(Entry(.warning, "changed rule files cannot be noticed: \(error)"))
        }
    }
}

extension Timing {
    /// What the settings say, and the rest as it is.
    init(_ configuration: Configuration) {
        self.init()
        request = configuration.requests.deadline
        lockOut = configuration.limits.lockOut
        longestLockOut = configuration.limits.longestLockOut
    }
}

extension Bounds {
    /// What the settings say, and the rest as it is.
    init(_ configuration: Configuration) {
        self.init()
        openRequests = configuration.limits.openRequests
        openRequestsPerDevice = configuration.limits.openRequestsPerDevice
        failuresPerDevice = configuration.limits.failuresPerDevice
        failuresPerAdapter = configuration.limits.failuresPerAdapter
    }
}

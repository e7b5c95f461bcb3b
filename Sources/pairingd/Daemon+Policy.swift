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
    /// - Parameter isWish: Somebody asked for it, and is told also that nothing has changed.
    /// - Throws: ``PolicyErrors``, after they were written down.
    func reload(isWish: Bool = true) throws(PolicyErrors) {
        ServiceManager.reloading()
        defer { ServiceManager.ready(status: counted(policy.rules.count, "rule")) }
        let old = policy
        do throws(PolicyErrors) {
            policy = try options.policyFiles.load(after: policy)
        } catch {
            guard isWish || error.errors != policyErrors else { throw error }
            policyErrors = error.errors
            write(.policyRefused(error.errors.map(\.description), isStart: false))
            policyChanged()
            throw error
        }
        let isNews =
            !policyErrors.isEmpty || policy.rules != old.rules || policy.files != old.files
            || policy.configuration != old.configuration || policy.warnings != old.warnings
        guard isWish || isNews else { return }
        policyErrors = []
        write(.policyLoaded(rules: policy.rules.count, warnings: policy.warnings.map(\.description)))
        if policy.configuration.agent != old.configuration.agent {
            write(Entry(.warning, "what changed in [agent] takes effect when pairingd is restarted"))
        }
        feed(
            .settingsChanged(
                Timing(policy.configuration), Bounds(policy.configuration), Conduct(policy.configuration)))
        feed(.rulesChanged(policy))
        policyChanged()
    }

    /// Reads the files again where nobody waits for the end: what is wrong is in the journal and in PolicyErrors.
    func reloadQuietly(isWish: Bool) { try? reload(isWish: isWish) }

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
            let watcher = try watcher ?? PolicyWatcher { [weak self] in self?.reloadQuietly(isWish: false) }
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

extension Conduct {
    init(_ configuration: Configuration) {
        self.init()
        // Whoever answers for what others start needs it.
        managesPairable = configuration.adapter.managePairable && configuration.agent.isDefault
        discovers = configuration.adapter.discover
        discoversInWindow = configuration.window.discover
        isDiscoverableInWindow = configuration.window.discoverable
        undoesForeignBonds = configuration.unknownDevices.foreign == .undo
    }
}

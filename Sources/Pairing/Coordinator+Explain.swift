// SPDX-License-Identifier: Apache-2.0

public import Explain

extension Coordinator {
    /// Why a pairing ended as it did, or how far it is.
    ///
    /// - Throws: ``CommandError/unknownPairing``.
    public func report(of number: PairingNumber) throws(CommandError) -> Report {
        guard let snapshot = pairing(number) else { throw .unknownPairing }
        return Report(
            explaining: Trace(device: .init(address: snapshot.address, addressType: nil), name: snapshot.name))
    }
}

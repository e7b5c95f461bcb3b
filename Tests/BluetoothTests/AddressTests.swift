// SPDX-License-Identifier: Apache-2.0

import Bluetooth
import Testing

@Suite("Addresses")
struct AddressTests {
    @Test("An address is written most significant octet first, in upper case")
    func description() throws {
        let address = try #require(Address("00:5f:bf:71:81:18"))
        #expect(address.description == "00:5F:BF:71:81:18")
        #expect(address.pathComponent == "00_5F_BF_71_81_18")
        #expect(Address(pathComponent: "00_5F_BF_71_81_18") == address)
        #expect(Address(littleEndian: [0x18, 0x81, 0x71, 0xBF, 0x5F, 0x00]) == address)
    }

    @Test(
        "What is not six octets with colons is no address",
        arguments: [
            "", "00:5F:BF:71:81", "00:5F:BF:71:81:1G", "00-5F-BF-71-81-18", "00:5F:BF:71:81:18:00", "005FBF718118",
        ])
    func malformed(text: String) {
        #expect(Address(text) == nil)
    }
}

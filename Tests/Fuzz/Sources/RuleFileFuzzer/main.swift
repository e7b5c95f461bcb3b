// SPDX-License-Identifier: Apache-2.0

import CLibFuzzer
import Glibc

// SwiftPM links a program to its own module's main, never to the one in libFuzzer.
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&count, &arguments, fuzzRuleFile))

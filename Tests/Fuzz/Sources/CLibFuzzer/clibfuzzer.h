// SPDX-License-Identifier: Apache-2.0
// libFuzzer as a library; it installs no header of its own (https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library).
#ifndef CLIBFUZZER_H
#define CLIBFUZZER_H

#include <stddef.h>
#include <stdint.h>

// Runs until the options in the arguments say to end, and returns the exit status.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *bytes, size_t count));

#endif

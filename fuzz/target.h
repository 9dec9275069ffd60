/* What a fuzz target is: one function, of libFuzzer's making. */
#ifndef LIVEFLOOR_FUZZ_TARGET_H
#define LIVEFLOOR_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C"
#endif
    /* Tries one input. Returns 0; aborts when what must hold does not. */
    int
    LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif

/* The id that the linker gave to this program: another build has another one. */
#ifndef LIVEFLOOR_BASE_BUILD_ID_H
#define LIVEFLOOR_BASE_BUILD_ID_H

#include <stdbool.h>

#define BUILD_ID_BYTES 20u

/* Writes it, padded with zeros; false, and all is zeros, when the program has none. */
bool build_id(unsigned char out[BUILD_ID_BYTES]);

#endif

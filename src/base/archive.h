/* An archive: bytes put away outside memory under handles. It holds only what can be
 * made again (the journal is the truth). */
#ifndef LIVEFLOOR_BASE_ARCHIVE_H
#define LIVEFLOOR_BASE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Handles are smaller than this. */
#define ARCHIVE_HANDLES (UINT32_C(1) << 31)

struct archive {
    /* Puts bytes away; false when that is not possible now (a full disk): then the
     * caller keeps them. From any thread. */
    bool (*put)(struct archive *a, const void *bytes, size_t size, uint32_t *handle);

    /* Copies what was put under the handle into `out`, at most `cap` bytes of it and maybe
     * of what follows; returns how many. Ends the process when the archive cannot be read
     * (docs/decisions/0002). From any thread. */
    size_t (*get)(struct archive *a, uint32_t handle, void *out, size_t cap);

    void (*close)(struct archive *a);

    /* Says that what `get` gave is not what was put: ends the process, like `get` itself when it
     * can read nothing. */
    void (*damaged)(struct archive *a);

    /* Says that nobody will ask for so many bytes again, which were put under one handle: they
     * are counted. NULL: they are not. From any thread. */
    void (*drop)(struct archive *a, size_t size);
};

#endif

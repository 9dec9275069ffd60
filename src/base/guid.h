/* GUIDs: parsing in the spellings of metrics.md §4, lower-case text, version 5. */
#ifndef LIVEFLOOR_BASE_GUID_H
#define LIVEFLOOR_BASE_GUID_H

#include "base/span.h"

#include <stdint.h>

struct guid {
    uint8_t bytes[16]; /* in the order of the text */
};

#define GUID_TEXT_BYTES 36u

/* Reads 8-4-4-4-12 hexadecimal digits or 32 of them, in braces or not, in any
 * case. False when the text is anything else (an outside id). */
bool guid_parse(struct span text, struct guid *out);

/* Reads the usual spelling alone, which guid_format gives back. False, and *out as it was,
 * when the text is anything else. */
bool guid_parse_usual(struct span text, struct guid *out);

/* Writes 36 bytes, lower case with dashes, not terminated. */
void guid_format(const struct guid *g, char out[GUID_TEXT_BYTES]);

/* The version-5 UUID of a name in a namespace (RFC 4122). */
struct guid guid_v5(const struct guid *space, struct span name);

/* The namespace of a site's outside ids: version 5 of "site:<siteId>" in the
 * URL namespace (metrics.md §4). */
struct guid guid_site_space(int64_t site_id);

/* A fresh random version-4 GUID. */
struct guid guid_random(void);

/* Bytewise order, which is also the order of the texts. */
static inline int guid_compare(const struct guid *a, const struct guid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static inline bool guid_equal(const struct guid *a, const struct guid *b)
{
    return guid_compare(a, b) == 0;
}

#endif

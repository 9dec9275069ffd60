/* A small fixed table from names to numbers. */
#ifndef LIVEFLOOR_EVENT_NAMES_H
#define LIVEFLOOR_EVENT_NAMES_H

#include "base/span.h"

#include <stdint.h>

#define NAME_SLOTS 256u /* several times the names of any table here: few meet */

/* A name's length and both its ends, which overlap in a short one: all of it up to 16
 * bytes. */
struct name_ends {
    uint64_t front, back;
};

/* Zeroed is empty. */
struct names {
    struct {
        struct span name;
        struct name_ends ends;
        uint32_t value; /* 0 in an empty slot */
    } slots[NAME_SLOTS];
};

/* Adds a name, which must outlive the table, with its value (not 0). A table may
 * be filled up to half. */
void names_add(struct names *n, struct span name, uint32_t value);

/* The value of a name, 0 when it is not there. */
uint32_t names_find(const struct names *n, struct span name);

#endif

#include "event/names.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The slot of a name, or the empty one where it would go. */
static uint32_t slot_of(const struct names *n, struct span name)
{
    uint32_t slot = (uint32_t)(XXH3_64bits(name.data, name.len) % NAME_SLOTS);
    while (n->slots[slot].value != 0 && !span_equal(n->slots[slot].name, name))
        slot = (slot + 1) % NAME_SLOTS;
    return slot;
}

void names_add(struct names *n, struct span name, uint32_t value)
{
    uint32_t slot = slot_of(n, name);
    n->slots[slot].name = name;
    n->slots[slot].value = value;
}

uint32_t names_find(const struct names *n, struct span name)
{
    return n->slots[slot_of(n, name)].value;
}

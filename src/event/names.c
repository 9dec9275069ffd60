#include "event/names.h"

/* Short ones are read into registers of their own size: a number that is written in pieces
 * and read as a whole right after waits until the pieces have reached the cache. */
static inline struct name_ends ends_of(struct span name)
{
    struct name_ends e = {0, 0};
    if (name.len >= 8) {
        memcpy(&e.front, name.data, 8);
        memcpy(&e.back, name.data + name.len - 8, 8);
    } else if (name.len >= 4) {
        uint32_t front, back;
        memcpy(&front, name.data, 4);
        memcpy(&back, name.data + name.len - 4, 4);
        e = (struct name_ends){front, back};
    } else if (name.len > 0) {
        e.front = (unsigned char)name.data[0];
        e.back = (uint64_t)(unsigned char)name.data[name.len / 2] << 8 |
                 (unsigned char)name.data[name.len - 1];
    }
    return e;
}

static inline bool same_name(struct span a, const struct name_ends *a_ends, struct span b,
                             const struct name_ends *b_ends)
{
    return a.len == b.len && a_ends->front == b_ends->front && a_ends->back == b_ends->back &&
           (a.len <= 16 || memcmp(a.data, b.data, a.len) == 0);
}

/* The slot of a name, or the empty one where it would go. Known names are spread well
 * enough; whatever else is looked up ends at an empty slot soon. */
static inline uint32_t slot_of(const struct names *n, struct span name,
                               const struct name_ends *ends)
{
    uint64_t mixed = (ends->front + ends->back * 3 + name.len) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t slot = (uint32_t)(mixed >> 32) % NAME_SLOTS;
    while (n->slots[slot].value != 0 &&
           !same_name(n->slots[slot].name, &n->slots[slot].ends, name, ends))
        slot = (slot + 1) % NAME_SLOTS;
    return slot;
}

void names_add(struct names *n, struct span name, uint32_t value)
{
    struct name_ends ends = ends_of(name);
    uint32_t slot = slot_of(n, name, &ends);
    n->slots[slot].name = name;
    n->slots[slot].ends = ends;
    n->slots[slot].value = value;
}

uint32_t names_find(const struct names *n, struct span name)
{
    struct name_ends ends = ends_of(name);
    return n->slots[slot_of(n, name, &ends)].value;
}

#include "floor/guid_map.h"

#include "base/memory.h"

#include <xxhash.h>

void guid_map_clear(struct guid_map *m)
{
    memory_free(m->guids);
    memory_free(m->slots);
    *m = (struct guid_map){0};
}

static uint32_t slot_of(const struct guid_map *m, const struct guid *g)
{
    uint32_t mask = m->slot_count - 1;
    uint32_t slot = (uint32_t)XXH3_64bits(g->bytes, sizeof g->bytes) & mask;
    while (m->slots[slot] != NONE && !guid_equal(&m->guids[m->slots[slot]], g))
        slot = (slot + 1) & mask;
    return slot;
}

uint32_t guid_map_find(const struct guid_map *m, const struct guid *g)
{
    return m->slot_count == 0 ? NONE : m->slots[slot_of(m, g)];
}

static void rehash(struct guid_map *m)
{
    m->slot_count = m->slot_count == 0 ? 16 : m->slot_count * 2;
    memory_free(m->slots);
    m->slots = memory_get(m->slot_count * sizeof *m->slots);
    memset(m->slots, 0xff, m->slot_count * sizeof *m->slots);
    for (uint32_t i = 0; i < m->count; i++)
        m->slots[slot_of(m, &m->guids[i])] = i;
}

uint32_t guid_map_intern(struct guid_map *m, const struct guid *g)
{
    if (m->count * 3 >= m->slot_count * 2)
        rehash(m);
    uint32_t slot = slot_of(m, g);
    if (m->slots[slot] != NONE)
        return m->slots[slot];
    m->guids = memory_grow(m->guids, &m->cap, m->count + 1, sizeof *m->guids);
    m->guids[m->count] = *g;
    return m->slots[slot] = m->count++;
}

void guid_map_image(struct guid_map *m, struct image *io)
{
    image_bytes(io, &m->count, sizeof m->count);
    m->guids = image_array(io, m->guids, m->count, sizeof *m->guids);
    image_bytes(io, &m->slot_count, sizeof m->slot_count);
    m->slots = image_array(io, m->slots, m->slot_count, sizeof *m->slots);
    if (image_loads(io))
        m->cap = m->count;
}

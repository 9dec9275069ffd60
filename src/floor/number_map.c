/* Segments grow on their own, so that only a small part is moved at a time; they become
 * more as the map grows. Within a segment: open addressing, with the rest of the hash
 * scaled to any number of slots. */
#include "floor/number_map.h"

#include "base/memory.h"

#define FIRST_SLOTS 8u
/* With more entries than this for a segment, there are more segments. */
#define SEGMENT_ENTRIES 4096u
#define BITS_STEP 6u
#define BITS_MAX 18u

void number_map_clear(struct number_map *m)
{
    for (uint32_t i = 0; m->segments != NULL && i < UINT32_C(1) << m->bits; i++)
        memory_free(m->segments[i].slots);
    memory_free(m->segments);
    *m = (struct number_map){0};
}

static struct number_segment *segment_of(const struct number_map *m, uint32_t hash)
{
    return &m->segments[m->bits == 0 ? 0 : hash >> (32 - m->bits)];
}

static uint32_t first_slot(const struct number_segment *s, unsigned bits, uint32_t hash)
{
    return (uint32_t)((uint64_t)(hash << bits) * s->slot_count >> 32);
}

static void put(struct number_segment *s, unsigned bits, uint64_t slot)
{
    uint32_t at = first_slot(s, bits, (uint32_t)(slot >> 32));
    while (s->slots[at] != 0)
        at = at + 1 == s->slot_count ? 0 : at + 1;
    s->slots[at] = slot;
    s->used++;
}

static void add(struct number_segment *s, unsigned bits, uint64_t slot)
{
    if ((uint64_t)s->used * 8 >= (uint64_t)s->slot_count * 7) {
        struct number_segment old = *s;
        s->slot_count =
            old.slot_count < FIRST_SLOTS ? FIRST_SLOTS : old.slot_count + old.slot_count / 4;
        s->slots = memory_zeroed(s->slot_count, sizeof *s->slots);
        s->used = 0;
        for (uint32_t i = 0; i < old.slot_count; i++)
            if (old.slots[i] != 0)
                put(s, bits, old.slots[i]);
        memory_free(old.slots);
    }
    put(s, bits, slot);
}

static void more_segments(struct number_map *m)
{
    struct number_map old = *m;
    m->bits = old.segments == NULL ? 0 : old.bits + BITS_STEP;
    m->segments = memory_zeroed((size_t)1 << m->bits, sizeof *m->segments);
    for (uint32_t i = 0; old.segments != NULL && i < UINT32_C(1) << old.bits; i++)
        for (uint32_t k = 0; k < old.segments[i].slot_count; k++)
            if (old.segments[i].slots[k] != 0)
                add(segment_of(m, (uint32_t)(old.segments[i].slots[k] >> 32)), m->bits,
                    old.segments[i].slots[k]);
    number_map_clear(&old);
}

void number_map_add(struct number_map *m, uint32_t hash, uint32_t number)
{
    if (m->segments == NULL || (m->bits < BITS_MAX && m->count >> m->bits >= SEGMENT_ENTRIES))
        more_segments(m);
    add(segment_of(m, hash), m->bits, (uint64_t)hash << 32 | (number + 1u));
    m->count++;
}

uint32_t number_map_find(const struct number_map *m, uint32_t hash, number_match *match,
                         const void *data)
{
    if (m->segments == NULL)
        return NONE;
    const struct number_segment *s = segment_of(m, hash);
    if (s->slot_count == 0)
        return NONE;
    for (uint32_t at = first_slot(s, m->bits, hash); s->slots[at] != 0;
         at = at + 1 == s->slot_count ? 0 : at + 1)
        if (s->slots[at] >> 32 == hash && match(data, (uint32_t)s->slots[at] - 1u))
            return (uint32_t)s->slots[at] - 1u;
    return NONE;
}

size_t number_map_bytes(const struct number_map *m)
{
    size_t bytes = m->segments == NULL ? 0 : sizeof *m->segments << m->bits;
    for (uint32_t i = 0; m->segments != NULL && i < UINT32_C(1) << m->bits; i++)
        bytes += m->segments[i].slot_count * sizeof *m->segments[i].slots;
    return bytes;
}

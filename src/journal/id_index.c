/* Open addressing with 16 bytes a slot. A full table is moved into one of twice the
 * size a few slots at a time, so that no single addition takes long. */
#include "journal/id_index.h"

#include <stdlib.h>
#include <xxhash.h>

#define FIRST_SLOTS 1024u
#define MOVE_SLOTS 32u
#define GONE UINT64_MAX /* the sequence of a slot whose id was removed */

struct slot {
    uint64_t hash;
    uint64_t sequence; /* 0: free */
};

struct table {
    struct slot *slots;
    uint64_t slot_count, used; /* used: with those gone */
};

struct id_index {
    id_index_verify *verify;
    void *data;
    struct table now, before; /* before: being moved into now, from `moved` on */
    uint64_t moved;
    uint64_t count;
};

static uint64_t hash_of(int64_t site_id, struct span id)
{
    return XXH3_64bits_withSeed(id.data, id.len, (uint64_t)site_id);
}

static int table_make(struct table *t, uint64_t slot_count)
{
    t->slots = calloc(slot_count, sizeof *t->slots);
    if (t->slots == NULL)
        return -1;
    t->slot_count = slot_count;
    t->used = 0;
    return 0;
}

struct id_index *id_index_new(id_index_verify *verify, void *data)
{
    struct id_index *x = calloc(1, sizeof *x);
    if (x == NULL)
        return NULL;
    x->verify = verify;
    x->data = data;
    if (table_make(&x->now, FIRST_SLOTS) < 0) {
        free(x);
        return NULL;
    }
    return x;
}

void id_index_free(struct id_index *x)
{
    if (x == NULL)
        return;
    free(x->now.slots);
    free(x->before.slots);
    free(x);
}

static uint64_t table_find(const struct table *t, const struct id_index *x, uint64_t hash,
                           int64_t site_id, struct span id)
{
    if (t->slots == NULL)
        return 0;
    uint64_t mask = t->slot_count - 1;
    for (uint64_t at = hash & mask; t->slots[at].sequence != 0; at = (at + 1) & mask) {
        const struct slot *s = &t->slots[at];
        if (s->hash == hash && s->sequence != GONE && x->verify(x->data, s->sequence, site_id, id))
            return s->sequence;
    }
    return 0;
}

static void table_put(struct table *t, uint64_t hash, uint64_t sequence)
{
    uint64_t mask = t->slot_count - 1, at = hash & mask;
    while (t->slots[at].sequence != 0)
        at = (at + 1) & mask;
    t->slots[at] = (struct slot){hash, sequence};
    t->used++;
}

static bool table_drop(struct table *t, uint64_t hash, uint64_t sequence)
{
    if (t->slots == NULL)
        return false;
    uint64_t mask = t->slot_count - 1;
    for (uint64_t at = hash & mask; t->slots[at].sequence != 0; at = (at + 1) & mask)
        if (t->slots[at].hash == hash && t->slots[at].sequence == sequence) {
            t->slots[at].sequence = GONE;
            return true;
        }
    return false;
}

static void move_some(struct id_index *x)
{
    if (x->before.slots == NULL)
        return;
    for (unsigned i = 0; i < MOVE_SLOTS && x->moved < x->before.slot_count; i++, x->moved++) {
        struct slot *s = &x->before.slots[x->moved];
        if (s->sequence == 0 || s->sequence == GONE)
            continue;
        table_put(&x->now, s->hash, s->sequence);
        s->sequence = GONE; /* what follows it in its run is still found */
    }
    if (x->moved == x->before.slot_count) {
        free(x->before.slots);
        x->before = (struct table){0};
    }
}

uint64_t id_index_find(const struct id_index *x, int64_t site_id, struct span id)
{
    uint64_t hash = hash_of(site_id, id);
    uint64_t sequence = table_find(&x->now, x, hash, site_id, id);
    return sequence != 0 ? sequence : table_find(&x->before, x, hash, site_id, id);
}

int id_index_add(struct id_index *x, int64_t site_id, struct span id, uint64_t sequence)
{
    move_some(x);
    if (x->before.slots == NULL && x->now.used * 10 >= x->now.slot_count * 7) {
        struct table bigger;
        /* Many that are gone need no more room, only a cleaning. */
        uint64_t slots =
            x->count * 3 < x->now.slot_count ? x->now.slot_count : x->now.slot_count * 2;
        if (table_make(&bigger, slots) < 0)
            return -1;
        x->before = x->now;
        x->now = bigger;
        x->moved = 0;
    }
    table_put(&x->now, hash_of(site_id, id), sequence);
    x->count++;
    return 0;
}

void id_index_remove(struct id_index *x, int64_t site_id, struct span id, uint64_t sequence)
{
    uint64_t hash = hash_of(site_id, id);
    if (table_drop(&x->now, hash, sequence) || table_drop(&x->before, hash, sequence))
        x->count--;
    move_some(x);
}

uint64_t id_index_count(const struct id_index *x)
{
    return x->count;
}

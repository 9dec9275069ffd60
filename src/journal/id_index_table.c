#include "journal/id_index_table.h"
#include "journal/id_index_pages.h"

#define FIRST_BITS 10u
#define MOVE_SLOTS 32u
#define GONE ID_INDEX_UNKNOWN

static int slots_make(struct id_slots *s, unsigned bits)
{
    s->slots = id_pages_get(sizeof *s->slots << bits);
    if (s->slots == NULL)
        return -1;
    s->bits = bits;
    s->used = 0;
    return 0;
}

static uint64_t slot_count(const struct id_slots *s)
{
    return s->slots == NULL ? 0 : UINT64_C(1) << s->bits;
}

static void slots_free(struct id_slots *s)
{
    if (s->slots != NULL)
        id_pages_free(s->slots, sizeof *s->slots << s->bits);
    *s = (struct id_slots){0};
}

static uint64_t home_of(const struct id_slots *s, uint64_t hash)
{
    return hash >> (64 - s->bits);
}

/* Runs of used slots stay short below three quarters. */
static bool is_full(const struct id_slots *s)
{
    return s->used * 4 >= slot_count(s) * 3;
}

int id_table_make(struct id_table *t, uint64_t ids)
{
    unsigned bits = FIRST_BITS;
    while ((UINT64_C(3) << bits) < ids * 4)
        bits++;
    *t = (struct id_table){0};
    return slots_make(&t->now, bits);
}

void id_table_free(struct id_table *t)
{
    slots_free(&t->now);
    slots_free(&t->before);
    *t = (struct id_table){0};
}

static void slots_put(struct id_slots *s, uint64_t hash, uint64_t sequence)
{
    uint64_t mask = slot_count(s) - 1, at = home_of(s, hash);
    while (s->slots[at].sequence != 0)
        at = (at + 1) & mask;
    s->slots[at] = (struct id_slot){hash, sequence};
    s->used++;
}

static bool slots_drop(struct id_slots *s, uint64_t hash, uint64_t sequence)
{
    if (s->slots == NULL)
        return false;
    uint64_t mask = slot_count(s) - 1;
    for (uint64_t at = home_of(s, hash); s->slots[at].sequence != 0; at = (at + 1) & mask)
        if (s->slots[at].hash == hash && s->slots[at].sequence == sequence) {
            s->slots[at].sequence = GONE; /* what follows it in its run is still found */
            return true;
        }
    return false;
}

static void move_some(struct id_table *t)
{
    if (t->before.slots == NULL)
        return;
    uint64_t end = slot_count(&t->before);
    for (unsigned i = 0; i < MOVE_SLOTS && t->moved < end; i++, t->moved++) {
        struct id_slot *s = &t->before.slots[t->moved];
        if (s->sequence == 0 || s->sequence == GONE)
            continue;
        slots_put(&t->now, s->hash, s->sequence);
        s->sequence = GONE;
    }
    if (t->moved == end) {
        slots_free(&t->before);
    }
}

bool id_table_move_on(struct id_table *t)
{
    move_some(t);
    return t->before.slots != NULL;
}

int id_table_add(struct id_table *t, uint64_t hash, uint64_t sequence)
{
    move_some(t);
    if (t->before.slots == NULL && is_full(&t->now)) {
        struct id_slots bigger;
        /* Many that are gone need no more room, only a cleaning. */
        bool roomy = t->count * 3 < slot_count(&t->now);
        if (slots_make(&bigger, t->now.bits + (roomy ? 0 : 1)) < 0)
            return -1;
        t->before = t->now;
        t->now = bigger;
        t->moved = 0;
    }
    slots_put(&t->now, hash, sequence);
    t->count++;
    if (sequence > t->highest)
        t->highest = sequence;
    return 0;
}

bool id_table_remove(struct id_table *t, uint64_t hash, uint64_t sequence)
{
    bool dropped = slots_drop(&t->now, hash, sequence) || slots_drop(&t->before, hash, sequence);
    if (dropped)
        t->count--;
    move_some(t);
    return dropped;
}

static uint64_t slots_find(const struct id_slots *s, const struct id_query *q,
                           id_index_verify *verify, void *data)
{
    uint64_t mask = slot_count(s) - 1;
    for (uint64_t at = home_of(s, q->hash); s->slots[at].sequence != 0; at = (at + 1) & mask) {
        const struct id_slot *slot = &s->slots[at];
        if (slot->hash == q->hash && slot->sequence != GONE &&
            verify(data, slot->sequence, q->site_id, q->id))
            return slot->sequence;
    }
    return 0;
}

uint64_t id_table_find(const struct id_table *t, const struct id_query *q, id_index_verify *verify,
                       void *data)
{
    uint64_t sequence = t->now.slots == NULL ? 0 : slots_find(&t->now, q, verify, data);
    if (sequence == 0 && t->before.slots != NULL)
        sequence = slots_find(&t->before, q, verify, data);
    return sequence;
}

static bool is_above(const struct id_slot *s, uint64_t sequence)
{
    return s->sequence != 0 && s->sequence != GONE && s->sequence > sequence;
}

int id_table_move_above(struct id_table *t, uint64_t sequence, struct id_table *to)
{
    struct id_slots *const parts[] = {&t->now, &t->before};
    uint64_t added = 0;
    for (size_t p = 0; p < 2; p++)
        for (uint64_t at = 0; at < slot_count(parts[p]); at++) {
            const struct id_slot *s = &parts[p]->slots[at];
            if (!is_above(s, sequence))
                continue;
            if (id_table_add(to, s->hash, s->sequence) < 0)
                return -1;
            added++;
        }
    if (added == 0)
        return 0;
    for (size_t p = 0; p < 2; p++)
        for (uint64_t at = 0; at < slot_count(parts[p]); at++)
            if (is_above(&parts[p]->slots[at], sequence))
                parts[p]->slots[at].sequence = GONE;
    t->count -= added;
    return 0;
}

static bool comes_before(const struct id_slot *a, const struct id_slot *b)
{
    return a->hash != b->hash ? a->hash < b->hash : a->sequence < b->sequence;
}

/* Adds to a sorted row; the place is near its end. */
static size_t put_sorted(struct id_slot *out, size_t count, struct id_slot slot)
{
    size_t at = count;
    for (; at > 0 && comes_before(&slot, &out[at - 1]); at--)
        out[at] = out[at - 1];
    out[at] = slot;
    return count + 1;
}

size_t id_table_sorted(const struct id_table *t, struct id_slot *out)
{
    const struct id_slots *s = &t->now;
    uint64_t slots = slot_count(s), start = 0;
    size_t count = 0;
    /* The slots up to the first free one may hold ids that went round the table's end:
     * these come last. */
    while (start < slots && s->slots[start].sequence != 0)
        start++;
    for (uint64_t at = 0; at < slots + start; at++) {
        const struct id_slot *slot = &s->slots[at & (slots - 1)];
        bool high = home_of(s, slot->hash) >= slots / 2;
        if (slot->sequence == 0 || slot->sequence == GONE || (at < start && high) ||
            (at >= slots && !high))
            continue;
        count = put_sorted(out, count, *slot);
    }
    return count;
}

size_t id_table_bytes(const struct id_table *t)
{
    return (slot_count(&t->now) + slot_count(&t->before)) * sizeof(struct id_slot);
}

/* What is put away: the head below, then what the kind packs. */
#include "base/memory.h"
#include "floor/vault_entry.h"

#include <stdlib.h>
#include <xxhash.h>

struct away_head {
    uint32_t size; /* of all of it */
    uint32_t sum;  /* XXH3 of what follows: an archive lives for months */
    struct guid guid;
};

#define HEAD_BYTES sizeof(struct away_head)
/* Most that is put away is shorter than this: one read. */
#define READ_FIRST 1024u
/* Besides the kind's few, a part of all stays in memory at rest, for what comes late: of the
 * first MANY one in RESTING_PART, of the rest one in four times as many. */
#define RESTING_PART 512u
#define MANY 131072u

static uint64_t hash_of(const struct guid *g)
{
    return XXH3_64bits(g->bytes, sizeof g->bytes);
}

void vault_init(struct vault *v, const struct vault_kind *kind, struct archive *archive,
                bool at_once)
{
    *v = (struct vault){
        .kind = kind, .archive = archive, .at_once = at_once, .newest = NONE, .oldest = NONE};
}

void vault_clear(struct vault *v)
{
    for (uint32_t i = 0; i < v->entry_end; i++)
        if (v->entries[i] != NULL) {
            v->kind->clear(v->entries[i]->entity);
            memory_free(v->entries[i]);
        }
    memory_free(v->entries);
    memory_free(v->free_places);
    places_clear(&v->places);
    memory_free(v->slots);
    number_map_clear(&v->away);
    buffer_free(&v->scratch);
    memory_free(v->ahead);
    vault_init(v, v->kind, v->archive, v->at_once);
}

/* --- those in memory, by GUID --- */

static uint32_t home_of(const struct vault *v, uint64_t hash)
{
    return (uint32_t)hash & (v->slot_count - 1);
}

/* Where the GUID's slot is, or the free one where it would go. */
static uint32_t slot_find(const struct vault *v, uint64_t hash, const struct guid *g)
{
    uint32_t at = home_of(v, hash);
    while (v->slots[at] != 0 && !guid_equal(&v->entries[v->slots[at] - 1]->guid, g))
        at = (at + 1) & (v->slot_count - 1);
    return at;
}

static void slots_grow(struct vault *v)
{
    v->slot_count = v->slot_count == 0 ? 16 : v->slot_count * 2;
    memory_free(v->slots);
    v->slots = memory_zeroed(v->slot_count, sizeof *v->slots);
    for (uint32_t i = 0; i < v->entry_end; i++)
        if (v->entries[i] != NULL) {
            const struct guid *g = &v->entries[i]->guid;
            v->slots[slot_find(v, hash_of(g), g)] = i + 1;
        }
}

/* Takes a slot out; those behind it that would not be found any more move up. */
static void slot_remove(struct vault *v, uint32_t at)
{
    uint32_t mask = v->slot_count - 1, hole = at;
    for (uint32_t next = (at + 1) & mask; v->slots[next] != 0; next = (next + 1) & mask) {
        uint32_t home = home_of(v, hash_of(&v->entries[v->slots[next] - 1]->guid));
        if (((next - home) & mask) < ((next - hole) & mask))
            continue;
        v->slots[hole] = v->slots[next];
        hole = next;
    }
    v->slots[hole] = 0;
}

/* --- those at rest, by the time of their last touch --- */

static void unlink_entry(struct vault *v, struct vault_entry *e)
{
    if (!e->rests)
        return;
    if (e->newer != NONE)
        v->entries[e->newer]->older = e->older;
    else
        v->newest = e->older;
    if (e->older != NONE)
        v->entries[e->older]->newer = e->newer;
    else
        v->oldest = e->newer;
    e->rests = false;
    v->resting--;
}

static void link_newest(struct vault *v, struct vault_entry *e)
{
    e->newer = NONE;
    e->older = v->newest;
    if (v->newest != NONE)
        v->entries[v->newest]->newer = e->place;
    else
        v->oldest = e->place;
    v->newest = e->place;
    e->rests = true;
    v->resting++;
}

void vault_rest(struct vault *v, uint32_t number, bool rests)
{
    uint32_t place = places_get(&v->places, number);
    if (v->archive == NULL || place & PLACE_AWAY)
        return;
    struct vault_entry *e = v->entries[place];
    if (rests && v->newest == e->place)
        return;
    unlink_entry(v, e);
    if (rests)
        link_newest(v, e);
}

/* --- into memory and out of it --- */

/* What looking for a GUID has read of the archive: it is most often asked for next. What lies
 * under a handle never changes. */
struct vault_ahead {
    uint32_t handle;
    char first[READ_FIRST];
};

static const char *read_ahead(struct vault *v, uint32_t handle)
{
    if (v->ahead == NULL)
        v->ahead = memory_zeroed(1, sizeof *v->ahead);
    v->ahead->handle = handle;
    v->archive->get(v->archive, handle, v->ahead->first, READ_FIRST);
    return v->ahead->first;
}

static struct vault_entry *entry_new(struct vault *v, uint32_t number, const struct guid *g)
{
    struct vault_entry *e = memory_get(sizeof *e + v->kind->size);
    *e = (struct vault_entry){.guid = *g, .number = number};
    if (v->free_count > 0) {
        e->place = v->free_places[--v->free_count];
    } else {
        v->entries = memory_grow(v->entries, &v->entry_cap, v->entry_end + 1, sizeof *v->entries);
        e->place = v->entry_end++;
    }
    v->entries[e->place] = e;
    v->entry_count++;
    if (v->entry_count * 3 >= v->slot_count * 2)
        slots_grow(v); /* takes it up as well */
    else
        v->slots[slot_find(v, hash_of(g), g)] = e->place + 1;
    places_set(&v->places, number, e->place);
    return e;
}

static void entry_free(struct vault *v, struct vault_entry *e)
{
    unlink_entry(v, e);
    slot_remove(v, slot_find(v, hash_of(&e->guid), &e->guid));
    v->entries[e->place] = NULL;
    v->free_places =
        memory_grow(v->free_places, &v->free_cap, v->free_count + 1, sizeof *v->free_places);
    v->free_places[v->free_count++] = e->place;
    v->entry_count--;
    v->kind->clear(e->entity);
    memory_free(e);
}

/* Of what was, or will be, put away. */
static uint32_t away_sum(const char *bytes, size_t size)
{
    size_t summed = offsetof(struct away_head, guid);
    return (uint32_t)XXH3_64bits(bytes + summed, size - summed);
}

/* False when the archive takes nothing now: the entity stays. */
static bool put_away(struct vault *v, struct vault_entry *e)
{
    struct buffer *b = &v->scratch;
    struct away_head head = {.guid = e->guid};
    uint32_t handle;
    buffer_reset(b);
    buffer_append(b, &head, sizeof head);
    v->kind->pack(e->entity, b);
    if (b->failed || b->len > UINT32_MAX)
        return false;
    head.size = (uint32_t)b->len;
    head.sum = away_sum(b->data, b->len);
    memcpy(b->data, &head, sizeof head);
    if (!v->archive->put(v->archive, b->data, b->len, &handle))
        return false;
    if (!e->known_away)
        number_map_add(&v->away, (uint32_t)(hash_of(&e->guid) >> 32), e->number);
    places_set(&v->places, e->number, PLACE_AWAY | handle);
    entry_free(v, e);
    return true;
}

/* How many may stay in memory at rest. */
static uint32_t resting_most(const struct vault *v)
{
    if (v->at_once)
        return 0;
    uint32_t first = v->count < MANY ? v->count : MANY;
    return v->kind->rest_least + first / RESTING_PART + (v->count - first) / (4 * RESTING_PART);
}

void vault_trim(struct vault *v)
{
    uint32_t most = resting_most(v);
    while (v->resting > most)
        if (!put_away(v, v->entries[v->oldest]))
            return;
}

/* Something read back from the archive. */
struct fetched {
    char first[READ_FIRST];
    char *longer; /* owned; NULL when it fits into `first` */
    struct guid guid;
    struct span packed;
};

static void fetch(const struct vault *v, uint32_t handle, const struct vault_ahead *ahead,
                  struct fetched *out)
{
    struct away_head head;
    const char *bytes = out->first;
    size_t got = READ_FIRST;
    if (ahead != NULL && ahead->handle == handle)
        memcpy(out->first, ahead->first, READ_FIRST);
    else
        got = v->archive->get(v->archive, handle, out->first, READ_FIRST);
    memcpy(&head, out->first, sizeof head);
    out->longer = NULL;
    if (head.size > READ_FIRST) {
        bytes = out->longer = memory_get(head.size);
        got = v->archive->get(v->archive, handle, out->longer, head.size);
    }
    if (head.size < HEAD_BYTES || got < head.size || away_sum(bytes, head.size) != head.sum)
        v->archive->damaged(v->archive);
    out->guid = head.guid;
    out->packed = (struct span){bytes + HEAD_BYTES, head.size - HEAD_BYTES};
}

void *vault_get(struct vault *v, uint32_t number)
{
    uint32_t place = places_get(&v->places, number);
    if (!(place & PLACE_AWAY))
        return v->entries[place]->entity;
    struct fetched away;
    fetch(v, place & ~PLACE_AWAY, v->ahead, &away);
    struct vault_entry *e = entry_new(v, number, &away.guid);
    e->known_away = true;
    v->kind->unpack(e->entity, number, away.packed);
    memory_free(away.longer);
    if (v->archive->drop != NULL) /* it goes there anew, some time */
        v->archive->drop(v->archive, HEAD_BYTES + away.packed.len);
    link_newest(v, e);
    return e->entity;
}

const void *vault_peek(const struct vault *v, uint32_t number, void *scratch, struct guid *guid)
{
    uint32_t place = places_get(&v->places, number);
    if (!(place & PLACE_AWAY)) {
        const struct vault_entry *e = v->entries[place];
        v->kind->init(scratch, number);
        if (guid != NULL)
            *guid = e->guid;
        return e->entity;
    }
    struct fetched away;
    fetch(v, place & ~PLACE_AWAY, NULL, &away); /* others may be asking as well */
    v->kind->unpack(scratch, number, away.packed);
    memory_free(away.longer);
    if (guid != NULL)
        *guid = away.guid;
    return scratch;
}

/* --- by GUID --- */

struct wanted {
    const struct vault *vault;
    const struct guid *guid;
    struct vault *reader; /* the same, when what is read may be kept; else NULL */
};

/* Is this number, which has been put away once, the one of the GUID? */
static bool is_wanted(const void *data, uint32_t number)
{
    const struct wanted *w = data;
    uint32_t place = places_get(&w->vault->places, number);
    if (!(place & PLACE_AWAY))
        return false; /* it was not found among those in memory */
    uint32_t handle = place & ~PLACE_AWAY;
    char own[HEAD_BYTES];
    const char *head = own;
    if (w->reader != NULL)
        head = read_ahead(w->reader, handle);
    else
        w->vault->archive->get(w->vault->archive, handle, own, sizeof own);
    return memcmp(head + offsetof(struct away_head, guid), w->guid->bytes, sizeof w->guid->bytes) ==
           0;
}

static uint32_t find(const struct vault *v, const struct guid *g, struct vault *reader)
{
    uint64_t hash = hash_of(g);
    if (v->slot_count > 0) {
        uint32_t slot = v->slots[slot_find(v, hash, g)];
        if (slot != 0)
            return v->entries[slot - 1]->number;
    }
    const struct wanted wanted = {v, g, reader};
    return number_map_find(&v->away, (uint32_t)(hash >> 32), is_wanted, &wanted);
}

uint32_t vault_find(const struct vault *v, const struct guid *g)
{
    return find(v, g, NULL);
}

uint32_t vault_intern(struct vault *v, const struct guid *g)
{
    uint32_t number = find(v, g, v);
    if (number != NONE)
        return number;
    number = v->count++;
    places_add(&v->places, 0);
    struct vault_entry *e = entry_new(v, number, g);
    v->kind->init(e->entity, number);
    if (v->archive != NULL)
        link_newest(v, e);
    return number;
}

#include "event/id_map.h"

#include "event/decode.h"

#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* 2 MiB for each decoder: the ids of some ten thousand chats, agents and
 * visitors, which is what is alive at a time on a large floor. */
#define SLOTS 32768u
/* An entry fills one cache line; a longer text (few are) is computed each time. */
#define TEXT_BYTES 39u
#define SITE_SLOTS 256u

struct entry {
    int64_t site_id; /* 0, which is no site, in an empty one */
    struct guid guid;
    uint8_t len;
    char text[TEXT_BYTES];
};

struct site_space {
    int64_t site_id;
    struct guid space;
};

struct id_map {
    struct entry slots[SLOTS];
    struct site_space sites[SITE_SLOTS];
};

_Static_assert(sizeof(struct entry) == 64, "an entry is one cache line");

struct guid guid_of_id(int64_t site_id, struct span text)
{
    struct guid guid;
    if (guid_parse(text, &guid))
        return guid;
    struct guid space = guid_site_space(site_id);
    return guid_v5(&space, text);
}

struct id_map *id_map_new(void)
{
    /* Left zero by the system page by page: an idle thread's costs nothing. */
    return calloc(1, sizeof(struct id_map));
}

void id_map_free(struct id_map *m)
{
    free(m);
}

static const struct guid *space_of(struct id_map *m, int64_t site_id)
{
    struct site_space *s = &m->sites[(uint64_t)site_id % SITE_SLOTS];
    if (s->site_id != site_id)
        *s = (struct site_space){site_id, guid_site_space(site_id)};
    return &s->space;
}

struct guid id_map_guid(struct id_map *m, int64_t site_id, struct span text)
{
    struct guid guid;
    if (guid_parse(text, &guid))
        return guid;
    if (text.len > TEXT_BYTES)
        return guid_v5(space_of(m, site_id), text);
    uint64_t hash = XXH3_64bits_withSeed(text.data, text.len, (uint64_t)site_id);
    struct entry *e = &m->slots[hash % SLOTS];
    if (e->site_id == site_id && e->len == text.len && memcmp(e->text, text.data, text.len) == 0)
        return e->guid;
    e->guid = guid_v5(space_of(m, site_id), text);
    e->site_id = site_id;
    e->len = (uint8_t)text.len;
    memcpy(e->text, text.data, text.len);
    return e->guid;
}

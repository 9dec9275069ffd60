#include "floor/status_marks.h"

#include "base/limits.h"
#include "base/memory.h"

/* Before an id: its length, or this for a GUID in lower case. */
#define IS_GUID 0
_Static_assert(LIMIT_ID_BYTES <= UINT8_MAX, "a byte holds the length of an id");

/* Room for some more: marks are many, and most arrays of them stay as they are. */
static size_t room_for(size_t count)
{
    return count + count / 16 + 4;
}

/* True, and the GUID, when the id is just what guid_format writes. */
static bool is_plain_guid(struct span id, struct guid *g)
{
    char text[GUID_TEXT_BYTES];
    if (id.len != GUID_TEXT_BYTES || !guid_parse(id, g))
        return false;
    guid_format(g, text);
    return memcmp(text, id.data, sizeof text) == 0;
}

/* Adds an id behind the others; returns where. */
static uint32_t id_add(struct agent *a, struct span id)
{
    struct guid g;
    uint8_t length = (uint8_t)id.len;
    if (is_plain_guid(id, &g)) {
        id = (struct span){(const char *)g.bytes, sizeof g.bytes};
        length = IS_GUID;
    }
    size_t at = a->mark_id_bytes, end = at + 1 + id.len;
    if (end > a->mark_id_cap) {
        a->mark_id_cap = room_for(end);
        a->mark_ids = memory_resize(a->mark_ids, at > UINT32_MAX ? SIZE_MAX : a->mark_id_cap);
    }
    a->mark_ids[at] = length;
    if (id.len > 0)
        memcpy(a->mark_ids + at + 1, id.data, id.len);
    a->mark_id_bytes = end;
    return (uint32_t)at;
}

struct span status_mark_id(const struct agent *a, size_t at, char text[GUID_TEXT_BYTES])
{
    const uint8_t *id = a->mark_ids + a->marks[at].id_at;
    if (id[0] != IS_GUID)
        return (struct span){(const char *)id + 1, id[0]};
    struct guid g;
    memcpy(g.bytes, id + 1, sizeof g.bytes);
    guid_format(&g, text);
    return (struct span){text, GUID_TEXT_BYTES};
}

void status_marks_insert(struct agent *a, size_t at, int64_t time_us, struct span id,
                         uint32_t status)
{
    if (a->mark_count == a->mark_cap) {
        a->mark_cap = room_for(a->mark_count);
        a->marks = memory_resize(a->marks, a->mark_cap * sizeof *a->marks);
    }
    memmove(a->marks + at + 1, a->marks + at, (a->mark_count - at) * sizeof *a->marks);
    a->marks[at] =
        (struct status_mark){.time_us = time_us, .id_at = id_add(a, id), .status = status};
    a->mark_count++;
}

void status_marks_keep(struct agent *a, const bool *needed)
{
    struct status_mark *old = a->marks;
    uint8_t *old_ids = a->mark_ids;
    size_t count = a->mark_count;
    struct agent from = *a;
    a->marks = NULL;
    a->mark_ids = NULL;
    a->mark_count = a->mark_cap = a->mark_id_bytes = a->mark_id_cap = 0;
    for (size_t i = 0; i < count; i++) {
        char text[GUID_TEXT_BYTES];
        if (needed[i])
            status_marks_insert(a, a->mark_count, old[i].time_us, status_mark_id(&from, i, text),
                                old[i].status);
    }
    memory_free(old);
    memory_free(old_ids);
}

void status_marks_clear(struct agent *a)
{
    memory_free(a->marks);
    memory_free(a->mark_ids);
}

#include "floor/status_marks.h"

#include "base/memory.h"
#include "floor/status_times.h"

#define IN_ARCHIVE (UINT32_C(1) << 31) /* in id_at: the rest is its handle */
/* An id as bytes: its length, then itself. */
#define ID_BYTES_MAX (1 + LIMIT_ID_BYTES)
_Static_assert(LIMIT_ID_BYTES <= UINT8_MAX, "a byte holds the length of an id");

/* Room for some more: marks are many, and most arrays of them stay as they are. */
static size_t room_for(size_t count)
{
    return count + count / 16 + 4;
}

/* Adds an id behind the others in memory; returns where. */
static uint32_t id_add(struct agent *a, const uint8_t *bytes, size_t size)
{
    size_t at = a->mark_id_bytes, end = at + size;
    if (end > a->mark_id_cap) {
        a->mark_id_cap = room_for(end);
        a->mark_ids = memory_resize(a->mark_ids, at >= IN_ARCHIVE ? SIZE_MAX : a->mark_id_cap);
    }
    memcpy(a->mark_ids + at, bytes, size);
    a->mark_id_bytes = end;
    return (uint32_t)at;
}

/* Keeps an id; returns its mark's id_at. */
static uint32_t id_keep(struct agent *a, struct archive *archive, struct span id)
{
    uint8_t bytes[ID_BYTES_MAX];
    uint32_t handle;
    bytes[0] = (uint8_t)id.len;
    if (id.len > 0)
        memcpy(bytes + 1, id.data, id.len);
    if (archive != NULL && archive->put(archive, bytes, 1 + id.len, &handle))
        return IN_ARCHIVE | handle;
    return id_add(a, bytes, 1 + id.len);
}

struct span status_mark_id(const struct agent *a, struct archive *archive, size_t at,
                           char text[LIMIT_ID_BYTES])
{
    uint8_t read[ID_BYTES_MAX];
    uint32_t id_at = a->marks[at].id_at;
    const uint8_t *bytes = read;
    if (id_at & IN_ARCHIVE)
        archive->get(archive, id_at & ~IN_ARCHIVE, read, sizeof read);
    else
        bytes = a->mark_ids + id_at;
    memcpy(text, bytes + 1, bytes[0]);
    return (struct span){text, bytes[0]};
}

size_t status_marks_until(const struct status_mark *marks, size_t count, int64_t t)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (marks[middle].time_us <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_before(const struct agent *a, struct archive *archive, size_t at, int64_t time_us,
                      struct span id)
{
    char text[LIMIT_ID_BYTES];
    if (a->marks[at].time_us != time_us)
        return a->marks[at].time_us < time_us;
    return span_compare(status_mark_id(a, archive, at, text), id) < 0;
}

size_t status_marks_find(const struct agent *a, struct archive *archive, int64_t time_us,
                         struct span id)
{
    size_t low = 0, high = a->mark_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (is_before(a, archive, middle, time_us, id))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert(struct agent *a, size_t at, struct status_mark mark)
{
    if (a->mark_count == a->mark_cap) {
        a->mark_cap = room_for(a->mark_count);
        a->marks = memory_resize(a->marks, a->mark_cap * sizeof *a->marks);
    }
    memmove(a->marks + at + 1, a->marks + at, (a->mark_count - at) * sizeof *a->marks);
    a->marks[at] = mark;
    a->mark_count++;
}

void status_marks_insert(struct agent *a, struct archive *archive, size_t at, int64_t time_us,
                         struct span id, uint32_t status)
{
    uint32_t id_at = id_keep(a, archive, id);
    uint32_t own = status_times_own(a, status);
    insert(a, at, (struct status_mark){.time_us = time_us, .id_at = id_at, .own = own});
}

void status_marks_keep(struct agent *a, const bool *needed)
{
    struct status_mark *old = a->marks;
    uint8_t *old_ids = a->mark_ids;
    size_t count = a->mark_count;
    a->marks = NULL;
    a->mark_ids = NULL;
    a->mark_count = a->mark_cap = a->mark_id_bytes = a->mark_id_cap = 0;
    for (size_t i = 0; i < count; i++) {
        struct status_mark mark = old[i];
        if (!needed[i])
            continue;
        if (!(mark.id_at & IN_ARCHIVE))
            mark.id_at = id_add(a, old_ids + mark.id_at, 1u + old_ids[mark.id_at]);
        insert(a, a->mark_count, mark);
    }
    memory_free(old);
    memory_free(old_ids);
}

void status_marks_clear(struct agent *a)
{
    memory_free(a->marks);
    memory_free(a->mark_ids);
}

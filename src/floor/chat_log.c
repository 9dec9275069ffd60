/* An entry: type and flags (2 bytes), time since the entry before, the named entities,
 * the score of a rating, the id. Numbers are in groups of seven bits; an id that is a
 * GUID in the usual spelling takes 16 bytes. */
#include "floor/chat_log.h"

#include "base/memory.h"
#include "floor/varint.h"

enum flag {
    HAS_VISITOR = 1,
    HAS_CONTACT = 2,
    HAS_DEPARTMENT = 4,
    HAS_AGENT = 8,
    ID_IS_GUID = 16,
    SENDER_SHIFT = 5, /* two bits */
};

#define ENTRY_MAX (2 + 10 + 3 * 5 + 16 + 10 + 2 + 128)
#define LOG_FIRST 64u

/* Bytewise, as texts (metrics.md §3). */
static int id_compare(const struct chat_event_id *a, const struct chat_event_id *b)
{
    char text_a[GUID_TEXT_BYTES], text_b[GUID_TEXT_BYTES];
    struct span x = a->text, y = b->text;
    if (a->is_guid && b->is_guid)
        return guid_compare(&a->guid, &b->guid);
    if (a->is_guid) {
        guid_format(&a->guid, text_a);
        x = (struct span){text_a, sizeof text_a};
    }
    if (b->is_guid) {
        guid_format(&b->guid, text_b);
        y = (struct span){text_b, sizeof text_b};
    }
    return span_compare(x, y);
}

int chat_event_compare(const struct chat_event *a, const struct chat_event *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    unsigned rank_a = event_rank(a->type), rank_b = event_rank(b->type);
    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    return id_compare(&a->id, &b->id);
}

struct chat_event_id chat_event_id_of(struct span text)
{
    struct chat_event_id id = {.text = text};
    id.is_guid = guid_parse_usual(text, &id.guid);
    return id;
}

static size_t entry_pack(uint8_t *entry, const struct chat_event *e, int64_t last_us)
{
    entry[0] = (uint8_t)e->type;
    entry[1] =
        (uint8_t)((e->visitor != NONE ? HAS_VISITOR : 0) | (e->has_contact ? HAS_CONTACT : 0) |
                  (e->department != NONE ? HAS_DEPARTMENT : 0) |
                  (e->agent != NONE ? HAS_AGENT : 0) | (e->id.is_guid ? ID_IS_GUID : 0) |
                  (int)e->sender << SENDER_SHIFT);
    /* Only the first entry of a log can lie before its predecessor (time 0). */
    uint64_t since = (uint64_t)e->time_us - (uint64_t)last_us;
    uint8_t *at = varint_put(entry + 2, varint_signed((int64_t)since));
    if (e->visitor != NONE)
        at = varint_put(at, e->visitor);
    if (e->has_contact) {
        memcpy(at, e->contact.bytes, sizeof e->contact.bytes);
        at += sizeof e->contact.bytes;
    }
    if (e->department != NONE)
        at = varint_put(at, e->department);
    if (e->agent != NONE)
        at = varint_put(at, e->agent);
    if (e->type == EVENT_CHAT_RATED)
        at = varint_put(at, (uint64_t)e->score);
    if (e->id.is_guid) {
        memcpy(at, e->id.guid.bytes, sizeof e->id.guid.bytes);
        at += sizeof e->id.guid.bytes;
    } else {
        at = varint_put(at, e->id.text.len);
        memcpy(at, e->id.text.data, e->id.text.len);
        at += e->id.text.len;
    }
    return (size_t)(at - entry);
}

static void log_reserve(struct chat *c, size_t need)
{
    size_t cap = c->log_cap;
    c->log = memory_grow(c->log, &cap, need < LOG_FIRST ? LOG_FIRST : need, 1);
    c->log_cap = (uint32_t)cap;
}

void chat_log_append(struct chat *c, const struct chat_event *e, int64_t last_us)
{
    uint8_t entry[ENTRY_MAX];
    size_t size = entry_pack(entry, e, last_us);
    log_reserve(c, c->log_len + size);
    memcpy(c->log + c->log_len, entry, size);
    c->log_len += (uint32_t)size;
}

bool chat_log_next(const struct chat *c, struct chat_cursor *cursor, struct chat_event *out)
{
    if (cursor->at >= c->log_len)
        return false;
    const uint8_t *at = c->log + cursor->at;
    unsigned flags = at[1];
    out->type = (enum event_type)at[0];
    out->sender = (enum sender)(flags >> SENDER_SHIFT & 3);
    at += 2;
    uint64_t since = varint_get(&at);
    out->time_us = cursor->time_us + varint_of_signed(since);
    out->visitor = flags & HAS_VISITOR ? (uint32_t)varint_get(&at) : NONE;
    out->has_contact = (flags & HAS_CONTACT) != 0;
    if (out->has_contact) {
        memcpy(out->contact.bytes, at, sizeof out->contact.bytes);
        at += sizeof out->contact.bytes;
    }
    out->department = flags & HAS_DEPARTMENT ? (uint32_t)varint_get(&at) : NONE;
    out->agent = flags & HAS_AGENT ? (uint32_t)varint_get(&at) : NONE;
    out->score = out->type == EVENT_CHAT_RATED ? (int64_t)varint_get(&at) : 0;
    out->id.is_guid = (flags & ID_IS_GUID) != 0;
    if (out->id.is_guid) {
        memcpy(out->id.guid.bytes, at, sizeof out->id.guid.bytes);
        at += sizeof out->id.guid.bytes;
    } else {
        out->id.text.len = varint_get(&at);
        out->id.text.data = (const char *)at;
        at += out->id.text.len;
    }
    cursor->at = (uint32_t)(at - c->log);
    cursor->time_us = out->time_us;
    return true;
}

void chat_log_insert(struct chat *c, const struct chat_event *e, const struct chat_cursor *place)
{
    /* The new entry and its successor, whose time counts from the new one, between what
     * stays as it is. The successor's id lies in the log, so both are written aside first. */
    struct chat_cursor after = *place;
    struct chat_event next = {0};
    uint8_t entries[2 * ENTRY_MAX];
    size_t size = entry_pack(entries, e, place->time_us);
    if (chat_log_next(c, &after, &next))
        size += entry_pack(entries + size, &next, e->time_us);
    uint32_t replaced = after.at - place->at;
    log_reserve(c, c->log_len - replaced + size);
    memmove(c->log + place->at + size, c->log + after.at, c->log_len - after.at);
    memcpy(c->log + place->at, entries, size);
    c->log_len = (uint32_t)(c->log_len - replaced + size);
}

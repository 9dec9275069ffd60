/* A visitor as bytes: four lists, each with its length before it. Times count from the one
 * before; numbers are in groups of seven bits, signed ones with the sign in the lowest bit.
 *   marks:    time, flags (left, contact), and with a contact its GUID and the event's id
 *   stays:    start since the last end, length (open: 0 for ever, else length + 1)
 *   chats:    start since the last start, length as above, the chat
 *   accepted: time, department + 1 */
#include "base/memory.h"
#include "floor/varint.h"
#include "floor/visitor.h"

enum { MARK_LEFT = 1, MARK_CONTACT = 2 };

static void visitor_init(void *entity, uint32_t number)
{
    *(struct visitor *)entity = (struct visitor){.number = number};
}

static void visitor_clear(void *entity)
{
    struct visitor *v = entity;
    for (size_t i = 0; i < v->mark_count; i++)
        memory_free(v->marks[i].id);
    memory_free(v->marks);
    memory_free(v->stays);
    interval_set_clear(&v->chats);
    memory_free(v->accepted);
}

static void add(struct buffer *out, uint64_t value)
{
    uint8_t bytes[VARINT_MAX];
    buffer_append(out, bytes, (size_t)(varint_put(bytes, value) - bytes));
}

/* The difference to *last, which becomes the time. */
static void add_time(struct buffer *out, int64_t *last, int64_t time)
{
    add(out, varint_signed((int64_t)((uint64_t)time - (uint64_t)*last)));
    *last = time;
}

static int64_t get_time(const uint8_t **at, int64_t *last)
{
    *last = (int64_t)((uint64_t)*last + (uint64_t)varint_of_signed(varint_get(at)));
    return *last;
}

static void add_end(struct buffer *out, int64_t start, int64_t end)
{
    add(out, end == INTERVAL_OPEN ? 0 : (uint64_t)end - (uint64_t)start + 1);
}

static int64_t get_end(const uint8_t **at, int64_t start)
{
    uint64_t length = varint_get(at);
    return length == 0 ? INTERVAL_OPEN : (int64_t)((uint64_t)start + length - 1);
}

static void pack_marks(const struct visitor *v, struct buffer *out)
{
    int64_t last = 0;
    add(out, v->mark_count);
    for (size_t i = 0; i < v->mark_count; i++) {
        const struct visitor_mark *m = &v->marks[i];
        add_time(out, &last, m->time_us);
        add(out, (m->left ? MARK_LEFT : 0u) | (m->has_contact ? MARK_CONTACT : 0u));
        if (!m->has_contact)
            continue;
        buffer_append(out, m->contact.bytes, sizeof m->contact.bytes);
        add(out, m->id_len);
        buffer_append(out, m->id, m->id_len);
    }
}

static void unpack_marks(struct visitor *v, const uint8_t **at)
{
    int64_t last = 0;
    v->mark_count = v->mark_cap = varint_get(at);
    if (v->mark_count > 0)
        v->marks = memory_zeroed(v->mark_count, sizeof *v->marks);
    for (size_t i = 0; i < v->mark_count; i++) {
        struct visitor_mark *m = &v->marks[i];
        m->time_us = get_time(at, &last);
        uint64_t flags = varint_get(at);
        m->left = (flags & MARK_LEFT) != 0;
        m->has_contact = (flags & MARK_CONTACT) != 0;
        if (!m->has_contact)
            continue;
        memcpy(m->contact.bytes, *at, sizeof m->contact.bytes);
        *at += sizeof m->contact.bytes;
        m->id_len = (uint32_t)varint_get(at);
        m->id = memory_get(m->id_len);
        memcpy(m->id, *at, m->id_len);
        *at += m->id_len;
    }
}

static void pack_stays(const struct visitor *v, struct buffer *out)
{
    int64_t last = 0;
    add(out, v->stay_count);
    for (size_t i = 0; i < v->stay_count; i++) {
        add_time(out, &last, v->stays[i].start);
        add_end(out, v->stays[i].start, v->stays[i].end);
    }
}

static void unpack_stays(struct visitor *v, const uint8_t **at)
{
    int64_t last = 0;
    v->stay_count = v->stay_cap = varint_get(at);
    if (v->stay_count > 0)
        v->stays = memory_get(v->stay_count * sizeof *v->stays);
    for (size_t i = 0; i < v->stay_count; i++) {
        int64_t start = get_time(at, &last);
        v->stays[i] = (struct stay){start, get_end(at, start)};
    }
}

struct chats_packer {
    struct buffer *out;
    int64_t last;
};

static bool pack_chat(void *data, const struct interval *i)
{
    struct chats_packer *p = data;
    add_time(p->out, &p->last, i->start);
    add_end(p->out, i->start, i->end);
    add(p->out, i->ref);
    return true;
}

static void pack_chats(const struct visitor *v, struct buffer *out)
{
    struct chats_packer p = {out, 0};
    add(out, v->chats.entries);
    interval_set_over(&v->chats, INT64_MIN, INT64_MAX, pack_chat, &p);
}

static void unpack_chats(struct visitor *v, const uint8_t **at)
{
    int64_t last = 0;
    for (uint64_t count = varint_get(at); count > 0; count--) {
        struct interval i = {.start = get_time(at, &last)};
        i.end = get_end(at, i.start);
        i.ref = (uint32_t)varint_get(at);
        v->open_chats += i.end == INTERVAL_OPEN;
        interval_set_add(&v->chats, &i);
    }
}

static void pack_accepted(const struct visitor *v, struct buffer *out)
{
    int64_t last = 0;
    add(out, v->accepted_count);
    for (size_t i = 0; i < v->accepted_count; i++) {
        add_time(out, &last, v->accepted[i].requested_us);
        add(out, v->accepted[i].department + 1u);
    }
}

static void unpack_accepted(struct visitor *v, const uint8_t **at)
{
    int64_t last = 0;
    v->accepted_count = v->accepted_cap = varint_get(at);
    if (v->accepted_count > 0)
        v->accepted = memory_get(v->accepted_count * sizeof *v->accepted);
    for (size_t i = 0; i < v->accepted_count; i++) {
        v->accepted[i].requested_us = get_time(at, &last);
        v->accepted[i].department = (uint32_t)varint_get(at) - 1u;
    }
}

static void visitor_pack(const void *entity, struct buffer *out)
{
    const struct visitor *v = entity;
    pack_marks(v, out);
    pack_stays(v, out);
    pack_chats(v, out);
    pack_accepted(v, out);
}

static void visitor_unpack(void *entity, uint32_t number, struct span bytes)
{
    struct visitor *v = entity;
    const uint8_t *at = (const uint8_t *)bytes.data;
    visitor_init(v, number);
    unpack_marks(v, &at);
    unpack_stays(v, &at);
    unpack_chats(v, &at);
    unpack_accepted(v, &at);
}

const struct vault_kind VISITOR_KIND = {
    .size = sizeof(struct visitor),
    .rest_least = 256, /* heartbeats come again and again, and may be many to pack */
    .init = visitor_init,
    .clear = visitor_clear,
    .pack = visitor_pack,
    .unpack = visitor_unpack,
    .image = visitor_image,
};

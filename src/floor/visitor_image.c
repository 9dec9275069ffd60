/* Visitors that are in memory to an image and back. */
#include "base/memory.h"
#include "floor/image_list.h"
#include "floor/visitor.h"
#include "timeline/images.h"

static void mark_image(struct visitor_mark *m, struct image *io)
{
    image_bytes(io, &m->time_us, sizeof m->time_us);
    image_bytes(io, &m->left, sizeof m->left);
    image_bytes(io, &m->has_contact, sizeof m->has_contact);
    if (!m->has_contact)
        return;
    image_bytes(io, &m->contact, sizeof m->contact);
    image_bytes(io, &m->id_len, sizeof m->id_len);
    m->id = image_array(io, m->id, m->id_len, 1);
}

void visitor_image(void *entity, struct image *io)
{
    struct visitor *v = entity;
    image_bytes(io, &v->number, sizeof v->number);
    image_bytes(io, &v->mark_count, sizeof v->mark_count);
    if (image_loads(io)) {
        v->marks = v->mark_count > 0 ? memory_zeroed(v->mark_count, sizeof *v->marks) : NULL;
        v->mark_cap = v->mark_count;
    }
    for (size_t i = 0; i < v->mark_count; i++)
        mark_image(&v->marks[i], io);
    v->stays = image_list(io, v->stays, &v->stay_count, &v->stay_cap, sizeof *v->stays);
    interval_set_image(&v->chats, io);
    image_bytes(io, &v->open_chats, sizeof v->open_chats);
    v->accepted =
        image_list(io, v->accepted, &v->accepted_count, &v->accepted_cap, sizeof *v->accepted);
}

/* A vault to an image and back. What is put away stays in the archive: only the handles are in
 * the image. Entities in memory go as their kind says, each under the place that it has. */
#include "base/memory.h"
#include "floor/image_list.h"
#include "floor/vault_entry.h"

/* Saves an entry; or, given none, returns a new one. */
static struct vault_entry *entry_image(const struct vault *v, struct vault_entry *e,
                                       struct image *io)
{
    if (e == NULL)
        e = memory_zeroed(1, sizeof *e + v->kind->size);
    image_bytes(io, e, sizeof *e);
    v->kind->image(e->entity, io);
    return e;
}

static void entries_load(struct vault *v, uint32_t count, struct image *io)
{
    v->entries = memory_zeroed(v->entry_end, sizeof *v->entries);
    v->entry_cap = v->entry_end;
    while (v->entry_count < count && !image_failed(io)) {
        struct vault_entry *e = entry_image(v, NULL, io);
        if (e->place >= v->entry_end || v->entries[e->place] != NULL) {
            image_refuse(io);
            v->kind->clear(e->entity);
            memory_free(e);
            return;
        }
        v->entries[e->place] = e;
        v->entry_count++;
    }
}

static void entries_image(struct vault *v, struct image *io)
{
    uint32_t count = v->entry_count;
    image_bytes(io, &v->entry_end, sizeof v->entry_end);
    image_bytes(io, &count, sizeof count);
    if (image_loads(io)) {
        entries_load(v, count, io);
        return;
    }
    for (uint32_t i = 0; i < v->entry_end; i++)
        if (v->entries[i] != NULL)
            entry_image(v, v->entries[i], io);
}

void vault_image(struct vault *v, struct image *io)
{
    image_bytes(io, &v->count, sizeof v->count);
    places_image(&v->places, io);
    entries_image(v, io);
    v->free_places =
        image_list(io, v->free_places, &v->free_count, &v->free_cap, sizeof *v->free_places);
    image_bytes(io, &v->slot_count, sizeof v->slot_count);
    v->slots = image_array(io, v->slots, v->slot_count, sizeof *v->slots);
    number_map_image(&v->away, io);
    image_bytes(io, &v->newest, sizeof v->newest);
    image_bytes(io, &v->oldest, sizeof v->oldest);
    image_bytes(io, &v->resting, sizeof v->resting);
}

#include "timeline/leaf_image.h"

#include "base/image.h"
#include "base/memory.h"
#include "timeline/packed_form.h"

static bool can_be(const struct leaf_head *head)
{
    if (head->cap > 0)
        return head->n <= head->cap && head->cap <= LEAF_MAX;
    return head->n >= 1 && head->n <= PACKED_MAX && head->mark >= sizeof(struct packed) &&
           head->mark <= PACKED_MAX_BYTES;
}

void *leaf_image(struct image *io, void *leaf, size_t entry_bytes)
{
    struct leaf_head head = {0};
    if (!image_loads(io))
        head = *(struct leaf_head *)leaf;
    image_bytes(io, &head, sizeof head);
    if (image_loads(io)) {
        if (image_failed(io) || !can_be(&head)) {
            image_refuse(io);
            return NULL;
        }
        leaf = head.cap > 0 ? memory_get(sizeof head + head.cap * entry_bytes)
                            : (void *)packed_room(head.mark);
        *(struct leaf_head *)leaf = head;
    }
    if (head.cap == 0)
        image_bytes(io, (struct leaf_head *)leaf + 1, head.mark - sizeof head);
    return leaf;
}

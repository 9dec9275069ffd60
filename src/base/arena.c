#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

/* Blocks grow from the first size to the last, so that a small request costs
 * little and a batch few calls; what is larger than a block gets its own. */
#define FIRST_BLOCK ((size_t)16 << 10)
#define LAST_BLOCK ((size_t)1 << 20)

struct block {
    struct block *next; /* the one filled before it */
    size_t cap, used;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *blocks; /* the one being filled first */
    size_t next_cap;
};

struct arena *arena_new(void)
{
    struct arena *a = malloc(sizeof *a);
    if (a != NULL)
        *a = (struct arena){NULL, FIRST_BLOCK};
    return a;
}

static struct block *add_block(struct arena *a, size_t need)
{
    bool own = need > a->next_cap;
    size_t cap = own ? need : a->next_cap;
    struct block *b = malloc(sizeof *b + cap);
    if (b == NULL)
        return NULL;
    b->cap = cap;
    b->used = 0;
    if (own && a->blocks != NULL) {
        /* It is full at once: the block being filled stays in front. */
        b->next = a->blocks->next;
        a->blocks->next = b;
        return b;
    }
    b->next = a->blocks;
    a->blocks = b;
    if (a->next_cap < LAST_BLOCK)
        a->next_cap *= 2;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t need = size == 0 ? align : (size + align - 1) / align * align;
    struct block *b = a->blocks;
    if (b == NULL || b->cap - b->used < need)
        b = add_block(a, need);
    if (b == NULL)
        return NULL;
    void *memory = b->bytes + b->used;
    b->used += need;
    return memory;
}

struct span arena_copy(struct arena *a, struct span s)
{
    char *copy = arena_alloc(a, s.len + 1);
    if (copy == NULL)
        return (struct span){NULL, 0};
    if (s.len > 0)
        memcpy(copy, s.data, s.len);
    copy[s.len] = '\0';
    return (struct span){copy, s.len};
}

void arena_reset(struct arena *a)
{
    /* The largest of the usual sizes is kept: it holds most requests whole,
     * and one giant request is not paid for ever after. */
    struct block *kept = NULL;
    for (struct block *b = a->blocks, *next; b != NULL; b = next) {
        next = b->next;
        if (b->cap <= LAST_BLOCK && (kept == NULL || b->cap > kept->cap)) {
            free(kept);
            kept = b;
        } else {
            free(b);
        }
    }
    if (kept != NULL) {
        kept->next = NULL;
        kept->used = 0;
    }
    a->blocks = kept;
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    for (struct block *b = a->blocks, *next; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

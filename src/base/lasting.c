/* A slab is a row of blocks without gaps. Each begins with its own size and that of the one
 * before it, so that a freed block is made one with its free neighbours. Free blocks are in
 * lists by size, and the smallest that is large enough is taken. */
#include "base/lasting.h"

#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __SANITIZE_ADDRESS__
#define EVERY_BLOCK_ALONE true /* so that every byte beyond a block is seen */
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define EVERY_BLOCK_ALONE true
#endif
#endif
#ifndef EVERY_BLOCK_ALONE
#define EVERY_BLOCK_ALONE false
#endif

#define UNIT 8u /* of all sizes */
/* A power of two, with what malloc adds. */
#define SLAB_BYTES (131072u - 2 * UNIT)
/* Larger blocks are malloc's: they would leave too much of a slab empty. */
#define BLOCK_MOST 4096u

#define IS_FREE 1u
#define IS_OUTSIDE 2u /* not in a slab */
#define FLAGS (UNIT - 1)

struct block {
    uint32_t size;   /* with this header; and flags. 0: the end of a slab */
    uint32_t before; /* size of the block before it; 0: the first of its slab */
    /* When it is free: the others of its size. */
    struct block *next, *prev;
};

#define HEADER_BYTES offsetof(struct block, next)
_Static_assert(HEADER_BYTES == UNIT && sizeof(struct block) == 3 * UNIT, "as lists want");

/* One list for each size up to BLOCK_MOST, one for all that are larger. */
#define LISTS (BLOCK_MOST / UNIT + 1)
#define WORDS ((LISTS + 63) / 64)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows */
static struct block *lists[LISTS];
static uint64_t filled[WORDS]; /* lists that are not empty */
static size_t slab_bytes;

static uint32_t size_of(const struct block *b)
{
    return b->size & ~FLAGS;
}

static struct block *after(struct block *b)
{
    return (struct block *)((char *)b + size_of(b));
}

static uint32_t list_of(uint32_t size)
{
    return size / UNIT < LISTS ? size / UNIT : LISTS - 1;
}

static void list_put(struct block *b)
{
    uint32_t list = list_of(size_of(b));
    b->size |= IS_FREE;
    b->prev = NULL;
    b->next = lists[list];
    if (b->next != NULL)
        b->next->prev = b;
    lists[list] = b;
    filled[list / 64] |= UINT64_C(1) << list % 64;
}

static void list_take(struct block *b)
{
    uint32_t list = list_of(size_of(b));
    b->size &= ~IS_FREE;
    if (b->next != NULL)
        b->next->prev = b->prev;
    if (b->prev != NULL)
        b->prev->next = b->next;
    else
        lists[list] = b->next;
    if (lists[list] == NULL)
        filled[list / 64] &= ~(UINT64_C(1) << list % 64);
}

/* The first list from this one on that is not empty; LISTS when there is none. */
static uint32_t list_from(uint32_t list)
{
    uint32_t word = list / 64;
    uint64_t here = word < WORDS ? filled[word] & UINT64_MAX << list % 64 : 0;
    while (here == 0 && ++word < WORDS)
        here = filled[word];
    return here == 0 ? LISTS : word * 64 + (unsigned)__builtin_ctzll(here);
}

/* A free block of at least such a size: one that fits, or of which a block remains, or one
 * that is a little too large; NULL when there is none. */
static struct block *find(uint32_t size)
{
    uint32_t list = list_of(size), larger = list_of(size + (uint32_t)sizeof(struct block));
    if (lists[list] == NULL) {
        uint32_t from = list_from(larger);
        list = from < LISTS ? from : list_from(list);
    }
    return list < LISTS ? lists[list] : NULL;
}

/* Cuts a block that is in no list: what remains becomes a free one. */
static void cut(struct block *b, uint32_t size)
{
    uint32_t rest = size_of(b) - size;
    if (rest < sizeof(struct block))
        return;
    b->size = size;
    struct block *r = after(b);
    *r = (struct block){.size = rest, .before = size};
    after(r)->before = rest;
    list_put(r);
}

static struct block *slab_new(void)
{
    struct block *b = memory_get(SLAB_BYTES);
    *b = (struct block){.size = SLAB_BYTES - HEADER_BYTES};
    struct block *end = after(b);
    end->size = 0;
    end->before = size_of(b);
    slab_bytes += SLAB_BYTES;
    return b;
}

void *lasting_get(size_t size)
{
    size_t whole = HEADER_BYTES + (size + UNIT - 1) / UNIT * UNIT;
    whole = whole < sizeof(struct block) ? sizeof(struct block) : whole;
    struct block *b;
    if (EVERY_BLOCK_ALONE || size > BLOCK_MOST - HEADER_BYTES) {
        b = memory_get(whole);
        b->size = IS_OUTSIDE;
        return (char *)b + HEADER_BYTES;
    }
    pthread_mutex_lock(&lock);
    b = find((uint32_t)whole);
    if (b != NULL)
        list_take(b);
    else
        b = slab_new();
    cut(b, (uint32_t)whole);
    pthread_mutex_unlock(&lock);
    return (char *)b + HEADER_BYTES;
}

/* Makes one of two neighbours, neither of which is in a list. */
static struct block *merge(struct block *left, struct block *right)
{
    left->size += size_of(right);
    after(left)->before = size_of(left);
    return left;
}

static void put_back(struct block *b)
{
    struct block *right = after(b);
    if (right->size & IS_FREE) {
        list_take(right);
        merge(b, right);
    }
    struct block *left = (struct block *)((char *)b - b->before);
    if (b->before > 0 && left->size & IS_FREE) {
        list_take(left);
        b = merge(left, b);
    }
    if (b->before > 0 || after(b)->size > 0) {
        list_put(b);
        return;
    }
    slab_bytes -= SLAB_BYTES; /* nothing is left in it */
    memory_free(b);
}

void lasting_free(void *block)
{
    if (block == NULL)
        return;
    struct block *b = (struct block *)((char *)block - HEADER_BYTES);
    if (b->size & IS_OUTSIDE) {
        memory_free(b);
        return;
    }
    pthread_mutex_lock(&lock);
    put_back(b);
    pthread_mutex_unlock(&lock);
}

size_t lasting_bytes(void)
{
    pthread_mutex_lock(&lock);
    size_t bytes = slab_bytes;
    pthread_mutex_unlock(&lock);
    return bytes;
}

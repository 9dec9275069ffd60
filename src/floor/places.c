#include "floor/places.h"

#include "base/memory.h"
#include "timeline/bits.h"

#define BLOCK 64u

#define OPEN UINT32_MAX

/* A block is open (its places as they are) or shut (bits for each, from `least` on). */
struct place_block {
    uint32_t least; /* shut; open: how many of its places are handles */
    uint32_t bits;  /* 0 to SHUT_BITS, or OPEN */
    uint64_t words[];
};

/* With more it stays open: of those that come back again and again, handles lie far apart,
 * and little would be gained. */
#define SHUT_BITS 18u

static size_t bytes_of(uint32_t bits)
{
    size_t words = bits == OPEN ? BLOCK / 2 : bits + 1; /* as bits.h wants */
    return sizeof(struct place_block) + words * sizeof(uint64_t);
}

static struct place_block *block_new(uint32_t bits)
{
    struct place_block *b = memory_zeroed(1, bytes_of(bits));
    b->bits = bits;
    return b;
}

static uint32_t *open_places(struct place_block *b)
{
    return (uint32_t *)(void *)b->words;
}

static uint32_t block_get(const struct place_block *b, uint32_t at)
{
    if (b->bits == OPEN)
        return ((const uint32_t *)(const void *)b->words)[at];
    return b->least + (uint32_t)bits_get(b->words, (size_t)at * b->bits, b->bits);
}

static void block_open(struct place_block **slot)
{
    struct place_block *b = *slot, *open = block_new(OPEN);
    for (uint32_t i = 0; i < BLOCK; i++)
        open_places(open)[i] = block_get(b, i);
    open->least = BLOCK;
    memory_free(b);
    *slot = open;
}

/* Shuts an open block, all of whose places are handles, if that is worth it. */
static void block_shut(struct place_block **slot)
{
    struct place_block *b = *slot;
    uint32_t least = UINT32_MAX, most = 0;
    for (uint32_t i = 0; i < BLOCK; i++) {
        uint32_t place = open_places(b)[i];
        least = place < least ? place : least;
        most = place > most ? place : most;
    }
    if (bits_width(most - least) > SHUT_BITS)
        return;
    struct place_block *shut = block_new(bits_width(most - least));
    shut->least = least;
    for (uint32_t i = 0; i < BLOCK; i++)
        bits_put(shut->words, (size_t)i * shut->bits, shut->bits, open_places(b)[i] - least);
    memory_free(b);
    *slot = shut;
}

void places_clear(struct places *p)
{
    for (uint32_t i = 0; i < p->count; i += BLOCK)
        memory_free(p->blocks[i / BLOCK]);
    memory_free(p->blocks);
    *p = (struct places){0};
}

void places_add(struct places *p, uint32_t place)
{
    uint32_t at = p->count++;
    if (at % BLOCK == 0) {
        p->blocks = memory_grow(p->blocks, &p->block_cap, (size_t)at / BLOCK + 1, sizeof(void *));
        p->blocks[at / BLOCK] = block_new(OPEN);
    }
    places_set(p, at, place);
}

uint32_t places_get(const struct places *p, uint32_t at)
{
    return block_get(p->blocks[at / BLOCK], at % BLOCK);
}

void places_set(struct places *p, uint32_t at, uint32_t place)
{
    struct place_block **slot = &p->blocks[at / BLOCK];
    if ((*slot)->bits != OPEN)
        block_open(slot);
    uint32_t *to = &open_places(*slot)[at % BLOCK];
    (*slot)->least += (place >> 31) - (*to >> 31);
    *to = place;
    if ((*slot)->least == BLOCK && (place & PLACE_AWAY))
        block_shut(slot);
}

size_t places_bytes(const struct places *p)
{
    size_t bytes = p->block_cap * sizeof(void *);
    for (uint32_t i = 0; i < p->count; i += BLOCK)
        bytes += bytes_of(p->blocks[i / BLOCK]->bits);
    return bytes;
}

/* Saves a block; or, given none, returns a new one. */
static struct place_block *block_image(struct place_block *b, struct image *io)
{
    struct place_block head = {0};
    if (b != NULL)
        head = *b;
    image_bytes(io, &head, sizeof head);
    if (head.bits > SHUT_BITS && head.bits != OPEN) {
        image_refuse(io);
        head.bits = 0;
    }
    if (b == NULL) {
        b = block_new(head.bits);
        b->least = head.least;
    }
    image_bytes(io, b->words, bytes_of(head.bits) - sizeof head);
    return b;
}

static void blocks_load(struct places *p, uint32_t count, struct image *io)
{
    p->block_cap = ((size_t)count + BLOCK - 1) / BLOCK;
    p->blocks = memory_zeroed(p->block_cap, sizeof(void *));
    for (uint32_t at = 0; at < count && !image_failed(io); at += BLOCK) {
        p->blocks[at / BLOCK] = block_image(NULL, io);
        p->count = count - at > BLOCK ? at + BLOCK : count;
    }
}

void places_image(struct places *p, struct image *io)
{
    uint32_t count = p->count;
    image_bytes(io, &count, sizeof count);
    if (image_loads(io)) {
        blocks_load(p, count, io);
        return;
    }
    for (uint32_t at = 0; at < count; at += BLOCK)
        block_image(p->blocks[at / BLOCK], io);
}

/* A block: its length (u32), a zero (u32), its checksum (u64), its bytes. The checksum's seed
 * is the block's number, so that blocks cannot change places. The last block has no bytes. */
#include "base/image.h"

#include "base/memory.h"
#include "base/whole.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define BLOCK_BYTES (1u << 20)

struct block_head {
    uint32_t size, zero;
    uint64_t sum;
};

struct image {
    int fd;
    bool loads, ended;
    int error;       /* the first; 0: none */
    uint64_t number; /* of the block in the buffer, or of the next one to come */
    uint64_t at;     /* in the file: where the next block begins */
    size_t used;     /* of the buffer: filled (saving), handed out (loading) */
    size_t filled;   /* loading: bytes in the buffer */
    unsigned char buffer[BLOCK_BYTES];
};

static struct image *image_new(int fd, bool loads)
{
    struct image *io = malloc(sizeof *io);
    if (io == NULL)
        return NULL;
    memset(io, 0, offsetof(struct image, buffer));
    io->fd = fd;
    io->loads = loads;
    return io;
}

struct image *image_save(int fd)
{
    return image_new(fd, false);
}

struct image *image_load(int fd)
{
    return image_new(fd, true);
}

bool image_loads(const struct image *io)
{
    return io->loads;
}

bool image_failed(const struct image *io)
{
    return io->error != 0;
}

static void fail(struct image *io, int error)
{
    if (io->error == 0)
        io->error = error;
}

void image_refuse(struct image *io)
{
    fail(io, EIO);
}

static uint64_t sum_of(const struct image *io, size_t size)
{
    return XXH3_64bits_withSeed(io->buffer, size, io->number);
}

/* Writes the buffer as one block. */
static void write_block(struct image *io)
{
    struct block_head head = {.size = (uint32_t)io->used, .sum = sum_of(io, io->used)};
    int error = write_whole(io->fd, &head, sizeof head, io->at);
    if (error == 0)
        error = write_whole(io->fd, io->buffer, io->used, io->at + sizeof head);
    if (error != 0)
        fail(io, error);
    io->at += sizeof head + io->used;
    io->number++;
    io->used = 0;
}

/* Reads the next block into the buffer. */
static void read_block(struct image *io)
{
    struct block_head head;
    io->used = io->filled = 0;
    int error = read_whole(io->fd, &head, sizeof head, io->at);
    if (error == 0 && (head.size > BLOCK_BYTES || head.zero != 0))
        error = EIO;
    if (error == 0)
        error = read_whole(io->fd, io->buffer, head.size, io->at + sizeof head);
    if (error == 0 && sum_of(io, head.size) != head.sum)
        error = EIO;
    if (error != 0) {
        fail(io, error);
        return;
    }
    io->at += sizeof head + head.size;
    io->number++;
    io->filled = head.size;
    io->ended = head.size == 0;
}

static void save_bytes(struct image *io, const unsigned char *from, size_t size)
{
    while (size > 0 && io->error == 0) {
        size_t part = BLOCK_BYTES - io->used;
        part = part < size ? part : size;
        memcpy(io->buffer + io->used, from, part);
        io->used += part;
        from += part;
        size -= part;
        if (io->used == BLOCK_BYTES)
            write_block(io);
    }
}

static void load_bytes(struct image *io, unsigned char *to, size_t size)
{
    while (size > 0 && io->error == 0) {
        if (io->used == io->filled) {
            if (!io->ended)
                read_block(io);
            if (io->ended)
                fail(io, EIO);
            continue;
        }
        size_t part = io->filled - io->used;
        part = part < size ? part : size;
        memcpy(to, io->buffer + io->used, part);
        io->used += part;
        to += part;
        size -= part;
    }
    if (size > 0)
        memset(to, 0, size);
}

void image_bytes(struct image *io, void *bytes, size_t size)
{
    if (size == 0)
        return;
    if (io->loads)
        load_bytes(io, bytes, size);
    else
        save_bytes(io, bytes, size);
}

void *image_array(struct image *io, void *array, size_t count, size_t item_size)
{
    if (io->loads)
        array = count == 0 || io->error != 0 ? NULL : memory_get(count * item_size);
    if (array != NULL)
        image_bytes(io, array, count * item_size);
    return array;
}

int image_close(struct image *io)
{
    if (!io->loads && io->error == 0) {
        if (io->used > 0)
            write_block(io);
        write_block(io);
    }
    if (io->loads && io->error == 0) {
        if (io->used == io->filled && !io->ended)
            read_block(io);
        if (!io->ended)
            fail(io, EIO);
    }
    int error = io->error;
    free(io);
    return error;
}

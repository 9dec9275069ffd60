#include "journal/id_index_build.h"

#include "base/paths.h"
#include "base/thread.h"
#include "base/whole.h"
#include "journal/id_index_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Blocks written at once. */
#define OUT_BLOCKS 128u
/* Blocks of each run read at once by a merge. */
#define IN_BLOCKS 32u
/* The disk begins to write after so many bytes: the journal's own commits do not wait
 * behind all of a large run. */
#define PUSH_BYTES (UINT64_C(4) << 20)

const char ID_BUILD_UNFINISHED[] = "unfinished";

struct builder {
    struct id_build *b;
    struct id_run *run; /* as far as it is */
    char *unfinished;   /* its path */
    uint8_t *out;       /* OUT_BLOCKS blocks */
    uint64_t block_ids, in_block, blocks, pushed;
};

static int why(struct id_build *b, const char *what, int error)
{
    snprintf(b->why, sizeof b->why, "%s: %s", what, strerror(error));
    return -1;
}

int id_build_path(const char *directory, uint64_t first, uint64_t last, char *out, size_t size)
{
    int len = snprintf(out, size, "%s/%llu-%llu.run", directory, (unsigned long long)first,
                       (unsigned long long)last);
    return len > 0 && (size_t)len < size ? 0 : -1;
}

static int write_at(struct builder *w, const void *data, size_t size, uint64_t at)
{
    int error = write_whole(w->run->fd, data, size, at);
    return error == 0 ? 0 : why(w->b, "it cannot be written", error);
}

/* Ends without a run. */
static int builder_fail(struct builder *w)
{
    if (w->run != NULL && w->run->fd >= 0)
        unlink(w->unfinished);
    id_run_close(w->run);
    free(w->unfinished);
    free(w->out);
    *w = (struct builder){0};
    return -1;
}

static int open_unfinished(struct builder *w)
{
    const char *directory = w->b->directory;
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return why(w->b, "its directory cannot be made", errno);
    unlink(w->unfinished);
    w->run->fd = open(w->unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return w->run->fd < 0 ? why(w->b, "it cannot be made", errno) : 0;
}

/* Begins a run of at most `most` ids. */
static int builder_begin(struct builder *w, struct id_build *b, const struct id_run_head *head,
                         uint64_t most)
{
    char path[PATH_MAX];
    *w = (struct builder){.b = b, .run = calloc(1, sizeof *w->run)};
    if (w->run == NULL)
        return why(b, "it cannot be made", ENOMEM);
    w->run->fd = -1;
    w->run->head = *head;
    w->run->head.removed_to = b->removed_to;
    w->run->head.count = most;
    w->run->head.sequence_bytes = id_run_sequence_bytes(head->first, head->last);
    w->run->head.filter = id_filter_shape_for(most, b->ribbon_ids);
    w->block_ids = id_run_block_ids(&w->run->head);
    bool memory = id_build_path(b->directory, head->first, head->last, path, sizeof path) == 0;
    w->run->path = memory ? strdup(path) : NULL;
    w->run->fences = malloc(id_run_blocks(&w->run->head) * sizeof *w->run->fences + 1);
    w->out = calloc(OUT_BLOCKS, ID_RUN_BLOCK_BYTES);
    memory = asprintf(&w->unfinished, "%s/%s", b->directory, ID_BUILD_UNFINISHED) >= 0;
    if (!memory)
        w->unfinished = NULL;
    memory = memory && id_filter_begin(&w->run->filter, w->run->head.filter) == 0;
    if (!memory || w->run->path == NULL || w->run->fences == NULL || w->out == NULL) {
        why(b, "it cannot be made", ENOMEM);
        return builder_fail(w);
    }
    w->run->head.count = 0;
    return open_unfinished(w) < 0 ? builder_fail(w) : 0;
}

/* Writes the blocks that are full, and the last one when it is not. */
static int write_blocks(struct builder *w)
{
    if (w->blocks == 0)
        return 0;
    uint64_t from = (w->blocks - 1) / OUT_BLOCKS * OUT_BLOCKS;
    for (uint64_t b = from; b < w->blocks; b++) {
        uint8_t *block = w->out + (b - from) * ID_RUN_BLOCK_BYTES;
        uint64_t sum = htole64(id_run_block_checksum(block, w->run->head.seed, b));
        memcpy(block, &sum, sizeof sum);
    }
    uint64_t at = (from + 1) * ID_RUN_BLOCK_BYTES, size = (w->blocks - from) * ID_RUN_BLOCK_BYTES;
    if (write_at(w, w->out, size, at) < 0)
        return -1;
    memset(w->out, 0, (size_t)OUT_BLOCKS * ID_RUN_BLOCK_BYTES);
    if (at + size - w->pushed >= PUSH_BYTES) {
        sync_file_range(w->run->fd, (off_t)w->pushed, (off_t)(at + size - w->pushed),
                        SYNC_FILE_RANGE_WRITE);
        w->pushed = at + size;
    }
    if (atomic_load_explicit(w->b->stop, memory_order_relaxed))
        return why(w->b, "it was given up", ECANCELED);
    return 0;
}

/* Adds an id; hashes come in ascending. */
static int builder_put(struct builder *w, uint64_t hash, uint64_t sequence)
{
    struct id_run_head *head = &w->run->head;
    if (w->blocks == 0 || w->in_block == w->block_ids) {
        if (w->blocks % OUT_BLOCKS == 0 && write_blocks(w) < 0)
            return -1;
        w->run->fences[w->blocks++] = htole32((uint32_t)(hash >> 32));
        w->in_block = 0;
        thread_let_others();
    }
    uint8_t *at = w->out + (w->blocks - 1) % OUT_BLOCKS * ID_RUN_BLOCK_BYTES +
                  ID_RUN_CHECKSUM_BYTES +
                  w->in_block++ * (ID_RUN_HASH_BYTES + head->sequence_bytes);
    uint64_t key = htole64(hash >> 16), delta = htole64(sequence - head->first);
    memcpy(at, &key, ID_RUN_HASH_BYTES);
    memcpy(at + ID_RUN_HASH_BYTES, &delta, head->sequence_bytes);
    id_filter_add(&w->run->filter, hash);
    head->count++;
    return 0;
}

static int sync_directory(struct id_build *b)
{
    int error = directory_sync(b->directory);
    return error != 0 ? why(b, "its directory cannot be written", error) : 0;
}

/* Writes what follows the blocks, then the head; then the run is durable under its name. */
static int builder_finish(struct builder *w, struct id_run **out)
{
    struct id_run *run = w->run;
    uint8_t head[ID_RUN_BLOCK_BYTES];
    int failed = write_blocks(w);
    id_filter_finish(&run->filter);
    run->blocks = w->blocks;
    uint64_t at = (w->blocks + 1) * ID_RUN_BLOCK_BYTES;
    size_t fence_bytes = w->blocks * sizeof *run->fences;
    if (failed == 0)
        failed = write_at(w, run->fences, fence_bytes, at);
    if (failed == 0)
        failed =
            write_at(w, run->filter.words, id_filter_bytes(&run->filter.shape), at + fence_bytes);
    id_run_head_write(&run->head, id_run_tail_checksum(run), head);
    if (failed == 0)
        failed = write_at(w, head, sizeof head, 0);
    if (failed == 0 && fsync(run->fd) != 0)
        failed = why(w->b, "it cannot be written", errno);
    if (failed == 0 && rename(w->unfinished, run->path) != 0)
        failed = why(w->b, "it cannot be named", errno);
    if (failed != 0)
        return builder_fail(w);
    if (sync_directory(w->b) < 0) {
        unlink(run->path);
        return builder_fail(w);
    }
    free(w->unfinished);
    free(w->out);
    *out = run;
    return 0;
}

int id_build_from_table(struct id_build *b, const struct id_run_head *head,
                        const struct id_table *table, struct id_run **out)
{
    struct builder w;
    size_t bytes = (table->count + 1) * sizeof(struct id_slot);
    struct id_slot *slots = id_pages_get(bytes);
    if (slots == NULL)
        return why(b, "it cannot be made", ENOMEM);
    size_t count = id_table_sorted(table, slots);
    int failed = builder_begin(&w, b, head, count);
    for (size_t i = 0; failed == 0 && i < count; i++)
        if (slots[i].sequence >= b->drop_below &&
            builder_put(&w, slots[i].hash, slots[i].sequence) < 0)
            failed = builder_fail(&w);
    id_pages_free(slots, bytes);
    return failed < 0 ? -1 : builder_finish(&w, out);
}

/* Goes through a run in its order. */
struct reader {
    struct id_run *run;
    uint8_t *blocks; /* IN_BLOCKS of them: the file's from `number` on */
    uint64_t number, held, at, index;
    uint64_t hash, sequence;
    bool ended;
};

/* Reads what follows the blocks that are held. */
static int reader_fill(struct reader *r)
{
    r->number += r->held;
    r->held = r->run->blocks - r->number < IN_BLOCKS ? r->run->blocks - r->number : IN_BLOCKS;
    r->at = 0;
    return id_run_read_blocks(r->run, r->number, r->held, r->blocks);
}

static int reader_next(struct reader *r)
{
    if (r->held > 0 && r->index == id_run_block_count(r->run, r->number + r->at)) {
        r->at++;
        r->index = 0;
    }
    if (r->at == r->held && reader_fill(r) < 0)
        return -1;
    r->ended = r->held == 0;
    if (r->ended)
        return 0;
    const uint8_t *block = r->blocks + r->at * ID_RUN_BLOCK_BYTES;
    r->hash = id_run_hash_at(r->run, block, r->index);
    r->sequence = id_run_sequence_at(r->run, block, r->index++);
    return 0;
}

static struct reader *least(struct reader *readers, size_t count)
{
    struct reader *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (!readers[i].ended && (found == NULL || readers[i].hash < found->hash))
            found = &readers[i];
    return found;
}

static int unreadable(struct builder *w, struct reader *r)
{
    atomic_store(&r->run->damaged, true);
    snprintf(w->b->why, sizeof w->b->why, "%.150s is damaged", r->run->path);
    return -1;
}

static int merge(struct builder *w, struct reader *readers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (reader_next(&readers[i]) < 0)
            return unreadable(w, &readers[i]);
    for (;;) {
        struct reader *r = least(readers, count);
        if (r == NULL)
            return 0;
        if (r->sequence >= w->b->drop_below && builder_put(w, r->hash, r->sequence) < 0)
            return -1;
        if (reader_next(r) < 0)
            return unreadable(w, r);
    }
}

static void readers_free(struct reader *readers, size_t count)
{
    for (size_t i = 0; readers != NULL && i < count; i++)
        free(readers[i].blocks);
    free(readers);
}

static struct reader *readers_new(struct id_run *const *runs, size_t count)
{
    struct reader *readers = calloc(count, sizeof *readers);
    bool memory = readers != NULL;
    for (size_t i = 0; memory && i < count; i++) {
        readers[i].run = runs[i];
        readers[i].blocks = malloc((size_t)IN_BLOCKS * ID_RUN_BLOCK_BYTES);
        memory = readers[i].blocks != NULL;
    }
    if (memory)
        return readers;
    readers_free(readers, count);
    return NULL;
}

int id_build_from_runs(struct id_build *b, struct id_run *const *runs, size_t count,
                       struct id_run **out)
{
    struct builder w;
    struct id_run_head head = runs[count - 1]->head;
    uint64_t most = 0;
    struct reader *readers = readers_new(runs, count);
    if (readers == NULL)
        return why(b, "it cannot be made", ENOMEM);
    head.first = runs[0]->head.first;
    for (size_t i = 0; i < count; i++)
        most += runs[i]->head.count;
    int failed = builder_begin(&w, b, &head, most);
    if (failed == 0 && merge(&w, readers, count) < 0)
        failed = builder_fail(&w);
    readers_free(readers, count);
    return failed < 0 ? -1 : builder_finish(&w, out);
}

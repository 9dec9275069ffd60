#include "base/limits.h"
#include "journal/lmdb_env.h"
#include "journal/tail.h"

#include <errno.h>
#include <stdlib.h>

static int move_all(struct tail_journal *t, struct problem *problem)
{
    pthread_mutex_lock(&t->store_lock);
    int failed = tail_move_all(t, NULL, 0, problem);
    pthread_mutex_unlock(&t->store_lock);
    return failed;
}

/* The next generation begins in the other file, which waits until that is moved. */
static int switch_file(struct tail_journal *t, struct problem *problem)
{
    int failed = 0;
    pthread_mutex_lock(&t->lock);
    bool both_full = t->generation < t->writing;
    pthread_mutex_unlock(&t->lock);
    if (both_full) {
        pthread_mutex_lock(&t->store_lock);
        failed = tail_move_full(t, problem);
        pthread_mutex_unlock(&t->store_lock);
    }
    if (failed < 0)
        return -1;
    pthread_mutex_lock(&t->lock);
    t->writing++;
    t->full = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    return 0;
}

/* Is there room in the file being written? It grows when that helps. */
static bool has_room(struct tail_journal *t, uint64_t size)
{
    unsigned number = t->writing % 2;
    struct tail_file *f = &t->files[number];
    if (f->end + size <= f->size)
        return true;
    struct tail_file grown = *f; /* others look at the file meanwhile */
    int error = tail_file_grow(&grown, t->paths[number], f->end + size, t->most);
    pthread_mutex_lock(&t->lock);
    *f = grown;
    pthread_mutex_unlock(&t->lock);
    return error == 0;
}

enum room { ROOM, NO_TAIL, NO_ROOM };

/* Finds room for a group, in this file or the other. NO_TAIL when no file can be made, or
 * not so large. */
static enum room find_room(struct tail_journal *t, uint64_t size, struct problem *problem)
{
    if (size > t->most || size > LIMIT_TAIL_GROUP_BYTES)
        return NO_TAIL;
    if (t->must_move && move_all(t, problem) < 0)
        return NO_ROOM;
    if (has_room(t, size))
        return ROOM;
    if (t->files[t->writing % 2].end == 0)
        return NO_TAIL;
    if (switch_file(t, problem) < 0)
        return NO_ROOM;
    return has_room(t, size) ? ROOM : NO_TAIL;
}

static int reserve(struct tail_journal *t, size_t size)
{
    if (size <= t->group_cap)
        return 0;
    size_t cap = size * 2 < LIMIT_TAIL_GROUP_BYTES ? size * 2 : LIMIT_TAIL_GROUP_BYTES;
    void *group;
    free(t->group);
    t->group = NULL;
    t->group_cap = 0;
    if (posix_memalign(&group, TAIL_UNIT, cap) != 0)
        return -1;
    t->group = group;
    t->group_cap = cap;
    return 0;
}

/* Past the tail, together with what is in it. */
static int append_to_store(struct tail_journal *t, const struct journal_record *records, size_t n,
                           struct problem *problem)
{
    pthread_mutex_lock(&t->store_lock);
    int failed = tail_move_all(t, records, n, problem);
    pthread_mutex_unlock(&t->store_lock);
    if (failed == 0)
        atomic_fetch_add(&t->record_count, n);
    return failed;
}

/* After a write or a sync that failed nobody knows what has reached the disk: the group may
 * be whole there. It does not count once the store says that its generation has passed,
 * which is tried at once, and must succeed before anything else is acknowledged. */
static int give_up(struct tail_journal *t, int error, struct problem *problem)
{
    struct problem again;
    t->must_move = true;
    move_all(t, &again);
    return lmdb_store_problem(error, problem);
}

static int write_group(struct tail_journal *t, const struct journal_record *records, size_t n,
                       size_t length, struct problem *problem)
{
    struct tail_file *f = &t->files[t->writing % 2];
    struct tail_group group;
    tail_group_write(t->writing, records, n, t->group);
    tail_group_head(t->group, &group);
    pthread_mutex_lock(&t->lock);
    int error = tail_file_reserve(f, group.values) < 0 ? ENOMEM : 0;
    pthread_mutex_unlock(&t->lock);
    if (error != 0)
        return lmdb_store_problem(error, problem);
    error = tail_file_write(f, t->group, tail_group_room(length));
    if (error != 0)
        return give_up(t, error, problem);
    pthread_mutex_lock(&t->lock);
    tail_file_add(f, &group, t->group, 0);
    t->next += n;
    pthread_mutex_unlock(&t->lock);
    atomic_fetch_add(&t->record_count, n);
    return 0;
}

int tail_append(struct journal *base, struct journal_record *records, size_t n,
                struct problem *problem)
{
    struct tail_journal *t = (struct tail_journal *)(void *)base;
    for (size_t i = 0; i < n; i++)
        records[i].sequence = t->next + i;
    size_t length = tail_group_plan(records, n);
    uint64_t size = tail_group_room(length);
    enum room room = find_room(t, size, problem);
    if (room == NO_ROOM)
        return -1;
    if (room == NO_TAIL || reserve(t, size) < 0)
        return append_to_store(t, records, n, problem);
    return write_group(t, records, n, length, problem);
}

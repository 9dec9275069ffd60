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

/* Where a group goes. */
enum room { IN_FILE, IN_SEGMENT, IN_STORE, NO_ROOM };

/* The same for a large group, in the segment of the generation being written. */
static enum room find_segment_room(struct tail_journal *t, uint64_t size, struct problem *problem)
{
    const struct tail_file *written = &t->files[t->writing % 2];
    if (size > LIMIT_SEGMENT_GROUP_BYTES)
        return IN_STORE;
    if (written->segment_end > 0 && written->segment_end + size > t->most_segment &&
        switch_file(t, problem) < 0)
        return NO_ROOM;
    struct tail_file *f = &t->files[t->writing % 2];
    if (f->segment_fd >= 0)
        return IN_SEGMENT;
    struct tail_file made = *f; /* others look at the file meanwhile */
    int error = tail_segment_make(&made, t->directory, t->writing);
    if (error != 0)
        return IN_STORE;
    pthread_mutex_lock(&t->lock);
    *f = made;
    pthread_mutex_unlock(&t->lock);
    return IN_SEGMENT;
}

/* Finds room for a group: for a small one in this file or the other. It goes to the store when
 * no file can be made, or not so large. */
static enum room find_room(struct tail_journal *t, uint64_t size, struct problem *problem)
{
    if (t->must_move && move_all(t, problem) < 0)
        return NO_ROOM;
    if (size > t->most || size > LIMIT_TAIL_GROUP_BYTES)
        return find_segment_room(t, size, problem);
    if (has_room(t, size))
        return IN_FILE;
    if (t->files[t->writing % 2].end == 0)
        return IN_STORE;
    if (switch_file(t, problem) < 0)
        return NO_ROOM;
    return has_room(t, size) ? IN_FILE : IN_STORE;
}

/* Room for a group's bytes, with some more for the next one. */
static int reserve(struct tail_journal *t, size_t size)
{
    if (size <= t->group_cap)
        return 0;
    size_t cap = tail_group_room(size + size / 4);
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

static int write_group(struct tail_journal *t, bool in_segment,
                       const struct journal_record *records, size_t n, size_t length,
                       struct problem *problem)
{
    struct tail_file *f = &t->files[t->writing % 2];
    uint64_t room = tail_group_room(length);
    struct tail_group group;
    tail_group_write(t->writing, records, n, t->group);
    tail_group_head(t->group, &group);
    pthread_mutex_lock(&t->lock);
    int error = tail_file_reserve(f, group.values) < 0 ? ENOMEM : 0;
    pthread_mutex_unlock(&t->lock);
    if (error != 0)
        return lmdb_store_problem(error, problem);
    error = in_segment ? tail_segment_write(f, t->group, room) : tail_file_write(f, t->group, room);
    if (error != 0)
        return give_up(t, error, problem);
    pthread_mutex_lock(&t->lock);
    tail_file_add(f, in_segment ? t->writing : 0, &group, t->group, 0);
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
    if (room == IN_STORE || reserve(t, size) < 0)
        return append_to_store(t, records, n, problem);
    return write_group(t, room == IN_SEGMENT, records, n, length, problem);
}

#include "journal/segments.h"

#include "base/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "segment-"

struct segment_map {
    uint64_t number;
    char *bytes; /* NULL: free */
    uint64_t size;
    uint64_t used_at;
    unsigned users;
};

char *segment_path(const char *directory, uint64_t number)
{
    char *path;
    return asprintf(&path, "%s/" PREFIX "%" PRIu64, directory, number) < 0 ? NULL : path;
}

void segment_delete(const char *directory, uint64_t number)
{
    char *path = segment_path(directory, number);
    if (path != NULL)
        unlink(path);
    free(path);
}

void segments_init(struct segments *s, const char *directory)
{
    *s = (struct segments){.directory = directory};
    pthread_mutex_init(&s->lock, NULL);
}

static void unmap(struct segment_map *m)
{
    if (m->bytes != NULL)
        munmap(m->bytes, m->size);
    *m = (struct segment_map){0};
}

void segments_clear(struct segments *s)
{
    for (size_t i = 0; s->maps != NULL && i < LIMIT_SEGMENT_MAPS; i++)
        unmap(&s->maps[i]);
    free(s->maps);
    free(s->uses);
    pthread_mutex_destroy(&s->lock);
    *s = (struct segments){0};
}

/* --- reading --- */

/* The map that has so much of a segment, or else the one to give up for it; NULL when all
 * are held. */
static struct segment_map *find_map(struct segments *s, uint64_t number, uint64_t end)
{
    struct segment_map *oldest = NULL;
    for (size_t i = 0; i < LIMIT_SEGMENT_MAPS; i++) {
        struct segment_map *m = &s->maps[i];
        if (m->bytes != NULL && m->number == number && m->size >= end)
            return m;
        if (m->users == 0 && (oldest == NULL || m->used_at < oldest->used_at))
            oldest = m;
    }
    return oldest;
}

static int map_file(struct segments *s, uint64_t number, uint64_t end, struct segment_map *m)
{
    struct stat file;
    char *path = segment_path(s->directory, number);
    if (path == NULL)
        return ENOMEM;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 || fstat(fd, &file) != 0 ? errno : 0;
    free(path);
    if (error == 0 && (uint64_t)file.st_size < end)
        error = ENODATA;
    if (error == 0) {
        void *bytes = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (bytes == MAP_FAILED)
            error = errno;
        else
            *m = (struct segment_map){
                .number = number, .bytes = bytes, .size = (uint64_t)file.st_size};
    }
    if (fd >= 0)
        close(fd);
    return error;
}

static int hold_locked(struct segments *s, uint64_t number, uint64_t end, struct segment_hold *out)
{
    if (s->maps == NULL)
        s->maps = calloc(LIMIT_SEGMENT_MAPS, sizeof *s->maps);
    if (s->maps == NULL)
        return ENOMEM;
    struct segment_map *m = find_map(s, number, end);
    if (m == NULL)
        return EAGAIN;
    if (m->bytes == NULL || m->number != number || m->size < end) {
        unmap(m);
        int error = map_file(s, number, end, m);
        if (error != 0)
            return error;
    }
    m->users++;
    m->used_at = ++s->clock;
    *out = (struct segment_hold){m, m->bytes};
    return 0;
}

int segments_hold(struct segments *s, uint64_t number, uint64_t end, struct segment_hold *out)
{
    *out = (struct segment_hold){0};
    if (end == 0)
        return ENODATA;
    pthread_mutex_lock(&s->lock);
    int error = hold_locked(s, number, end, out);
    pthread_mutex_unlock(&s->lock);
    return error;
}

void segments_release(struct segments *s, struct segment_hold *hold)
{
    if (hold->map == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    hold->map->users--;
    pthread_mutex_unlock(&s->lock);
    *hold = (struct segment_hold){0};
}

void segments_forget(struct segments *s)
{
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; s->maps != NULL && i < LIMIT_SEGMENT_MAPS; i++)
        if (s->maps[i].bytes != NULL)
            madvise(s->maps[i].bytes, s->maps[i].size, MADV_DONTNEED);
    pthread_mutex_unlock(&s->lock);
}

/* --- the directory --- */

/* The number in a segment's name; false for other names. */
static bool number_of(const char *name, uint64_t *out)
{
    char *end;
    const size_t len = sizeof PREFIX - 1;
    if (strncmp(name, PREFIX, len) != 0 || name[len] < '0' || name[len] > '9')
        return false;
    errno = 0;
    *out = strtoull(name + len, &end, 10);
    return errno == 0 && *end == '\0';
}

uint64_t segments_bytes(const struct segments *s)
{
    uint64_t bytes = 0, number;
    DIR *d = opendir(s->directory);
    if (d == NULL)
        return 0;
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat file;
        if (number_of(e->d_name, &number) && fstatat(dirfd(d), e->d_name, &file, 0) == 0)
            bytes += (uint64_t)file.st_size;
    }
    closedir(d);
    return bytes;
}

/* --- uses --- */

/* The first use whose number is not lower. */
static size_t find_use(const struct segments *s, uint64_t number)
{
    size_t low = 0, high = s->use_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->uses[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_used(const struct segments *s, uint64_t number)
{
    size_t at = find_use(s, number);
    return at < s->use_count && s->uses[at].number == number;
}

void segments_uses_reset(struct segments *s)
{
    s->use_count = 0;
    s->uses_unsure = false;
}

void segments_uses_unsure(struct segments *s)
{
    s->uses_unsure = true;
}

int segments_uses_reserve(struct segments *s)
{
    if (s->use_count < s->use_cap)
        return 0;
    size_t cap = s->use_cap == 0 ? 16 : s->use_cap * 2;
    struct segment_use *uses = realloc(s->uses, cap * sizeof *uses);
    if (uses == NULL)
        return -1;
    s->uses = uses;
    s->use_cap = cap;
    return 0;
}

void segments_uses_add(struct segments *s, uint64_t number)
{
    size_t at = find_use(s, number);
    if (at == s->use_count || s->uses[at].number != number) {
        memmove(s->uses + at + 1, s->uses + at, (s->use_count - at) * sizeof *s->uses);
        s->uses[at] = (struct segment_use){.number = number};
        s->use_count++;
    }
    s->uses[at].values++;
}

void segments_uses_drop(struct segments *s, uint64_t number)
{
    size_t at = find_use(s, number);
    if (at == s->use_count || s->uses[at].number != number || --s->uses[at].values > 0)
        return;
    s->use_count--;
    memmove(s->uses + at, s->uses + at + 1, (s->use_count - at) * sizeof *s->uses);
    if (!s->uses_unsure)
        segment_delete(s->directory, number);
}

/* A segment that is referred to and not there; 0: none. */
static uint64_t find_missing(const struct segments *s)
{
    for (size_t i = 0; i < s->use_count; i++) {
        char *path = segment_path(s->directory, s->uses[i].number);
        bool missing = path != NULL && access(path, F_OK) != 0 && errno == ENOENT;
        free(path);
        if (missing)
            return s->uses[i].number;
    }
    return 0;
}

int segments_tidy(struct segments *s, uint64_t generation, struct problem *problem)
{
    int failed = 0;
    uint64_t number, missing = find_missing(s);
    if (missing != 0)
        return problem_set(problem, PROBLEM_STORE,
                           "%s/" PREFIX "%" PRIu64 " is missing: restore all files of the journal "
                           "from one and the same backup, or an export.",
                           s->directory, missing);
    DIR *d = opendir(s->directory);
    if (d == NULL)
        return problem_set(problem, PROBLEM_STORE, "The store in %s cannot be read: %s.",
                           s->directory, strerror(errno));
    for (const struct dirent *e; failed == 0 && (e = readdir(d)) != NULL;) {
        if (!number_of(e->d_name, &number) || is_used(s, number))
            continue;
        /* The generation and the one behind it may still have one of their own. */
        if (number > generation + 1)
            failed = problem_set(problem, PROBLEM_STORE,
                                 "%s/%s is newer than data.mdb beside it: restore all files of "
                                 "the journal from one and the same backup.",
                                 s->directory, e->d_name);
        else if (number < generation && !s->uses_unsure)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    return failed;
}

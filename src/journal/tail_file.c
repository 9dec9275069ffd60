#include "journal/tail_file.h"

#include "base/limits.h"
#include "base/paths.h"
#include "base/whole.h"
#include "journal/segments.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Past the page cache: nothing has to be looked for and written out at a sync, and what is
 * written once and read once does not push out what is used. Not every file system can. */
static int open_direct(const char *path, int flags)
{
    int fd = open(path, flags | O_DIRECT | O_CLOEXEC, 0600);
    return fd < 0 && errno == EINVAL ? open(path, flags | O_CLOEXEC, 0600) : fd;
}

int tail_file_open(struct tail_file *f, const char *path, bool read_only, struct problem *problem)
{
    struct stat s;
    f->read_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->read_fd < 0 && errno == ENOENT)
        return 0;
    if (f->read_fd >= 0 && !read_only)
        f->fd = open_direct(path, O_RDWR);
    if (f->read_fd < 0 || (!read_only && f->fd < 0) || fstat(f->read_fd, &s) != 0) {
        int error = errno;
        tail_file_close(f);
        return problem_set(problem, PROBLEM_STORE, "%s cannot be opened: %s.", path,
                           strerror(error));
    }
    f->size = (uint64_t)s.st_size / TAIL_UNIT * TAIL_UNIT;
    if (f->size > UINT32_MAX) /* no program makes such a one */
        f->size = UINT32_MAX / TAIL_UNIT * TAIL_UNIT;
    return 0;
}

void tail_file_close(struct tail_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->read_fd >= 0)
        close(f->read_fd);
    if (f->segment_fd >= 0)
        close(f->segment_fd);
    free(f->places);
    *f = TAIL_FILE_NONE;
}

/* A file that was made is there after a power cut only when its directory is synced too. */
static int sync_directory_of(const char *path)
{
    char *copy = strdup(path), *slash = copy == NULL ? NULL : strrchr(copy, '/');
    int error = ENOMEM;
    if (slash != NULL) {
        *slash = '\0';
        error = directory_sync(copy);
    }
    free(copy);
    return error;
}

static int create(struct tail_file *f, const char *path)
{
    f->fd = open_direct(path, O_RDWR | O_CREAT);
    f->read_fd = f->fd < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    int error = f->read_fd >= 0 ? sync_directory_of(path) : errno;
    if (error != 0)
        tail_file_close(f);
    return error;
}

static int write_zeros(int fd, uint64_t from, uint64_t to)
{
    void *zeros;
    if (posix_memalign(&zeros, TAIL_UNIT, LIMIT_TAIL_STEP_BYTES) != 0)
        return ENOMEM;
    memset(zeros, 0, LIMIT_TAIL_STEP_BYTES);
    int error = 0;
    while (from < to && error == 0) {
        size_t size = to - from < LIMIT_TAIL_STEP_BYTES ? to - from : LIMIT_TAIL_STEP_BYTES;
        error = write_whole(fd, zeros, size, from);
        from += size;
    }
    free(zeros);
    return error == 0 && fsync(fd) != 0 ? errno : error;
}

int tail_file_grow(struct tail_file *f, const char *path, uint64_t end, uint64_t most)
{
    if (end > most || most > UINT32_MAX)
        return EFBIG;
    uint64_t to = f->size > 0 ? f->size * 2 : LIMIT_TAIL_STEP_BYTES;
    while (to < end)
        to *= 2;
    if (to > most)
        to = most;
    int error = f->fd < 0 ? create(f, path) : 0;
    if (error == 0)
        error = write_zeros(f->fd, f->size, to);
    if (error == 0)
        f->size = to;
    else if (f->fd >= 0 && ftruncate(f->fd, (off_t)f->size) != 0)
        return errno;
    return error;
}

int tail_file_write(const struct tail_file *f, const void *bytes, size_t size)
{
    int error = write_whole(f->fd, bytes, size, f->end);
    return error == 0 && fdatasync(f->fd) != 0 ? errno : error;
}

int tail_segment_make(struct tail_file *f, const char *directory, uint64_t generation)
{
    char *path = segment_path(directory, generation);
    if (path == NULL)
        return ENOMEM;
    f->segment_fd = open_direct(path, O_RDWR | O_CREAT | O_EXCL);
    f->segment_end = 0;
    int error = f->segment_fd < 0 ? errno : directory_sync(directory);
    if (error != 0 && f->segment_fd >= 0) {
        close(f->segment_fd);
        f->segment_fd = -1;
        unlink(path);
    }
    free(path);
    return error;
}

int tail_segment_write(const struct tail_file *f, const void *bytes, size_t size)
{
    int error = write_whole(f->segment_fd, bytes, size, f->segment_end);
    if (error == 0 && fdatasync(f->segment_fd) != 0)
        error = errno;
    if (error != 0) {
        /* What is there does not count (tail_append.c); but its room may be what is missing. */
        int cut = ftruncate(f->segment_fd, (off_t)f->segment_end);
        (void)cut;
    }
    return error;
}

int tail_file_read(const struct tail_file *f, uint64_t offset, void *out, size_t size)
{
    return read_whole(f->read_fd, out, size, offset);
}

int tail_file_reserve(struct tail_file *f, size_t more)
{
    if (f->count + more <= f->cap)
        return 0;
    size_t cap = (f->count + more) * 2;
    struct tail_place *places = realloc(f->places, cap * sizeof *places);
    if (places == NULL)
        return -1;
    f->places = places;
    f->cap = cap;
    return 0;
}

void tail_file_add(struct tail_file *f, uint64_t segment, const struct tail_group *group,
                   const char *bytes, uint64_t from)
{
    struct tail_value v = {0};
    uint64_t *end = segment == 0 ? &f->end : &f->segment_end;
    while (tail_group_next(group, bytes, &v))
        if (v.key >= from)
            f->places[f->count++] = (struct tail_place){.key = v.key,
                                                        .segment = segment,
                                                        .offset = (uint32_t)(*end + v.offset),
                                                        .length = (uint32_t)v.length,
                                                        .count = (uint32_t)(v.next - v.key)};
    *end += tail_group_room(group->length);
}

const struct tail_place *tail_file_find(const struct tail_file *f, uint64_t sequence)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->places[middle].key <= sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &f->places[low - 1];
}

void tail_file_clear(struct tail_file *f)
{
    if (f->segment_fd >= 0)
        close(f->segment_fd);
    f->segment_fd = -1;
    f->count = 0;
    f->end = f->segment_end = 0;
}

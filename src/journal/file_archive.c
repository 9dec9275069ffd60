/* Records are appended at multiples of UNIT, which is what handles count. The newest wait in
 * a buffer; the rest is read with pread: it lives in the system's page cache, not in this
 * process. */
#include "journal/file_archive.h"

#include "base/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNIT 32u
#define BUFFER_BYTES (256u << 10)

struct file_archive {
    struct archive base;
    int fd;
    pthread_mutex_t lock;     /* of the buffer */
    _Atomic uint64_t written; /* bytes in the file; what comes after is in the buffer */
    _Atomic uint64_t dropped; /* of all */
    size_t buffered;
    unsigned char buffer[BUFFER_BYTES];
};

/* Writes the buffer out; what cannot be written stays in it. 0 or an errno. The lock is
 * held. */
static int flush(struct file_archive *a)
{
    uint64_t written = atomic_load(&a->written);
    int error = write_whole(a->fd, a->buffer, a->buffered, written);
    if (error != 0)
        return error;
    atomic_store(&a->written, written + a->buffered);
    a->buffered = 0;
    return 0;
}

static size_t whole_units(size_t size)
{
    return (size + UNIT - 1) / UNIT * UNIT;
}

static bool file_put(struct archive *base, const void *bytes, size_t size, uint32_t *handle)
{
    struct file_archive *a = (struct file_archive *)(void *)base;
    size_t room = whole_units(size);
    pthread_mutex_lock(&a->lock);
    uint64_t at = atomic_load(&a->written) + a->buffered;
    bool fits = (at + room) / UNIT < ARCHIVE_HANDLES;
    if (fits && a->buffered + room > BUFFER_BYTES)
        fits = flush(a) == 0;
    if (fits && room > BUFFER_BYTES) { /* larger than the buffer, which is empty now */
        fits = write_whole(a->fd, bytes, size, at) == 0;
        if (fits)
            atomic_store(&a->written, at + room);
    } else if (fits) {
        memcpy(a->buffer + a->buffered, bytes, size);
        memset(a->buffer + a->buffered + size, 0, room - size);
        a->buffered += room;
    }
    pthread_mutex_unlock(&a->lock);
    *handle = (uint32_t)(at / UNIT);
    return fits;
}

/* From the buffer, if the bytes are still there: 0 when they have been written, or never were. */
static size_t from_buffer(struct file_archive *a, uint64_t at, void *out, size_t cap)
{
    size_t size = 0;
    pthread_mutex_lock(&a->lock);
    uint64_t written = atomic_load(&a->written);
    if (at >= written && at - written < a->buffered) {
        size = a->buffered - (size_t)(at - written);
        size = size < cap ? size : cap;
        memcpy(out, a->buffer + (at - written), size);
    }
    pthread_mutex_unlock(&a->lock);
    return size;
}

/* Nothing can be told without what is missing. A snapshot that counts on this archive must not
 * bring the next start to the same end: it finds it too short, and reads the journal. */
static _Noreturn void unreadable(const struct file_archive *a)
{
    if (ftruncate(a->fd, 0) != 0)
        fputs("livefloor: nor emptied: delete the directory snapshot before the next start\n",
              stderr);
    fputs("livefloor: the archive cannot be read; the journal is safe, start again\n", stderr);
    abort();
}

static size_t file_get(struct archive *base, uint32_t handle, void *out, size_t cap)
{
    struct file_archive *a = (struct file_archive *)(void *)base;
    uint64_t at = (uint64_t)handle * UNIT;
    if (at >= atomic_load(&a->written)) {
        size_t size = from_buffer(a, at, out, cap);
        if (size > 0)
            return size;
    }
    ssize_t size;
    do
        size = pread(a->fd, out, cap, (off_t)at);
    while (size < 0 && errno == EINTR);
    if (size <= 0)
        unreadable(a);
    return (size_t)size;
}

static void file_damaged(struct archive *base)
{
    unreadable((struct file_archive *)(void *)base);
}

static void file_drop(struct archive *base, size_t size)
{
    struct file_archive *a = (struct file_archive *)(void *)base;
    atomic_fetch_add(&a->dropped, whole_units(size));
}

static void file_close(struct archive *base)
{
    struct file_archive *a = (struct file_archive *)(void *)base;
    if (a == NULL)
        return;
    pthread_mutex_destroy(&a->lock);
    close(a->fd);
    free(a);
}

/* A file without a name, where the file system has such; else one that loses its name. */
static int nameless_file(const char *directory)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    char *path;
    if (asprintf(&path, "%s/archive-XXXXXX", directory) < 0)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    free(path);
    return fd;
}

/* Takes over the file. */
static int archive_new(int fd, struct file_archive_extent extent, struct archive **out,
                       struct problem *problem)
{
    struct file_archive *a = calloc(1, sizeof *a);
    if (a == NULL) {
        close(fd);
        return problem_set(problem, PROBLEM_STORE, "There is no memory to open an archive.");
    }
    a->fd = fd;
    atomic_store(&a->written, extent.length);
    atomic_store(&a->dropped, extent.dropped);
    a->base = (struct archive){file_put, file_get, file_close, file_damaged, file_drop};
    pthread_mutex_init(&a->lock, NULL);
    *out = &a->base;
    return 0;
}

int file_archive_open(const char *directory, struct archive **out, struct problem *problem)
{
    int fd = nameless_file(directory);
    if (fd < 0)
        return problem_set(problem, PROBLEM_STORE, "No file can be made in %s: %s.", directory,
                           strerror(errno));
    return archive_new(fd, (struct file_archive_extent){0}, out, problem);
}

int file_archive_open_at(const char *path, struct file_archive_extent extent, struct archive **out,
                         struct problem *problem)
{
    struct stat status;
    uint64_t length = extent.length;
    int fd = open(path, O_RDWR | O_CLOEXEC | (length == 0 ? O_CREAT : 0), 0600);
    if (fd < 0)
        return problem_set(problem, PROBLEM_STORE, "The file %s cannot be opened: %s.", path,
                           strerror(errno));
    if (fstat(fd, &status) != 0 || (uint64_t)status.st_size < length || length % UNIT != 0) {
        close(fd);
        return problem_set(problem, PROBLEM_STORE, "The file %s is too short.", path);
    }
    if (ftruncate(fd, (off_t)length) != 0) {
        int error = errno;
        close(fd);
        return problem_set(problem, PROBLEM_STORE, "The file %s cannot be cut: %s.", path,
                           strerror(error));
    }
    return archive_new(fd, extent, out, problem);
}

int file_archive_flush(struct archive *base, struct file_archive_extent *extent)
{
    struct file_archive *a = (struct file_archive *)(void *)base;
    pthread_mutex_lock(&a->lock);
    int error = flush(a);
    extent->length = atomic_load(&a->written);
    extent->dropped = atomic_load(&a->dropped);
    /* The last record may end before its unit does. */
    if (error == 0 && ftruncate(a->fd, (off_t)extent->length) != 0)
        error = errno;
    pthread_mutex_unlock(&a->lock);
    return error;
}

int file_archive_fd(const struct archive *base)
{
    return ((const struct file_archive *)(const void *)base)->fd;
}

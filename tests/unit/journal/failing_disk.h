/* A disk that fails when it is told to: the calls that write stand here in place of the
 * system's, for the tail and for LMDB. One file of a test includes it. */
#ifndef LIVEFLOOR_TESTS_FAILING_DISK_H
#define LIVEFLOOR_TESTS_FAILING_DISK_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum disk_call { DISK_WRITE, DISK_SYNC };

static struct {
    pthread_mutex_t lock;
    bool store_fails; /* all writing to data.mdb */
    /* So many writes to the tail or a segment from now on, the next of them fails; < 0: none. */
    int tail_writes;
    int tail_syncs;       /* the same of syncs, whose bytes are there all the same */
    void (*before)(void); /* each call that goes through, with the lock held */
    unsigned calls;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .tail_writes = -1, .tail_syncs = -1};

static bool disk_names(int fd, const char *part)
{
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    path[len < 0 ? 0 : len] = '\0';
    return strstr(path, part) != NULL;
}

/* 0, or the error that the call shall have. The lock is held. */
static int disk_outcome(int fd, enum disk_call call)
{
    int *left = call == DISK_WRITE ? &disk.tail_writes : &disk.tail_syncs;
    if (disk.store_fails && disk_names(fd, "/data.mdb"))
        return ENOSPC;
    if (*left >= 0 && (disk_names(fd, "/tail-") || disk_names(fd, "/segment-")) && (*left)-- == 0)
        return EIO;
    disk.calls++;
    if (disk.before != NULL)
        disk.before();
    return 0;
}

#define DISK_CALL(call, real)                                                                      \
    do {                                                                                           \
        pthread_mutex_lock(&disk.lock);                                                            \
        int error = disk_outcome(fd, call);                                                        \
        long result = error == 0 ? (long)(real) : -1;                                              \
        if (error == 0 && result < 0)                                                              \
            error = errno;                                                                         \
        pthread_mutex_unlock(&disk.lock);                                                          \
        errno = error;                                                                             \
        return (int)result;                                                                        \
    } while (0)

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    DISK_CALL(DISK_WRITE, syscall(SYS_pwrite64, fd, bytes, size, at));
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    DISK_CALL(DISK_WRITE, syscall(SYS_pwrite64, fd, bytes, size, at));
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    DISK_CALL(DISK_WRITE, syscall(SYS_writev, fd, parts, count));
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    DISK_CALL(DISK_WRITE, syscall(SYS_pwritev, fd, parts, count, at, 0));
}

int fdatasync(int fd)
{
    DISK_CALL(DISK_SYNC, syscall(SYS_fdatasync, fd));
}

#endif

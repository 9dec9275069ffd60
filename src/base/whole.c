#include "base/whole.h"

#include <errno.h>
#include <unistd.h>

int write_whole(int fd, const void *bytes, size_t size, uint64_t at)
{
    const char *from = bytes;
    while (size > 0) {
        ssize_t done = pwrite(fd, from, size, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : ENOSPC;
        from += done;
        size -= (size_t)done;
        at += (uint64_t)done;
    }
    return 0;
}

int read_whole(int fd, void *out, size_t size, uint64_t at)
{
    char *to = out;
    while (size > 0) {
        ssize_t done = pread(fd, to, size, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : EIO;
        to += done;
        size -= (size_t)done;
        at += (uint64_t)done;
    }
    return 0;
}

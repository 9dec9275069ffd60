/* An archive in a file: one without a name, which goes with the process, or one that a later
 * process goes on with, as far as it was flushed. */
#ifndef LIVEFLOOR_JOURNAL_FILE_ARCHIVE_H
#define LIVEFLOOR_JOURNAL_FILE_ARCHIVE_H

#include "base/archive.h"
#include "base/problem.h"

/* Opens an empty archive in a file without a name on the disk of that directory. 0 or -1 with
 * *problem. Closed with its own `close`, as the others. */
int file_archive_open(const char *directory, struct archive **out, struct problem *problem);

/* What an archive holds: bytes, and how many of them were dropped. */
struct file_archive_extent {
    uint64_t length, dropped;
};

/* Opens an archive in the file of that name, made when the extent is 0: of what it holds the
 * first bytes stay, as many as file_archive_flush said. -1 with *problem, and the file as it
 * was, also when it is shorter. */
int file_archive_open_at(const char *path, struct file_archive_extent extent, struct archive **out,
                         struct problem *problem);

/* Writes out to the file what waits in memory, and tells how much there is now: handles given
 * so far lie in it. 0 or an errno. Does not sync. From any thread. */
int file_archive_flush(struct archive *a, struct file_archive_extent *extent);

/* The file, for fdatasync. */
int file_archive_fd(const struct archive *a);

#endif

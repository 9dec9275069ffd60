/* An archive in a file without a name: it goes with the process. */
#ifndef LIVEFLOOR_JOURNAL_FILE_ARCHIVE_H
#define LIVEFLOOR_JOURNAL_FILE_ARCHIVE_H

#include "base/archive.h"
#include "base/problem.h"

/* Opens an empty archive on the disk of that directory. 0 or -1 with *problem. Closed with
 * its own `close`. */
int file_archive_open(const char *directory, struct archive **out, struct problem *problem);

#endif

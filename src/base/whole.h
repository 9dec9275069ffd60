/* All of some bytes of a file, or an error: what a short read or write or a signal leaves
 * is gone on with. Both return 0 or an errno. */
#ifndef LIVEFLOOR_BASE_WHOLE_H
#define LIVEFLOOR_BASE_WHOLE_H

#include <stddef.h>
#include <stdint.h>

int write_whole(int fd, const void *bytes, size_t size, uint64_t at);

/* EIO when the file ends before. */
int read_whole(int fd, void *out, size_t size, uint64_t at);

#endif

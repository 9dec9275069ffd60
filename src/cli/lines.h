/* Lines of files, plain or gzip, one file after the other. */
#ifndef LIVEFLOOR_CLI_LINES_H
#define LIVEFLOOR_CLI_LINES_H

#include "base/span.h"

#include <stdint.h>

struct lines;

/* Files in their order; "-" is standard input. NULL when there is no memory. The
 * names must outlive it. */
struct lines *lines_open(char *const *names, size_t count);
void lines_close(struct lines *l);

enum lines_status { LINES_OK, LINES_END, LINES_TOO_LONG, LINES_FAILED };

/* The next line without its end; valid until the next call. LINES_TOO_LONG: a line over
 * `most` bytes, skipped. LINES_FAILED: a file that cannot be read; lines_error says. */
enum lines_status lines_next(struct lines *l, size_t most, struct span *out);

const char *lines_error(const struct lines *l);

/* Where the line came from. */
const char *lines_file(const struct lines *l);
uint64_t lines_number(const struct lines *l);

/* How far it is: bytes read of all files as stored, and of how many (0: not known). */
void lines_progress(const struct lines *l, uint64_t *done, uint64_t *total);

#endif

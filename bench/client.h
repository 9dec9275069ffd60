/* What the load programs share: a clock, a file in memory, a connection on loopback. */
#ifndef LIVEFLOOR_BENCH_CLIENT_H
#define LIVEFLOOR_BENCH_CLIENT_H

#include "base/span.h"

/* A load program gives up when nothing came for so long. */
#define CLIENT_SILENCE_MS 60000

/* Says what is wrong and ends the program with status 1. */
_Noreturn void client_fail(const char *what);

/* A monotonic clock. */
double client_seconds(void);

/* A whole file, mapped and in memory for the rest of the program; fails the program. */
struct span client_file(const char *path);

/* A non-blocking connection to 127.0.0.1; `port` as text; fails the program. */
int client_connect(const char *port);

/* Listens on a free port of 127.0.0.1 and prints it, for who started the program; fails it. */
int client_listen(int backlog);

/* Orders doubles, for qsort. */
int client_by_double(const void *a, const void *b);

#endif

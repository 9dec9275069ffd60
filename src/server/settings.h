/* Every setting once: its name in the YAML file, as --set NAME=VALUE and in --help. */
#ifndef LIVEFLOOR_SERVER_SETTINGS_H
#define LIVEFLOOR_SERVER_SETTINGS_H

#include "base/problem.h"
#include "base/span.h"

#include <stdint.h>

struct settings {
    char *data;
    char *listen_host;
    uint16_t listen_port;
    unsigned retention_days; /* 0 keeps all */
    unsigned snapshot_events; /* 0: no snapshots */
    unsigned max_lateness_hours;
    unsigned visitor_timeout_seconds;
    unsigned default_page_size;
    unsigned workers;    /* 0: the number of cores */
    unsigned rate_limit; /* requests a second for each token; 0: no limit */
    unsigned log_level;  /* enum log_level */
    /* Time-outs of connections (http/http.h). */
    unsigned head_timeout_seconds, idle_timeout_seconds, body_grace_seconds, write_stall_seconds;
    unsigned max_connections; /* for each worker */
    char **cors_origins; /* owned, as all texts */
    size_t cors_origin_count;
};

/* The defaults. -1 when there is no memory. */
int settings_init(struct settings *s);
void settings_clear(struct settings *s);

/* Sets one by name. -1 with *problem for an unknown name or a bad value. */
int settings_set(struct settings *s, struct span name, struct span value, struct problem *problem);

/* The same from "NAME=VALUE". */
int settings_set_pair(struct settings *s, const char *pair, struct problem *problem);

/* Reads a YAML file: a flat mapping of names to values (corsOrigins: a sequence, or one
 * text). Unknown and repeated names are errors that name the line. */
int settings_load_yaml(struct settings *s, const char *path, struct problem *problem);

/* The names with their defaults and what they mean, as text for --help; the caller
 * frees it. NULL when there is no memory. */
char *settings_help(void);

#endif

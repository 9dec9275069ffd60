/* The segments of a journal: files of values that large commits brought, written once and
 * then only read (docs/journal-format.md, "Segments"). */
#ifndef LIVEFLOOR_JOURNAL_SEGMENTS_H
#define LIVEFLOOR_JOURNAL_SEGMENTS_H

#include "base/problem.h"
#include "base/span.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* DIRECTORY/segment-NUMBER, which the caller frees; NULL when there is no memory. */
char *segment_path(const char *directory, uint64_t number);

/* Deletes the file. What stays is deleted by the next opening. */
void segment_delete(const char *directory, uint64_t number);

struct segment_map;

/* How many values of a segment the store refers to. */
struct segment_use {
    uint64_t number, values;
};

struct segments {
    const char *directory; /* borrowed */
    pthread_mutex_t lock;  /* of the maps */
    struct segment_map *maps;
    uint64_t clock; /* of their uses */
    /* A writer's, by number; held by whoever may write to the store. */
    struct segment_use *uses;
    size_t use_count, use_cap;
    bool uses_unsure; /* a damaged value may refer to any of them: none is deleted */
};

void segments_init(struct segments *s, const char *directory);
void segments_clear(struct segments *s);

/* Bytes of a segment, mapped as long as they are held. */
struct segment_hold {
    struct segment_map *map;
    const char *bytes; /* from its begin on */
};

/* Holds a segment's first `end` bytes. 0 or an error's number: ENOENT when there is no such
 * file (any more), ENODATA when it is shorter. */
int segments_hold(struct segments *s, uint64_t number, uint64_t end, struct segment_hold *out);
void segments_release(struct segments *s, struct segment_hold *hold);

/* What was read stays in the system's page cache, but counts no more as this process's
 * memory. */
void segments_forget(struct segments *s);

/* The bytes of all segments on the disk. */
uint64_t segments_bytes(const struct segments *s);

/* --- for a writer: who refers to which --- */

/* Counts anew, from nothing. */
void segments_uses_reset(struct segments *s);

/* There is a value that does not tell what it refers to. */
void segments_uses_unsure(struct segments *s);

/* Room for one segment more. -1: there is no memory. */
int segments_uses_reserve(struct segments *s);

/* One value more of a segment; for one that is not known yet, room was made. */
void segments_uses_add(struct segments *s, uint64_t number);

/* One fewer; a segment without any is deleted. */
void segments_uses_drop(struct segments *s, uint64_t number);

/* At an opening: deletes what a crash has left, segments before `generation` that nothing
 * refers to. -1 with *problem when one is missing, or newer than the store can know. */
int segments_tidy(struct segments *s, uint64_t generation, struct problem *problem);

#endif

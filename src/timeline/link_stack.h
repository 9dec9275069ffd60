/* link_stack: full runs of links, one upon the other, under one series of all their froms. Of each
 * from is kept to which run it belongs, so that one search and one count tell of all runs how
 * many of their links begin before an instant: a question does not take longer with every run
 * (docs/decisions/0023). For links without values. */
#ifndef LIVEFLOOR_TIMELINE_LINK_STACK_H
#define LIVEFLOOR_TIMELINE_LINK_STACK_H

#include "timeline/link_run.h"
#include "timeline/series.h"

#define LINK_STACK_RUNS 16u   /* at most */
#define LINK_STACK_EDGE 1024u /* links between two counts: half of them are read at most */

struct link_stack {
    uint32_t n; /* links */
    uint32_t count;
    struct link_run *run[LINK_STACK_RUNS]; /* its own; mostly in the order of their tos */
    int64_t to_first[LINK_STACK_RUNS], to_last[LINK_STACK_RUNS];
    uint32_t begin[LINK_STACK_RUNS + 1]; /* links of the runs before */
    struct series from;                  /* of all runs, ascending */
    uint8_t *tag;     /* beside each from, half a byte: its run; NULL with one run */
    uint32_t *counts; /* of each edge, of each run: links before with an earlier run */
};

/* A stack of one run, without values, which it takes over. */
struct link_stack *link_stack_of(struct link_run *r);
void link_stack_free(struct link_stack *s);

/* Puts a run that has no from of its own upon the others, which it takes over. */
void link_stack_push(struct link_stack *s, struct link_run *r);

/* Counts the tags, which are there, from an edge on: so many links, or up to the last. `seen` is
 * how many of each run are before, and is brought up to where it ends. */
void link_stack_count_tags(struct link_stack *s, uint32_t edge, uint32_t count,
                           uint32_t seen[LINK_STACK_RUNS]);

/* Memory for the tags, which are 0, and the counts of all its links. */
void link_stack_make_tags(struct link_stack *s);

/* Bytes of the tags of so many links. */
size_t link_stack_tag_bytes(uint32_t n);

/* Asks for the memory that link_stack_split reads. */
void link_stack_prefetch(const struct link_stack *s, uint32_t run, uint32_t first);

/* Of the first froms, so many: how many are of runs before this one, and how many of this. */
void link_stack_split(const struct link_stack *s, uint32_t run, uint32_t first, uint32_t *before,
                      uint32_t *same);

/* Writes all links back. */
void link_stack_unpack(const struct link_stack *s, struct link *out);

size_t link_stack_bytes(const struct link_stack *s);

/* The same without its runs. */
size_t link_stack_shell_bytes(const struct link_stack *s);

#endif

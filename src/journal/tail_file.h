/* One of the tail's two files, and the segment beside it: what is in them, writing a group,
 * reading back. */
#ifndef LIVEFLOOR_JOURNAL_TAIL_FILE_H
#define LIVEFLOOR_JOURNAL_TAIL_FILE_H

#include "journal/tail_group.h"

/* Where a value of the tail lies. */
struct tail_place {
    uint64_t key;
    uint64_t segment; /* that it lies in; 0: in the file */
    uint32_t offset;  /* in one or the other */
    uint32_t length;  /* 0: what begins with this sequence is damaged */
    uint32_t count;   /* of its records */
};

/* The file that holds the generations of one parity, small groups; and of the present one the
 * segment with the large groups, when there are any. Zeroed but for the descriptors (-1) when
 * there is none yet. */
struct tail_file {
    int fd;                    /* for writing, past the page cache where that can be; -1: none */
    int read_fd;               /* -1: none */
    uint64_t size;             /* of the file: all of it has been written once */
    uint64_t end;              /* of the groups of its present generation */
    int segment_fd;            /* -1: none */
    uint64_t segment_end;      /* of the groups in it */
    struct tail_place *places; /* the values of all these groups, by key */
    size_t count, cap;
};

/* None. */
#define TAIL_FILE_NONE ((struct tail_file){.fd = -1, .read_fd = -1, .segment_fd = -1})

/* Opens a file that is there; none is no error. -1 with *problem. */
int tail_file_open(struct tail_file *f, const char *path, bool read_only, struct problem *problem);
void tail_file_close(struct tail_file *f);

/* Makes the file (when there is none) or makes it larger, so that `end` lies in it and at
 * most `most` bytes are taken: writes zeros, durably, so that later writes find their room.
 * 0 or an error's number; then it is as it was. */
int tail_file_grow(struct tail_file *f, const char *path, uint64_t end, uint64_t most);

/* Writes bytes (of TAIL_UNIT's alignment and a multiple of it) behind the last group,
 * durably. 0 or an error's number: then something of them may be there. */
int tail_file_write(const struct tail_file *f, const void *bytes, size_t size);

/* Makes the segment of a generation, which has none yet. 0 or an error's number. */
int tail_segment_make(struct tail_file *f, const char *directory, uint64_t generation);

/* The same as tail_file_write, in the segment; after an error what was written of the bytes is
 * taken back, if that can be done. */
int tail_segment_write(const struct tail_file *f, const void *bytes, size_t size);

/* Reads so many bytes of the file. 0 or an error's number. */
int tail_file_read(const struct tail_file *f, uint64_t offset, void *out, size_t size);

/* Makes room for so many places more. -1: there is no memory. */
int tail_file_reserve(struct tail_file *f, size_t more);

/* Notes the values of a sound group that lies at `end`, or at `segment_end` of a segment (not
 * 0), those from a sequence on, and moves that behind it. There is room for group->values
 * places. */
void tail_file_add(struct tail_file *f, uint64_t segment, const struct tail_group *group,
                   const char *bytes, uint64_t from);

/* The place that a sequence would be in; NULL when it is before the first. */
const struct tail_place *tail_file_find(const struct tail_file *f, uint64_t sequence);

/* Forgets all places, and closes the segment: another generation begins. */
void tail_file_clear(struct tail_file *f);

/* Finds what both files and the segments in the directory hold of `generation` and of the one
 * behind it, from the sequence `next` on, which the store has not (docs/journal-format.md,
 * "Reading the tail"). Of a value that is there no more, or not sound, a place without length
 * tells. */
struct tail_found {
    uint64_t writing; /* the last generation that something was found of */
    uint64_t next;    /* the sequence behind the last one found */
    uint64_t damaged; /* the first sequence that is damaged; 0: none */
    bool segments;    /* one of the two has a segment, whatever is in it */
};
int tail_survey(struct tail_file files[2], const char *directory, uint64_t generation,
                uint64_t next, struct tail_found *out, struct problem *problem);

#endif

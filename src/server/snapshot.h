/* A snapshot: the state of all floors as of one event of the journal, in DIR/snapshot, so that
 * a start need not read the whole journal (docs/decisions/0018). It can only be used by the
 * build that wrote it, beside the journal that it was made of; whatever does not fit is
 * dropped, and the journal is read: a snapshot may be deleted whenever no server runs. */
#ifndef LIVEFLOOR_SERVER_SNAPSHOT_H
#define LIVEFLOOR_SERVER_SNAPSHOT_H

#include "journal/file_archive.h"
#include "journal/journal.h"
#include "server/sites.h"

struct snapshot_source {
    const char *directory; /* DIR/snapshot */
    struct journal *journal;
    int64_t visitor_timeout_us;
};

/* What a start begins with; the caller's. */
struct snapshot_start {
    struct archive *archive;
    struct sites *sites;
    uint64_t sequence;     /* the floors hold all up to this one; 0: nothing, they are new */
    char archive_name[32]; /* in the directory */
};

/* Loads the snapshot, or begins with nothing when there is none that fits, which it logs with
 * the reason. -1 with *problem only when there is no memory or no file can be made. */
int snapshot_load(const struct snapshot_source *source, struct snapshot_start *out,
                  struct problem *problem);

/* Says that a start which loaded a snapshot has come to its end, whatever that was: until then
 * the next one would not try it again. 0 or an errno. */
int snapshot_confirm(const struct snapshot_source *source);

/* As snapshot_load, without snapshots: deletes what there is. The archive goes with the process. */
int snapshot_none(const struct snapshot_source *source, struct snapshot_start *out,
                  struct problem *problem);

/* One that is being written. */
struct snapshot_writing {
    int file, archive_file;
    uint64_t sequence, marked, mark, records;
    struct file_archive_extent archive;
    int64_t now_us, visitor_timeout_us;
    const char *archive_name;
};

/* Begins to write one of what is there now, up to `sequence`, the last that the journal
 * has given, which is applied, also where retention has removed that record. The sites are frozen,
 * or nothing runs, from here until snapshot_write begins or the process that does it is forked. 0
 * or an errno. */
int snapshot_begin(const struct snapshot_source *source, struct sites *sites,
                   struct archive *archive, const char *archive_name, uint64_t sequence,
                   struct snapshot_writing *out);

/* Writes and syncs it; of frozen sites, or in a process forked while they were. 0 or an errno: EIO
 * when bytes of the archive may not have reached the disk. */
int snapshot_write(const struct snapshot_writing *w, struct sites *sites);

/* Ends it: with `whole` it takes the place of the one before, else it is dropped. 0 or an
 * errno. Writes how long it is. */
int snapshot_end(const struct snapshot_source *source, struct snapshot_writing *w, bool whole,
                 uint64_t *size);

/* Deletes the snapshot, durably: what it was made of changes. 0 or an errno. */
int snapshot_discard(const struct snapshot_source *source);

#endif

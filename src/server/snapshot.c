/* DIR/snapshot: `state`, an image (base/image.h) of the head below and of each floor;
 * `state.new`, one that is being written; `state.tried`, one that a start has loaded which is
 * not done yet: should it end the process, the next one reads the journal; and the archive that the
 * floors' handles are of, under the name that the head says. It only grows, so that a snapshot
 * holds good as long as its archive's first bytes stay. */
#include "server/snapshot.h"

#include "base/build_id.h"
#include "base/image.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MAGIC[8] = "livesnap";
#define STATE "state"
#define STATE_NEW "state.new"
#define STATE_TRIED "state.tried"
#define ARCHIVE "archive-"
/* A smaller archive need not be made anew, however much of it is void. */
#define ARCHIVE_LARGE (UINT64_C(256) << 20)

/* Every build reads these, of any other. */
struct snapshot_whose {
    char magic[8];
    unsigned char build[BUILD_ID_BYTES];
};

struct snapshot_head {
    uint64_t sequence;     /* the last that the journal had given */
    uint64_t marked, mark; /* the last record that was there then; journal_mark of it */
    uint64_t records;      /* of the journal */
    int64_t now_us;        /* when it was made */
    int64_t visitor_timeout_us;
    struct file_archive_extent archive;
    uint64_t site_count;
    char archive_name[32];
};

/* --- files --- */

static int no_memory(struct problem *problem)
{
    return problem_set(problem, PROBLEM_INTERNAL, "There is no memory to start.");
}

/* An errno, or 0. */
static int open_directory(const char *path, int *out)
{
    *out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *out < 0 ? errno : 0;
}

static int remove_in(const char *directory, const char *name)
{
    int fd, error = open_directory(directory, &fd);
    if (error != 0)
        return error;
    error = unlinkat(fd, name, 0) != 0 && errno != ENOENT ? errno : 0;
    close(fd);
    return error;
}

int snapshot_discard(const struct snapshot_source *source)
{
    int error = remove_in(source->directory, STATE);
    if (error == 0)
        error = remove_in(source->directory, STATE_TRIED);
    return error != 0 ? error : directory_sync(source->directory);
}

static int rename_in(const char *directory, const char *from, const char *to)
{
    int fd, error = open_directory(directory, &fd);
    if (error != 0)
        return error;
    error = renameat(fd, from, fd, to) != 0 ? errno : 0;
    close(fd);
    return error;
}

int snapshot_confirm(const struct snapshot_source *source)
{
    return rename_in(source->directory, STATE_TRIED, STATE);
}

/* Deletes what an earlier process left: all archives but this one, and what was not finished. */
static void remove_others(const char *directory, const char *archive_name)
{
    DIR *d = opendir(directory);
    if (d == NULL)
        return;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        bool other = strncmp(e->d_name, ARCHIVE, strlen(ARCHIVE)) == 0 &&
                     strcmp(e->d_name, archive_name) != 0;
        if (other || strcmp(e->d_name, STATE_NEW) == 0)
            unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
}

/* False when this build has no id: nothing tells its snapshots from those of others. */
static bool own(struct snapshot_whose *out)
{
    memcpy(out->magic, MAGIC, sizeof out->magic);
    return build_id(out->build);
}

/* --- loading --- */

/* Has the journal all that it had, and what came since? An older version of the program, which
 * knows of no snapshot, may have removed events. */
static bool has_all(struct journal *journal, const struct snapshot_head *head)
{
    struct journal_stats stats;
    struct problem problem;
    return journal_get_stats(journal, &stats, &problem) == 0 &&
           stats.records == head->records + (stats.next_sequence - 1 - head->sequence);
}

/* Why the snapshot cannot be used, or NULL. */
static const char *unfit(const struct snapshot_source *source, const struct snapshot_head *head)
{
    if (head->visitor_timeout_us != source->visitor_timeout_us)
        return "visitorTimeoutSeconds was another one";
    if (head->now_us > clock_now_us())
        return "it was made later than it is now";
    if (head->mark != journal_mark(source->journal, head->marked))
        return "it belongs to another state of the journal";
    if (!has_all(source->journal, head))
        return "events were removed from the journal since";
    if (head->archive.length > ARCHIVE_LARGE && head->archive.dropped > head->archive.length / 2)
        return "most of its archive is not needed any more";
    return NULL;
}

static int load_sites(struct image *io, const struct snapshot_head *head, struct sites *sites)
{
    for (uint64_t i = 0; i < head->site_count; i++) {
        int64_t id;
        image_bytes(io, &id, sizeof id);
        const struct floor_settings settings = sites_floor_settings(sites, id);
        struct floor *floor = floor_load(&settings, io);
        if (floor == NULL)
            return -1;
        if (sites_take(sites, floor) < 0) {
            floor_free(floor);
            return -1;
        }
    }
    return 0;
}

static void start_clear(struct snapshot_start *start)
{
    sites_free(start->sites);
    if (start->archive != NULL)
        start->archive->close(start->archive);
    *start = (struct snapshot_start){0};
}

/* Opens the archive and loads the floors. Why not, or NULL. */
static const char *load_floors(const struct snapshot_source *source,
                               const struct snapshot_head *head, struct image *io,
                               struct snapshot_start *out)
{
    struct problem problem;
    memcpy(out->archive_name, head->archive_name, sizeof out->archive_name);
    char *path = path_join(source->directory, out->archive_name);
    int failed =
        path == NULL ? -1 : file_archive_open_at(path, head->archive, &out->archive, &problem);
    free(path);
    if (failed < 0)
        return "its archive is missing or too short";
    out->sites = sites_new(source->visitor_timeout_us, out->archive);
    if (out->sites == NULL)
        return "there is no memory for it";
    if (load_sites(io, head, out->sites) < 0)
        return "it is damaged";
    out->sequence = head->sequence;
    sites_not_before(out->sites, head->now_us);
    return NULL;
}

static const char *load_image(const struct snapshot_source *source, struct image *io,
                              struct snapshot_start *out)
{
    struct snapshot_whose whose, mine;
    struct snapshot_head head;
    if (!own(&mine))
        return "this build of the program has no id";
    image_bytes(io, &whose, sizeof whose);
    if (image_failed(io) || memcmp(whose.magic, MAGIC, sizeof MAGIC) != 0)
        return "it is damaged";
    if (memcmp(whose.build, mine.build, sizeof mine.build) != 0)
        return "another build of the program made it";
    image_bytes(io, &head, sizeof head);
    if (image_failed(io))
        return "it is damaged";
    const char *why = unfit(source, &head);
    return why != NULL ? why : load_floors(source, &head, io, out);
}

/* Loads what the file holds. Why not, or NULL. */
static const char *load_file(const struct snapshot_source *source, int fd,
                             struct snapshot_start *out)
{
    struct image *io = image_load(fd);
    if (io == NULL)
        return "there is no memory for it";
    const char *why = load_image(source, io, out);
    if (image_close(io) != 0 && why == NULL)
        why = "it is damaged";
    if (why != NULL)
        start_clear(out);
    return why;
}

static int open_in(const char *directory, const char *name)
{
    char *path = path_join(directory, name);
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    return fd;
}

/* False when there is none that can be used. */
static bool load(const struct snapshot_source *source, struct snapshot_start *out)
{
    int fd = open_in(source->directory, STATE_TRIED);
    if (fd >= 0) {
        close(fd);
        log_write(LOG_WARNING, "the snapshot is dropped, the journal read instead: the start "
                               "before, which loaded it, did not come to its end");
        return false;
    }
    if (rename_in(source->directory, STATE, STATE_TRIED) != 0)
        return false; /* there is none */
    fd = open_in(source->directory, STATE_TRIED);
    if (fd < 0)
        return false;
    int64_t begun = clock_now_us();
    const char *why = load_file(source, fd, out);
    close(fd);
    if (why != NULL)
        log_write(LOG_WARNING, "the snapshot is dropped, the journal read instead: %s", why);
    else
        log_write(LOG_INFO, "snapshot of event %llu loaded in %.2f s",
                  (unsigned long long)out->sequence,
                  (double)(clock_now_us() - begun) / (double)US_PER_SECOND);
    return why == NULL;
}

static int discard_old(const struct snapshot_source *source, struct problem *problem)
{
    int error = snapshot_discard(source);
    if (error == 0)
        return 0;
    return problem_set(problem, PROBLEM_STORE, "The old snapshot in %s cannot be deleted: %s.",
                       source->directory, strerror(error));
}

/* Begins with an empty archive under a new name. */
static int begin_anew(const struct snapshot_source *source, struct snapshot_start *out,
                      struct problem *problem)
{
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random = (uint64_t)clock_now_us();
    snprintf(out->archive_name, sizeof out->archive_name, ARCHIVE "%016llx",
             (unsigned long long)random);
    if (discard_old(source, problem) < 0)
        return -1;
    remove_others(source->directory, out->archive_name);
    char *path = path_join(source->directory, out->archive_name);
    if (path == NULL)
        return no_memory(problem);
    int failed =
        file_archive_open_at(path, (struct file_archive_extent){0}, &out->archive, problem);
    free(path);
    if (failed < 0)
        return -1;
    out->sites = sites_new(source->visitor_timeout_us, out->archive);
    return out->sites == NULL ? no_memory(problem) : 0;
}

static int make_directory(const struct snapshot_source *source, struct problem *problem)
{
    int error = directory_make(source->directory);
    if (error == 0)
        return 0;
    return problem_set(problem, PROBLEM_STORE, "The directory %s cannot be made: %s.",
                       source->directory, strerror(error));
}

int snapshot_load(const struct snapshot_source *source, struct snapshot_start *out,
                  struct problem *problem)
{
    *out = (struct snapshot_start){0};
    if (make_directory(source, problem) < 0)
        return -1;
    if (load(source, out)) {
        remove_others(source->directory, out->archive_name);
        return 0;
    }
    if (begin_anew(source, out, problem) == 0)
        return 0;
    start_clear(out);
    return -1;
}

int snapshot_none(const struct snapshot_source *source, struct snapshot_start *out,
                  struct problem *problem)
{
    *out = (struct snapshot_start){0};
    if (make_directory(source, problem) < 0)
        return -1;
    if (discard_old(source, problem) < 0)
        return -1;
    remove_others(source->directory, "");
    if (file_archive_open(source->directory, &out->archive, problem) < 0)
        return -1;
    out->sites = sites_new(source->visitor_timeout_us, out->archive);
    if (out->sites != NULL)
        return 0;
    start_clear(out);
    return no_memory(problem);
}

/* --- saving --- */

int snapshot_begin(const struct snapshot_source *source, struct sites *sites,
                   struct archive *archive, const char *archive_name, uint64_t sequence,
                   struct snapshot_writing *out)
{
    *out = (struct snapshot_writing){.file = -1,
                                     .archive_file = file_archive_fd(archive),
                                     .sequence = sequence,
                                     .now_us = sites_now_us(sites),
                                     .visitor_timeout_us = source->visitor_timeout_us,
                                     .archive_name = archive_name};
    struct snapshot_whose whose;
    struct journal_stats stats;
    struct problem problem;
    if (!own(&whose))
        return ENOTSUP;
    if (journal_get_stats(source->journal, &stats, &problem) < 0)
        return EIO;
    out->records = stats.records;
    out->marked = stats.last_sequence;
    out->mark = journal_mark(source->journal, out->marked);
    int directory, error = open_directory(source->directory, &directory);
    if (error != 0)
        return error;
    error = out->mark == 0 ? ENODATA : file_archive_flush(archive, &out->archive);
    if (error == 0 && unlinkat(directory, STATE_NEW, 0) != 0 && errno != ENOENT)
        error = errno;
    if (error == 0) {
        out->file = openat(directory, STATE_NEW, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        error = out->file < 0 ? errno : 0;
    }
    close(directory);
    return error;
}

/* One that never had an event is of this process alone (the first start's): a start that reads
 * the journal does not know it. */
static bool is_saved(struct site *site)
{
    const struct floor *floor = site_frozen(site);
    return floor_version(floor) > 0 || floor_next_waiting(floor) != INT64_MAX;
}

static void count_site(void *data, struct site *site)
{
    *(uint64_t *)data += is_saved(site);
}

static void save_site(void *data, struct site *site)
{
    struct image *io = data;
    int64_t id = site_id(site);
    if (image_failed(io) || !is_saved(site))
        return;
    image_bytes(io, &id, sizeof id);
    floor_save(site_frozen(site), io);
}

int snapshot_write(const struct snapshot_writing *w, struct sites *sites)
{
    struct image *io = image_save(w->file);
    if (io == NULL)
        return ENOMEM;
    struct snapshot_whose whose;
    own(&whose);
    struct snapshot_head head = {.sequence = w->sequence,
                                 .marked = w->marked,
                                 .mark = w->mark,
                                 .records = w->records,
                                 .now_us = w->now_us,
                                 .visitor_timeout_us = w->visitor_timeout_us,
                                 .archive = w->archive};
    sites_each(sites, count_site, &head.site_count);
    snprintf(head.archive_name, sizeof head.archive_name, "%s", w->archive_name);
    image_bytes(io, &whose, sizeof whose);
    image_bytes(io, &head, sizeof head);
    sites_each(sites, save_site, io);
    int error = image_close(io);
    if (error == 0 && fsync(w->file) != 0)
        error = errno;
    return fdatasync(w->archive_file) != 0 ? EIO : error; /* also for ENOSPC: bytes are lost */
}

int snapshot_end(const struct snapshot_source *source, struct snapshot_writing *w, bool whole,
                 uint64_t *size)
{
    struct stat status;
    int directory, error = open_directory(source->directory, &directory);
    *size = w->file >= 0 && fstat(w->file, &status) == 0 ? (uint64_t)status.st_size : 0;
    if (w->file >= 0)
        close(w->file);
    w->file = -1;
    if (error != 0)
        return error;
    if (!whole)
        unlinkat(directory, STATE_NEW, 0);
    else if (renameat(directory, STATE_NEW, directory, STATE) != 0 || fsync(directory) != 0)
        error = errno;
    close(directory);
    return error;
}

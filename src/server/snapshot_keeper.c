#include "server/snapshot_keeper.h"

#include "base/limits.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A child is less urgent than whoever answers. */
#define CHILD_NICE 10
/* Fewer events than this since a second ago: a quiet moment. */
#define QUIET_EVENTS 5000u
/* In a quiet moment a snapshot is made when it saves a start a part of its work, at other times
 * when it saves a larger one: so what is written stays small beside the journal. */
#define QUIET_PART 64u
#define BUSY_PART 8u
#define BUSY_TIMES 8u

struct snapshot_keeper {
    struct snapshot_source source;
    char *directory;
    const struct snapshot_start *from;
    uint64_t events;

    uint64_t made;  /* the snapshot's last sequence; 0: there is none */
    uint64_t tried; /* when one was last begun */
    uint64_t seen;  /* the journal's a second ago */
    bool held;
    bool unconfirmed; /* loaded, and not said that it may be loaded again */
    bool lost;        /* a part of the archive, as far as the disk is concerned */

    pid_t child; /* 0: none */
    int child_status;
    bool child_ended;
    struct snapshot_writing writing;
    time_t begun_s; /* of the clock that nobody sets */
};

struct snapshot_keeper *snapshot_keeper_new(const struct snapshot_keeper_settings *settings)
{
    struct snapshot_keeper *k = calloc(1, sizeof *k);
    char *directory = strdup(settings->source.directory);
    if (k == NULL || directory == NULL) {
        free(k);
        free(directory);
        return NULL;
    }
    k->source = settings->source;
    k->source.directory = k->directory = directory;
    k->from = settings->from;
    k->events = settings->events;
    k->made = k->tried = k->seen = settings->from->sequence;
    k->unconfirmed = k->made > 0;
    return k;
}

void snapshot_keeper_confirm(struct snapshot_keeper *k)
{
    if (k == NULL || !k->unconfirmed)
        return;
    int error = snapshot_confirm(&k->source);
    if (error != 0) {
        log_write(LOG_WARNING, "the snapshot that was loaded is lost: %s", strerror(error));
        k->made = 0;
    }
    k->unconfirmed = false;
}

/* --- the outcome --- */

/* Ends what is being written and says how it went. */
static void end_writing(struct snapshot_keeper *k, int error)
{
    uint64_t size;
    int ended = snapshot_end(&k->source, &k->writing, error == 0, &size);
    error = error != 0 ? error : ended;
    if (error != 0) {
        /* Nor any other while this archive is used: a sync tells of what it lost only once. */
        k->lost = k->lost || error == EIO;
        log_write(LOG_WARNING, "no snapshot could be made%s: %s",
                  k->lost ? ", nor will one be until the next start" : "", strerror(error));
        return;
    }
    k->made = k->writing.sequence;
    log_write(LOG_INFO, "snapshot of event %llu made, %.1f MB", (unsigned long long)k->made,
              (double)size / 1e6);
}

static time_t steady_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Begins one; false, and that is said, when it cannot be. */
static bool begin_writing(struct snapshot_keeper *k, uint64_t sequence)
{
    k->tried = sequence;
    k->begun_s = steady_s();
    int error = snapshot_begin(&k->source, k->from->sites, k->from->archive, k->from->archive_name,
                               sequence, &k->writing);
    if (error != 0)
        end_writing(k, error);
    return error == 0;
}

/* --- the child --- */

/* Of all files only these two and the log stay open: a connection must be closed when the
 * server closes it, and its directory be free when the server is gone. */
static void close_others(int a, int b)
{
    unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);
    close_range(0, STDERR_FILENO - 1, 0);
    if (low > STDERR_FILENO + 1)
        close_range(STDERR_FILENO + 1, low - 1, 0);
    if (high > low + 1)
        close_range(low + 1, high - 1, 0);
    close_range(high + 1, ~0u, 0);
}

static _Noreturn void child(struct snapshot_keeper *k, pid_t parent)
{
    close_others(k->writing.file, k->writing.archive_file); /* first: an end takes its time */
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* what it writes is of use to the parent alone */
    if (getppid() != parent)
        _exit(ECANCELED);
    setpriority(PRIO_PROCESS, 0, CHILD_NICE);
    _exit(snapshot_write(&k->writing, k->from->sites) & 0xff);
}

/* A reader that moves a floor's clock on may put something away: from the archive's length and
 * the time that the snapshot tells, up to the fork, none may. */
static void begin_child(struct snapshot_keeper *k, uint64_t sequence)
{
    pid_t parent = getpid(), pid = -1;
    sites_freeze(k->from->sites);
    bool begun = begin_writing(k, sequence);
    if (begun)
        pid = fork();
    int error = errno;
    sites_thaw(k->from->sites);
    if (!begun)
        return;
    if (pid == 0) {
        signal(SIGBUS, SIG_DFL); /* the server goes on without this snapshot */
        child(k, parent);
    }
    if (pid < 0)
        end_writing(k, error);
    else
        k->child = pid;
}

static int outcome_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* Looks for the child's end, or waits for it. One that is not there to be waited for has ended,
 * nobody knows how: its number may be another process's by now. */
static void look_for_end(struct snapshot_keeper *k, int options)
{
    pid_t pid;
    do
        pid = waitpid(k->child, &k->child_status, options);
    while (pid < 0 && errno == EINTR);
    if (pid < 0)
        k->child_status = SIGKILL; /* as waitpid tells a death by it: not whole */
    k->child_ended = pid != 0;
}

/* Has the child ended? One that takes too long is ended. */
static bool child_has_ended(struct snapshot_keeper *k)
{
    if (!k->child_ended)
        look_for_end(k, WNOHANG);
    if (!k->child_ended && steady_s() - k->begun_s > LIMIT_SNAPSHOT_S)
        kill(k->child, SIGKILL);
    return k->child_ended;
}

/* Ends a child, whose snapshot is dropped. */
static void drop_child(struct snapshot_keeper *k)
{
    uint64_t size;
    if (k->child == 0)
        return;
    if (!k->child_ended)
        look_for_end(k, WNOHANG);
    if (!k->child_ended) {
        kill(k->child, SIGKILL);
        look_for_end(k, 0);
    }
    k->child = 0;
    k->child_ended = false;
    snapshot_end(&k->source, &k->writing, false, &size);
}

/* --- when --- */

bool snapshot_keeper_due(void *data, uint64_t last_sequence)
{
    struct snapshot_keeper *k = data;
    uint64_t news = last_sequence - k->seen;
    uint64_t since = last_sequence - (k->made > k->tried ? k->made : k->tried);
    k->seen = last_sequence;
    if (k->child != 0)
        return child_has_ended(k);
    if (k->held || k->lost)
        return false;
    bool quiet = news < QUIET_EVENTS;
    uint64_t least = quiet ? k->events : k->events * BUSY_TIMES;
    uint64_t part = last_sequence / (quiet ? QUIET_PART : BUSY_PART);
    return since >= (least > part ? least : part);
}

bool snapshot_keeper_step(void *data, uint64_t last_sequence)
{
    struct snapshot_keeper *k = data;
    if (k->child == 0) {
        begin_child(k, last_sequence);
        return false;
    }
    k->child = 0;
    k->child_ended = false;
    end_writing(k, outcome_of(k->child_status));
    return false;
}

int snapshot_keeper_hold(void *data, struct problem *problem)
{
    struct snapshot_keeper *k = data;
    drop_child(k);
    int error = snapshot_discard(&k->source);
    if (error != 0)
        return problem_set(problem, PROBLEM_STORE, "The snapshot in %s cannot be deleted: %s.",
                           k->directory, strerror(error));
    k->made = k->tried = 0;
    k->held = true;
    return 0;
}

void snapshot_keeper_go_on(void *data)
{
    ((struct snapshot_keeper *)data)->held = false;
}

void snapshot_keeper_finish(struct snapshot_keeper *k, uint64_t last_sequence)
{
    if (k == NULL || k->held || k->lost)
        return;
    drop_child(k);
    if (last_sequence == k->made || !begin_writing(k, last_sequence))
        return;
    end_writing(k, snapshot_write(&k->writing, k->from->sites));
}

void snapshot_keeper_free(struct snapshot_keeper *k)
{
    if (k == NULL)
        return;
    drop_child(k);
    snapshot_keeper_confirm(k);
    free(k->directory);
    free(k);
}

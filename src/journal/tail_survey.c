/* What the tail's files and segments hold, after a start or for a reader in another process. */
#include "journal/segments.h"
#include "journal/tail_file.h"

#include "base/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where groups of a generation lie: the tail's file, or the segment beside it. */
struct source {
    int fd;
    uint64_t size, at;
    uint64_t segment; /* 0: the file */
    bool found;       /* a group lies at `at`, as follows */
    struct tail_group group;
    char *bytes; /* of that group */
    size_t cap;
};

struct survey {
    uint64_t expected; /* the sequence that the next group should begin with; 0: any */
    uint64_t from;     /* what is before it has been moved */
    struct tail_found *found;
    int error;
};

/* Room for a group's bytes. */
static int reserve(struct source *in, uint64_t length)
{
    if (length <= in->cap)
        return 0;
    free(in->bytes);
    in->bytes = malloc(length);
    in->cap = in->bytes == NULL ? 0 : length;
    return in->bytes == NULL ? ENOMEM : 0;
}

/* Is the group at `at` whole and of the generation? Its bytes are read then. */
static bool group_here(struct survey *s, struct source *in, uint64_t generation)
{
    char head[TAIL_HEAD_BYTES];
    if (in->at + TAIL_UNIT > in->size)
        return false;
    s->error = read_whole(in->fd, head, sizeof head, in->at);
    if (s->error != 0 || !tail_group_head(head, &in->group) || in->group.generation != generation ||
        in->group.length > in->size - in->at)
        return false;
    s->error = reserve(in, in->group.length);
    if (s->error == 0)
        s->error = read_whole(in->fd, in->bytes, in->group.length, in->at);
    return s->error == 0 && tail_group_sound(&in->group, in->bytes);
}

/* Goes to the next sound group that may follow what was found. Behind the last one of the
 * generation none may be found any more: what is found there was acknowledged, and so was what
 * is missing before it. */
static void find_next(struct survey *s, struct source *in, uint64_t generation)
{
    in->found = false;
    for (; in->at < in->size && s->error == 0; in->at += TAIL_UNIT)
        if (group_here(s, in, generation) && (s->expected == 0 || in->group.first >= s->expected)) {
            in->found = true;
            return;
        }
}

/* A place without length for what should lie between two groups and does not. */
static void note_damage(struct survey *s, struct tail_file *f, uint64_t next)
{
    uint64_t lost = s->expected > s->from ? s->expected : s->from;
    if (next <= lost)
        return; /* all of it has been moved */
    f->places[f->count++] = (struct tail_place){.key = lost};
    if (s->found->damaged == 0)
        s->found->damaged = lost;
}

/* Notes the group that a source has found. */
static void take_group(struct survey *s, struct tail_file *f, struct source *in,
                       uint64_t generation)
{
    if (tail_file_reserve(f, in->group.values + 1u) < 0) {
        s->error = ENOMEM;
        return;
    }
    if (s->expected == 0)
        s->expected = in->group.first < s->from ? in->group.first : s->from;
    if (in->group.first != s->expected)
        note_damage(s, f, in->group.first);
    uint64_t *end = in->segment == 0 ? &f->end : &f->segment_end;
    *end = in->at;
    tail_file_add(f, in->segment, &in->group, in->bytes, s->from);
    in->at = *end;
    s->expected = in->group.next;
    s->found->writing = generation;
}

/* The segment of a generation, if it has one. */
static int open_segment(const char *directory, uint64_t generation, struct source *out)
{
    struct stat file;
    char *path = segment_path(directory, generation);
    if (path == NULL)
        return ENOMEM;
    out->fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = out->fd < 0 || fstat(out->fd, &file) != 0 ? errno : 0;
    free(path);
    if (error == 0) {
        out->segment = generation;
        /* What is behind 4 GiB no program has written. */
        out->size = (uint64_t)file.st_size > UINT32_MAX ? UINT32_MAX : (uint64_t)file.st_size;
    }
    return error == ENOENT ? 0 : error;
}

/* Goes through a generation: groups follow one another, some here, some there. */
static void survey_generation(struct survey *s, struct tail_file *f, const char *directory,
                              uint64_t generation)
{
    struct source file = {.fd = f->read_fd, .size = f->size}, segment = {.fd = -1};
    tail_file_clear(f);
    s->error = open_segment(directory, generation, &segment);
    s->found->segments = s->found->segments || segment.fd >= 0;
    for (;;) {
        if (s->error == 0 && (!file.found || file.group.first < s->expected))
            find_next(s, &file, generation);
        if (s->error == 0 && (!segment.found || segment.group.first < s->expected))
            find_next(s, &segment, generation);
        if (s->error != 0 || (!file.found && !segment.found))
            break;
        bool here = file.found && (!segment.found || file.group.first < segment.group.first);
        struct source *in = here ? &file : &segment;
        take_group(s, f, in, generation);
        in->found = false;
    }
    if (segment.fd >= 0)
        close(segment.fd);
    free(file.bytes);
    free(segment.bytes);
}

int tail_survey(struct tail_file files[2], const char *directory, uint64_t generation,
                uint64_t next, struct tail_found *out, struct problem *problem)
{
    *out = (struct tail_found){.writing = generation};
    struct survey s = {.from = next, .found = out};
    /* Generation 0: there was never a tail. */
    for (uint64_t g = generation; generation != 0 && g <= generation + 1 && s.error == 0; g++)
        survey_generation(&s, &files[g % 2], directory, g);
    out->next = s.expected > next ? s.expected : next;
    if (s.error == 0)
        return 0;
    return problem_set(problem, PROBLEM_STORE, "The store's tail cannot be read: %s.",
                       strerror(s.error));
}

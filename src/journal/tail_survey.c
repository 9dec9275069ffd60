/* What the tail's files hold, after a start or for a reader in another process. */
#include "journal/tail_file.h"

#include <errno.h>
#include <stdlib.h>

struct survey {
    uint64_t expected; /* the sequence that the next group should begin with; 0: any */
    uint64_t from;     /* what is before it has been moved */
    char *buffer;      /* one group */
    size_t cap;
    struct tail_found *found;
    int error;
};

/* Reads the group at an offset into the buffer: true when it is whole and of the
 * generation. */
static bool group_at(struct survey *s, const struct tail_file *f, uint64_t offset,
                     uint64_t generation, struct tail_group *out)
{
    char head[TAIL_HEAD_BYTES];
    if (offset + TAIL_UNIT > f->size)
        return false;
    s->error = tail_file_read(f, offset, head, sizeof head);
    if (s->error != 0 || !tail_group_head(head, out) || out->generation != generation ||
        out->length > f->size - offset)
        return false;
    if (out->length > s->cap) {
        free(s->buffer);
        s->cap = out->length;
        s->buffer = malloc(s->cap);
        if (s->buffer == NULL) {
            s->cap = 0;
            s->error = ENOMEM;
            return false;
        }
    }
    s->error = tail_file_read(f, offset, s->buffer, out->length);
    return s->error == 0 && tail_group_sound(out, s->buffer);
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

/* Goes through one file. Groups follow one another; behind the last one, nothing of the
 * generation may be found any more: what is found there was acknowledged, and so was
 * what is missing before it. */
static void survey_file(struct survey *s, struct tail_file *f, uint64_t generation)
{
    struct tail_group group;
    tail_file_clear(f);
    for (uint64_t at = 0; at < f->size && s->error == 0;) {
        if (!group_at(s, f, at, generation, &group) ||
            (s->expected != 0 && group.first < s->expected)) {
            at += TAIL_UNIT;
            continue;
        }
        if (tail_file_reserve(f, group.values + 1u) < 0) {
            s->error = ENOMEM;
            return;
        }
        if (s->expected == 0)
            s->expected = group.first < s->from ? group.first : s->from;
        if (group.first != s->expected)
            note_damage(s, f, group.first);
        f->end = at;
        tail_file_add(f, &group, s->buffer, s->from);
        at = f->end;
        s->expected = group.next;
        s->found->writing = generation;
    }
}

int tail_survey(struct tail_file files[2], uint64_t generation, uint64_t next,
                struct tail_found *out, struct problem *problem)
{
    *out = (struct tail_found){.writing = generation};
    struct survey s = {.from = next, .found = out};
    for (uint64_t g = generation; g <= generation + 1 && s.error == 0; g++)
        survey_file(&s, &files[g % 2], g);
    free(s.buffer);
    out->next = s.expected > next ? s.expected : next;
    if (s.error == 0)
        return 0;
    return problem_set(problem, PROBLEM_STORE, "The store's tail cannot be read: %s.",
                       strerror(s.error));
}

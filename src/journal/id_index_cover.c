#include "journal/id_index_cover.h"
#include "journal/id_index_build.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file by its name. */
struct candidate {
    uint64_t first, last;
    bool used;
};

struct candidates {
    struct candidate *items;
    size_t count;
};

/* Reads a decimal number as we write it: no sign, no zeros before it. */
static const char *read_number(const char *text, uint64_t *out)
{
    char *end;
    if (!isdigit((unsigned char)*text) || *text == '0')
        return NULL;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 ? end : NULL;
}

static bool read_name(const char *name, struct candidate *out)
{
    *out = (struct candidate){0};
    const char *at = read_number(name, &out->first);
    if (at == NULL || *at != '-')
        return false;
    at = read_number(at + 1, &out->last);
    return at != NULL && strcmp(at, ".run") == 0;
}

/* By their beginning, the longest of each first. */
static int compare(const void *a, const void *b)
{
    const struct candidate *l = a, *r = b;
    if (l->first != r->first)
        return l->first < r->first ? -1 : 1;
    return l->last > r->last ? -1 : l->last < r->last;
}

/* On -1 (no memory) the rest is not seen: less is covered. */
static int list_add(struct candidates *list, const struct candidate *c)
{
    struct candidate *grown = realloc(list->items, (list->count + 1) * sizeof *grown);
    if (grown == NULL)
        return -1;
    list->items = grown;
    list->items[list->count++] = *c;
    return 0;
}

static void list_files(const char *directory, struct candidates *list)
{
    DIR *dir = opendir(directory);
    struct candidate c;
    if (dir == NULL)
        return;
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        if (read_name(entry->d_name, &c) && list_add(list, &c) < 0)
            break;
    closedir(dir);
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, compare);
}

static void say_dropped(const struct id_index_options *o, const struct candidate *c,
                        const char *why)
{
    char line[PATH_MAX + 200], path[PATH_MAX];
    if (id_build_path(o->directory, c->first, c->last, path, sizeof path) < 0)
        return;
    snprintf(line, sizeof line,
             "%s of the index of ids is dropped: %s; the ids are read from the journal again", path,
             why);
    o->say(o->data, line);
}

static struct id_run *open_one(const struct id_index_options *o, const struct candidate *c,
                               const struct id_run *before)
{
    char path[PATH_MAX];
    struct id_run *run = NULL;
    const char *why = "its name is too long";
    if (id_build_path(o->directory, c->first, c->last, path, sizeof path) < 0 ||
        id_run_open(path, &run, &why) < 0) {
        say_dropped(o, c, why);
        return NULL;
    }
    if (run->head.first == c->first && run->head.last == c->last &&
        (before == NULL || before->head.seed == run->head.seed))
        return run;
    say_dropped(o, c, "it was another file's");
    id_run_close(run);
    return NULL;
}

/* The row of runs without a gap. */
static size_t open_row(const struct id_index_options *o, struct candidates *list,
                       struct id_run **runs, size_t most)
{
    size_t count = 0;
    uint64_t next = 1;
    for (size_t i = 0; i < list->count && count < most; i++) {
        struct candidate *c = &list->items[i];
        if (c->first != next || c->last < c->first)
            continue;
        struct id_run *run = open_one(o, c, count > 0 ? runs[count - 1] : NULL);
        if (run == NULL)
            continue; /* perhaps the parts that it was made of are still there */
        c->used = true;
        runs[count++] = run;
        next = c->last + 1;
    }
    return count;
}

/* Closes the runs at the end that are not of this journal: it is a copy from before
 * them, perhaps with other records since, or with some that had been removed when they
 * were made. */
static size_t drop_foreign(const struct id_index_options *o, struct id_run **runs, size_t count)
{
    size_t kept = 0;
    while (kept < count && runs[kept]->head.removed_to <= o->removed_to)
        kept++;
    while (kept > 0 && o->mark(o->data, runs[kept - 1]->head.last) != runs[kept - 1]->head.mark)
        kept--;
    for (size_t i = kept; i < count; i++) {
        const struct candidate c = {.first = runs[i]->head.first, .last = runs[i]->head.last};
        say_dropped(o, &c, "it is not of this state of the journal");
        unlink(runs[i]->path);
        id_run_close(runs[i]);
    }
    return kept;
}

static void delete_rest(const struct id_index_options *o, const struct candidates *list,
                        uint64_t covered)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < list->count; i++) {
        const struct candidate *c = &list->items[i];
        if (c->used)
            continue;
        /* What lies in a longer run was merged into it. */
        if (c->last > covered && c->first > covered + 1)
            say_dropped(o, c, "what comes before it is missing");
        if (id_build_path(o->directory, c->first, c->last, path, sizeof path) == 0)
            unlink(path);
    }
    if (snprintf(path, sizeof path, "%s/%s", o->directory, ID_BUILD_UNFINISHED) < (int)sizeof path)
        unlink(path);
}

size_t id_cover_open(const struct id_index_options *options, struct id_run **runs, size_t most)
{
    struct candidates list = {0};
    list_files(options->directory, &list);
    size_t count = open_row(options, &list, runs, most);
    delete_rest(options, &list, count > 0 ? runs[count - 1]->head.last : 0);
    free(list.items);
    return drop_foreign(options, runs, count);
}

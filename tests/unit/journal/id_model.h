/* A made journal of ids for the tests of their index: which number's id each sequence
 * has. It stands in for the journal's records, and is what the index must agree with. */
#ifndef LIVEFLOOR_TESTS_ID_MODEL_H
#define LIVEFLOOR_TESTS_ID_MODEL_H

#include "journal/id_index.h"
#include "support/check.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODEL_IDS 60000u
#define MODEL_SEQUENCES 1000000u
#define MODEL_SITE 5

struct model {
    uint64_t sequence_of[MODEL_IDS];     /* by number; 0: not there */
    uint32_t number_at[MODEL_SEQUENCES]; /* by sequence: number + 1; 0: no record */
    uint64_t epoch[MODEL_SEQUENCES];     /* which history wrote the record */
    uint64_t last;                       /* the highest sequence given */
    unsigned numbers;                    /* of ids that are asked for: the first ones */
    int64_t removed_to;                  /* grows before records are removed */
    uint64_t history;                    /* changes when a copy of the journal goes on */
    unsigned said;                       /* lines for the log */
    char line[512];                      /* the last of them */
    char directory[64];
};

static inline struct span model_id(unsigned number, char *out)
{
    return (struct span){out, (size_t)snprintf(out, 16, "%u", number)};
}

static inline bool model_verify(void *data, uint64_t sequence, int64_t site_id, struct span id)
{
    const struct model *m = data;
    char text[16];
    assert_true(sequence < MODEL_SEQUENCES);
    if (site_id != MODEL_SITE || m->number_at[sequence] == 0)
        return false;
    return span_equal(model_id(m->number_at[sequence] - 1, text), id);
}

static inline uint64_t model_mark(void *data, uint64_t sequence)
{
    const struct model *m = data;
    if (sequence >= MODEL_SEQUENCES || m->number_at[sequence] == 0)
        return 0;
    return m->number_at[sequence] * UINT64_C(1000003) + m->epoch[sequence] + 1;
}

static inline void model_say(void *data, const char *text)
{
    struct model *m = data;
    m->said++;
    snprintf(m->line, sizeof m->line, "%s", text);
}

static inline struct model *model_new(void)
{
    struct model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->numbers = MODEL_IDS;
    snprintf(m->directory, sizeof m->directory, "/tmp/livefloor-ids-XXXXXX");
    assert_non_null(mkdtemp(m->directory));
    return m;
}

/* Calls visit for each file of the index; returns how many there are. */
static inline unsigned model_files(struct model *m, void (*visit)(const char *path, void *data),
                                   void *data)
{
    unsigned count = 0;
    char path[512];
    DIR *dir = opendir(m->directory);
    if (dir == NULL)
        return 0;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_name[0] == '.')
            continue;
        count++;
        snprintf(path, sizeof path, "%s/%s", m->directory, e->d_name);
        if (visit != NULL)
            visit(path, data);
    }
    closedir(dir);
    return count;
}

static inline void model_delete_file(const char *path, void *data)
{
    (void)data;
    assert_int_equal(unlink(path), 0);
}

static inline void model_free(struct model *m)
{
    model_files(m, model_delete_file, NULL);
    assert_int_equal(rmdir(m->directory), 0);
    free(m);
}

static inline struct id_index *model_open(struct model *m, uint64_t table_ids)
{
    const struct id_index_options options = {.directory = m->directory,
                                             .verify = model_verify,
                                             .mark = model_mark,
                                             .say = model_say,
                                             .data = m,
                                             .removed_to = m->removed_to,
                                             .table_ids = table_ids,
                                             .ribbon_ids = 1000};
    struct id_index *x = NULL;
    struct problem problem = {0};
    assert_int_equal(id_index_open(&options, &x, &problem), 0);
    return x;
}

/* What a start does: adds all that is not covered. */
static inline void model_refill(struct model *m, struct id_index *x)
{
    char text[16];
    assert_true(id_index_covered(x) <= m->last);
    for (uint64_t s = id_index_covered(x) + 1; s <= m->last; s++) {
        if (m->number_at[s] == 0)
            continue;
        assert_int_equal(id_index_add(x, MODEL_SITE, model_id(m->number_at[s] - 1, text), s), 0);
        id_index_committed(x, s);
    }
}

/* Writes down a record. */
static inline void model_record(struct model *m, unsigned number, uint64_t sequence)
{
    m->sequence_of[number] = sequence;
    m->number_at[sequence] = number + 1;
    m->epoch[sequence] = m->history;
    if (sequence > m->last)
        m->last = sequence;
}

/* Adds an id as the writer does, in a group of its own. */
static inline void model_add(struct model *m, struct id_index *x, unsigned number)
{
    char text[16];
    uint64_t sequence = m->last + 1;
    model_record(m, number, sequence);
    assert_int_equal(id_index_add(x, MODEL_SITE, model_id(number, text), sequence), 0);
    id_index_committed(x, sequence);
}

static inline void model_forget(struct model *m, unsigned number)
{
    m->number_at[m->sequence_of[number]] = 0;
    m->sequence_of[number] = 0;
}

/* The index says of every id what the model does, one by one and all at once. */
static inline void model_agrees(struct model *m, struct id_index *x)
{
    enum { AT_ONCE = 1000 };
    static char texts[AT_ONCE][16];
    static struct id_query queries[AT_ONCE];
    static uint64_t found[AT_ONCE];
    for (unsigned from = 0; from < m->numbers; from += AT_ONCE) {
        for (unsigned i = 0; i < AT_ONCE; i++) {
            struct span id = model_id(from + i, texts[i]);
            queries[i] = (struct id_query){id_index_hash(x, MODEL_SITE, id), MODEL_SITE, id};
        }
        id_index_find_all(x, queries, AT_ONCE, found);
        for (unsigned i = 0; i < AT_ONCE; i++)
            assert_int_equal(found[i], m->sequence_of[from + i]);
        assert_int_equal(id_index_find(x, MODEL_SITE, queries[0].id), m->sequence_of[from]);
    }
}

#endif

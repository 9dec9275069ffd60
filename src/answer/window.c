#include "answer/window.h"

#include "base/memory.h"
#include "floor/agent.h"

#include <stdlib.h>

uint32_t question_department(const struct floor *f, const struct question *q)
{
    return guid_map_find(&f->department_ids, &q->department);
}

bool agent_is_member(const struct agent *a, uint32_t department, int64_t t)
{
    const struct agent_version *v = agent_version_at(a, t);
    if (v == NULL || v->deleted)
        return false;
    for (uint32_t i = 0; i < v->department_count; i++)
        if (v->departments[i] == department)
            return true;
    return false;
}

int64_t mean_half_even(int64_t num, int64_t den)
{
    if (den == 0)
        return 0;
    int64_t whole = num / den, rest = num % den;
    if (rest * 2 > den || (rest * 2 == den && whole % 2 != 0))
        whole++;
    return whole;
}

void numbers_add(struct numbers *n, uint32_t number)
{
    n->items = memory_grow(n->items, &n->cap, n->count + 1, sizeof *n->items);
    n->items[n->count++] = number;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

size_t numbers_unique(struct numbers *n)
{
    size_t kept = 0;
    if (n->count > 1)
        qsort(n->items, n->count, sizeof *n->items, by_number);
    for (size_t i = 0; i < n->count; i++)
        if (kept == 0 || n->items[kept - 1] != n->items[i])
            n->items[kept++] = n->items[i];
    return n->count = kept;
}

void numbers_clear(struct numbers *n)
{
    memory_free(n->items);
    *n = (struct numbers){0};
}

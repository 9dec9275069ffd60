#include "timeline/link_stack.h"

#include "base/memory.h"
#include "timeline/byte_lanes.h"
#include "timeline/link_run_form.h"

#include <string.h>

static uint32_t edges_of(const struct link_stack *s)
{
    return s->n / LINK_STACK_EDGE + 1;
}

void link_stack_push(struct link_stack *s, struct link_run *r)
{
    uint32_t at = s->count++;
    s->run[at] = r;
    s->to_first[at] = r->to.first;
    s->to_last[at] = r->to.last;
    s->begin[at + 1] = s->begin[at] + r->n;
    s->n += r->n;
}

struct link_stack *link_stack_of(struct link_run *r)
{
    struct link_stack *s = memory_zeroed(1, sizeof *s);
    s->from = r->from;
    r->from = (struct series){0};
    link_stack_push(s, r);
    return s;
}

void link_stack_free(struct link_stack *s)
{
    if (s == NULL)
        return;
    for (uint32_t i = 0; i < s->count; i++)
        link_run_free(s->run[i]);
    series_clear(&s->from);
    memory_free(s->tag);
    memory_free(s->counts);
    memory_free(s);
}

size_t link_stack_tag_bytes(uint32_t n)
{
    return n / 2 + 1;
}

void link_stack_make_tags(struct link_stack *s)
{
    s->tag = memory_zeroed(link_stack_tag_bytes(s->n), 1);
    s->counts = memory_get((size_t)edges_of(s) * s->count * sizeof *s->counts);
}

void link_stack_count_tags(struct link_stack *s, uint32_t edge, uint32_t count,
                           uint32_t seen[LINK_STACK_RUNS])
{
    uint32_t at = edge * LINK_STACK_EDGE, end = s->n - at < count ? s->n : at + count;
    for (;; at++) {
        if (at % LINK_STACK_EDGE == 0) {
            uint32_t *counts = s->counts + (size_t)(at / LINK_STACK_EDGE) * s->count, before = 0;
            for (uint32_t i = 0; i < s->count; before += seen[i++])
                counts[i] = before;
        }
        if (at == end)
            return;
        seen[nibble_get(s->tag, at)]++;
    }
}

/* The edge that is nearest to a place. */
static uint32_t nearest_edge(const struct link_stack *s, uint32_t place)
{
    uint32_t edge = (place + LINK_STACK_EDGE / 2) / LINK_STACK_EDGE;
    return edge < edges_of(s) ? edge : edges_of(s) - 1;
}

void link_stack_prefetch(const struct link_stack *s, uint32_t run, uint32_t first)
{
    if (s->tag == NULL)
        return;
    uint32_t edge = nearest_edge(s, first), at = edge * LINK_STACK_EDGE;
    uint32_t begin = at < first ? at : first, end = at < first ? first : at;
    __builtin_prefetch(s->counts + (size_t)edge * s->count + run);
    for (uint32_t i = begin / 2; i < end / 2 + 1; i += 64)
        __builtin_prefetch(s->tag + i);
}

void link_stack_split(const struct link_stack *s, uint32_t run, uint32_t first, uint32_t *before,
                      uint32_t *same)
{
    *before = 0;
    *same = first;
    if (s->tag == NULL)
        return;
    uint32_t edge = nearest_edge(s, first), at = edge * LINK_STACK_EDGE;
    bool behind = at < first;
    uint32_t count = behind ? first - at : at - first, not_less, more;
    nibbles_count(s->tag, behind ? at : first, count, run, &not_less, &more);
    const uint32_t *counts = s->counts + (size_t)edge * s->count;
    uint32_t less = count - not_less, equal = not_less - more;
    uint32_t same_at = (run + 1 < s->count ? counts[run + 1] : at) - counts[run];
    *before = behind ? counts[run] + less : counts[run] - less;
    *same = behind ? same_at + equal : same_at - equal;
}

void link_stack_unpack(const struct link_stack *s, struct link *out)
{
    int64_t *all = memory_get(s->n * sizeof *all), *from = memory_get(s->n * sizeof *from);
    uint32_t at[LINK_STACK_RUNS];
    series_read(&s->from, all);
    memcpy(at, s->begin, sizeof at);
    for (uint32_t i = 0; i < s->n; i++)
        from[at[s->tag == NULL ? 0 : nibble_get(s->tag, i)]++] = all[i];
    for (uint32_t i = 0; i < s->count; i++)
        link_run_unpack_with(s->run[i], from + s->begin[i], out + s->begin[i]);
    memory_free(all);
    memory_free(from);
}

size_t link_stack_shell_bytes(const struct link_stack *s)
{
    size_t tags = link_stack_tag_bytes(s->n) + (size_t)edges_of(s) * s->count * sizeof *s->counts;
    return sizeof *s + series_bytes(&s->from) + (s->tag == NULL ? 0 : tags);
}

size_t link_stack_bytes(const struct link_stack *s)
{
    size_t bytes = link_stack_shell_bytes(s);
    for (uint32_t i = 0; i < s->count; i++)
        bytes += link_run_bytes(s->run[i]);
    return bytes;
}

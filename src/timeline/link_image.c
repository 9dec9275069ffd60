/* A link set's image: of each side the fresh links and the runs, in their order. */
#include "base/image.h"
#include "base/memory.h"
#include "timeline/images.h"
#include "timeline/link_run_form.h"
#include "timeline/link_set_form.h"

/* What is of one size in every run. */
struct run_head {
    uint32_t n;
    uint32_t planes;
    uint64_t value_base, value_unit, value_total;
};

static bool run_can_be(const struct run_head *head)
{
    return head->n >= 1 && head->n <= LINK_RUN_MAX && head->planes <= 64;
}

/* Saves a run, or returns the loaded one; NULL when that failed. In a stack it has no from. */
static struct link_run *run_image(struct link_run *r, bool in_stack, struct image *io)
{
    bool loads = image_loads(io);
    struct run_head head = {0};
    if (!loads)
        head = (struct run_head){r->n, r->planes, r->value_base, r->value_unit, r->value_total};
    image_bytes(io, &head, sizeof head);
    if (loads) {
        if (image_failed(io) || !run_can_be(&head)) {
            image_refuse(io);
            return NULL;
        }
        r = memory_zeroed(1, sizeof *r);
        r->n = head.n;
        r->planes = head.planes;
        r->value_base = head.value_base;
        r->value_unit = head.value_unit;
        r->value_total = head.value_total;
    }
    if (!in_stack)
        series_image(&r->from, io);
    series_image(&r->to, io);
    if (r->from.n != (in_stack ? 0 : r->n) || r->to.n != r->n)
        image_refuse(io);
    r->high = image_array(io, r->high, 2, link_run_row(r->n));
    r->counts = image_array(io, r->counts, link_run_counts(r->n), sizeof *r->counts);
    if (r->planes > 0) {
        r->numbers = image_array(io, r->numbers, 2 * link_run_words(r), sizeof *r->numbers);
        r->sums = image_array(io, r->sums, link_run_sums(r->n), sizeof *r->sums);
    }
    if (loads && !image_failed(io) && !link_run_rows_are_good(r))
        image_refuse(io);
    return r;
}

/* Counts the tags that were loaded; refuses those that are not of the runs. */
static void tags_take(struct link_stack *s, struct image *io)
{
    uint32_t seen[LINK_STACK_RUNS] = {0};
    for (uint32_t i = 0; i < s->n; i++)
        if (nibble_get(s->tag, i) >= s->count) {
            image_refuse(io);
            return;
        }
    for (uint32_t at = 0; at < s->n; at += LINK_STACK_EDGE)
        link_stack_count_tags(s, at / LINK_STACK_EDGE, LINK_STACK_EDGE, seen);
    for (uint32_t i = 0; i < s->count; i++)
        if (seen[i] != s->begin[i + 1] - s->begin[i])
            image_refuse(io);
}

/* Saves a stack, or returns the loaded one; NULL when that failed. */
static struct link_stack *stack_image(struct link_stack *s, struct image *io)
{
    bool loads = image_loads(io);
    uint32_t count = loads ? 0 : s->count;
    image_bytes(io, &count, sizeof count);
    if (count == 0 || count > LINK_STACK_RUNS)
        image_refuse(io);
    if (image_failed(io))
        return NULL;
    if (loads)
        s = memory_zeroed(1, sizeof *s);
    for (uint32_t i = 0; i < count; i++) {
        struct link_run *run = run_image(loads ? NULL : s->run[i], true, io);
        if (loads && run != NULL)
            link_stack_push(s, run);
    }
    series_image(&s->from, io);
    if (loads && (image_failed(io) || s->count != count || s->from.n != s->n))
        image_refuse(io);
    if (loads && count > 1 && !image_failed(io))
        link_stack_make_tags(s);
    if (count > 1 && !image_failed(io)) {
        image_bytes(io, s->tag, link_stack_tag_bytes(s->n));
        if (loads)
            tags_take(s, io);
    }
    if (loads && image_failed(io)) {
        link_stack_free(s);
        return NULL;
    }
    return s;
}

static void side_image(struct link_side *side, struct image *io)
{
    bool loads = image_loads(io);
    uint64_t count[4] = {0};
    if (!loads) {
        count[0] = side->fresh_count;
        count[1] = side->run_count;
        count[2] = side->total;
        count[3] = side->stack_count;
    }
    image_bytes(io, count, sizeof count);
    if (loads) {
        if (count[0] > LINK_FRESH_MAX || count[1] > count[2] || count[2] > UINT32_MAX ||
            count[3] > count[2]) {
            image_refuse(io);
            return;
        }
        side->fresh_count = side->fresh_cap = (size_t)count[0];
        side->total = (size_t)count[2];
        side->run_cap = (size_t)count[1];
        side->run = count[1] == 0 ? NULL : memory_get(side->run_cap * sizeof(struct link_run *));
        side->stack_cap = (size_t)count[3];
        side->stack = count[3] == 0 ? NULL : memory_get(side->stack_cap * sizeof *side->stack);
    }
    side->fresh = image_array(io, side->fresh, side->fresh_count, sizeof *side->fresh);
    uint64_t total = side->fresh_count;
    for (size_t i = 0; i < count[3]; i++) {
        struct link_stack *stack = stack_image(loads ? NULL : side->stack[i], io);
        if (stack == NULL)
            return;
        if (loads)
            side->stack[side->stack_count++] = stack;
        total += stack->n;
    }
    for (size_t i = 0; i < count[1]; i++) {
        struct link_run *run = run_image(loads ? NULL : side->run[i], false, io);
        if (run == NULL)
            return;
        if (loads)
            side->run[side->run_count++] = run;
        total += run->n;
    }
    if (loads && total != side->total)
        image_refuse(io);
}

struct link_set *link_set_image(struct link_set *s, struct image *io)
{
    enum { ABSENT, PLAIN, WITH_VALUES };
    bool loads = image_loads(io);
    uint8_t kind = ABSENT;
    if (!loads && s != NULL)
        kind = s->with_values ? WITH_VALUES : PLAIN;
    image_bytes(io, &kind, sizeof kind);
    if (kind > WITH_VALUES)
        image_refuse(io);
    if (kind == ABSENT || kind > WITH_VALUES)
        return NULL;
    if (loads)
        s = link_set_new(kind == WITH_VALUES);
    side_image(&s->plus, io);
    side_image(&s->minus, io);
    if (loads && image_failed(io)) {
        link_set_free(s);
        s = NULL;
    }
    return s;
}

#include "base/limits.h"
#include "cli/import.h"
#include "event/json_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define REPORTED 20u

static int64_t whole(const struct json_node *n)
{
    char digits[24] = {0};
    memcpy(digits, n->raw.data, n->raw.len < sizeof digits ? n->raw.len : sizeof digits - 1);
    return strtoll(digits, NULL, 10);
}

void import_report(const struct line_origin *origin, struct span message,
                   struct import_totals *totals)
{
    totals->refused++;
    if (totals->refused <= REPORTED)
        fprintf(stderr, "%s%s:%llu: %.*s\n", isatty(STDERR_FILENO) ? "\r\033[K" : "", origin->file,
                (unsigned long long)origin->number, (int)message.len, message.data);
    else if (totals->refused == REPORTED + 1)
        fputs("…further refusals are only counted\n", stderr);
}

static void read_refusal(const struct batch *b, const struct json_node *nodes,
                         const struct json_node *object, struct import_totals *totals)
{
    size_t index = 0;
    struct span message = {"refused", 7};
    for (const struct json_node *n = object + 1; n < nodes + object->end; n = nodes + n->end) {
        if (span_equal(n->key, SPAN("index")))
            index = (size_t)whole(n);
        else if (span_equal(n->key, SPAN("message")))
            message = n->text;
    }
    if (index < b->count)
        import_report(&b->origins[index], message, totals);
}

bool import_read_answer(const struct batch *b, struct import_totals *totals)
{
    struct buffer text = {0};
    struct json_node *nodes;
    enum json_kind kind;
    bool good = false;
    struct json_reader *r = json_reader_new();
    buffer_append_span(&text, buffer_span(&b->answer));
    char *padding = buffer_reserve(&text, JSON_READER_PADDING);
    if (padding != NULL)
        memset(padding, 0, JSON_READER_PADDING);
    if (r != NULL && padding != NULL &&
        json_reader_open(r, buffer_span(&text), text.len, LIMIT_JSON_DEPTH, &kind) == JSON_OK &&
        kind == JSON_OBJECT && json_reader_next(r, &nodes) == JSON_OK) {
        for (const struct json_node *n = nodes + 1; n < nodes + nodes->end; n = nodes + n->end) {
            if (span_equal(n->key, SPAN("accepted"))) {
                totals->accepted += (uint64_t)whole(n);
                good = true;
            } else if (span_equal(n->key, SPAN("duplicates"))) {
                totals->duplicates += (uint64_t)whole(n);
            } else if (span_equal(n->key, SPAN("rejected")) && n->kind == JSON_ARRAY) {
                for (const struct json_node *e = n + 1; e < nodes + n->end; e = nodes + e->end)
                    read_refusal(b, nodes, e, totals);
            }
        }
    }
    json_reader_free(r);
    buffer_free(&text);
    return good;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void import_progress(const struct import_totals *totals, uint64_t done, uint64_t total, bool last)
{
    static double began, shown;
    double now = seconds();
    if (began == 0)
        began = now;
    uint64_t events = totals->accepted + totals->duplicates + totals->refused;
    double rate = now > began ? (double)events / (now - began) : 0;
    if (last) {
        fprintf(stderr, "%s%llu accepted, %llu duplicates, %llu refused in %.1f s (%.0f/s)\n",
                isatty(STDERR_FILENO) ? "\r\033[K" : "", (unsigned long long)totals->accepted,
                (unsigned long long)totals->duplicates, (unsigned long long)totals->refused,
                now - began, rate);
        return;
    }
    if (!isatty(STDERR_FILENO) || now - shown < 0.1)
        return;
    shown = now;
    if (total == 0 || done == 0) {
        fprintf(stderr, "\r\033[K%llu events, %.0f/s", (unsigned long long)events, rate);
        return;
    }
    char bar[31];
    double share = done < total ? (double)done / (double)total : 1;
    for (int i = 0; i < 30; i++)
        bar[i] = i < (int)(share * 30) ? '#' : '.';
    bar[30] = '\0';
    double left = (now - began) * (1 - share) / share;
    fprintf(stderr, "\r\033[K[%s] %3.0f %%  %llu events, %.0f/s, %.0f s left", bar, share * 100,
            (unsigned long long)events, rate, left);
}

#include "http/kept.h"

void kept_put(struct kept *k, struct span head, struct span answer, const struct kept_answer *about)
{
    struct kept_answer *a = &k->answers[about->hash % KEPT_ANSWERS];
    struct buffer bytes = a->bytes;
    buffer_reset(&bytes);
    *a = *about;
    a->head_len = head.len;
    if (head.len + answer.len <= KEPT_BYTES) {
        buffer_append_span(&bytes, head);
        buffer_append_span(&bytes, answer);
    }
    if (bytes.failed)
        buffer_reset(&bytes);
    a->bytes = bytes;
}

const struct kept_answer *kept_find(const struct kept *k, struct span head, uint64_t hash,
                                    int64_t date_s)
{
    const struct kept_answer *a = &k->answers[hash % KEPT_ANSWERS];
    if (a->bytes.len == 0 || a->hash != hash || a->date_s != date_s ||
        !span_equal(head, (struct span){a->bytes.data, a->head_len}))
        return NULL;
    return a;
}

struct span kept_bytes(const struct kept_answer *a)
{
    return (struct span){a->bytes.data + a->head_len, a->bytes.len - a->head_len};
}

void kept_free(struct kept *k)
{
    for (size_t i = 0; i < KEPT_ANSWERS; i++)
        buffer_free(&k->answers[i].bytes);
}

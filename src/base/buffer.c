#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAP 256u

char *buffer_reserve(struct buffer *b, size_t more)
{
    if (b->failed)
        return NULL;
    if (b->data == NULL || more > b->cap - b->len) {
        if (more > SIZE_MAX / 2 - b->len) {
            b->failed = true;
            return NULL;
        }
        size_t cap = b->cap < FIRST_CAP ? FIRST_CAP : b->cap;
        while (cap < b->len + more)
            cap += cap / 2;
        char *data = realloc(b->data, cap);
        if (data == NULL) {
            b->failed = true;
            return NULL;
        }
        b->data = data;
        b->cap = cap;
    }
    return b->data + b->len;
}

void buffer_append(struct buffer *b, const void *data, size_t len)
{
    if (len == 0)
        return;
    char *at = buffer_reserve(b, len);
    if (at == NULL)
        return;
    memcpy(at, data, len);
    b->len += len;
}

void buffer_append_span(struct buffer *b, struct span s)
{
    buffer_append(b, s.data, s.len);
}

void buffer_append_text(struct buffer *b, const char *terminated)
{
    buffer_append(b, terminated, strlen(terminated));
}

void buffer_append_char(struct buffer *b, char c)
{
    buffer_append(b, &c, 1);
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    /* One byte more than the text: vsnprintf writes its terminator there. */
    char *at = len < 0 ? NULL : buffer_reserve(b, (size_t)len + 1);
    if (len < 0)
        b->failed = true;
    if (at != NULL) {
        vsnprintf(at, (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
}

/* By hand: formatting by printf took a tenth of a small request (docs/benchmarks.md). */
void buffer_append_number(struct buffer *b, uint64_t value)
{
    char digits[24];
    char *at = digits_before(digits + sizeof digits, value);
    buffer_append(b, at, (size_t)(digits + sizeof digits - at));
}

void buffer_reset(struct buffer *b)
{
    b->len = 0;
    b->failed = false;
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}

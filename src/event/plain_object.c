/* The text's last byte is known to be '}' and stands guard: no step below passes it
 * without looking, and every one begins at or before it. */
#include "event/plain_object.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A text being read. */
struct plain {
    const char *at, *last; /* last: the closing brace */
    struct json_node *nodes;
    uint32_t count;
};

/* The first byte from `at` on that is no plain character of a string: its closing
 * quote, an escape, a control character or no ASCII. `last` when there is none before. */
static inline const char *string_end(const char *at, const char *last)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\');
    const __m128i blank = _mm_set1_epi8(' ');
    for (; at < last; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* As signed numbers, what is no ASCII is below a blank too. */
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, escape));
        found = _mm_or_si128(found, _mm_cmplt_epi8(bytes, blank));
        int mask = _mm_movemask_epi8(found);
        if (mask != 0) {
            at += __builtin_ctz((unsigned)mask);
            break;
        }
    }
    return at < last ? at : last;
#else
    while (at < last && *at != '"' && *at != '\\' && *at >= ' ' && (*at & 0x80) == 0)
        at++;
    return at;
#endif
}

static inline void skip_spaces(struct plain *p)
{
    while (*p->at == ' ')
        p->at++;
}

/* A string's bytes between its quotes; false when it is not plain. */
static inline bool read_string(struct plain *p, struct span *out)
{
    if (*p->at != '"')
        return false;
    const char *from = p->at + 1, *end = string_end(from, p->last);
    if (*end != '"')
        return false;
    *out = (struct span){from, (size_t)(end - from)};
    p->at = end + 1;
    return true;
}

static bool read_digits(struct plain *p)
{
    const char *from = p->at;
    while (*p->at >= '0' && *p->at <= '9')
        p->at++;
    return p->at > from;
}

/* A number of RFC 8259. */
static bool read_number(struct plain *p)
{
    if (*p->at == '-')
        p->at++;
    if (*p->at == '0')
        p->at++;
    else if (!read_digits(p))
        return false;
    if (*p->at == '.') {
        p->at++;
        if (!read_digits(p))
            return false;
    }
    if (*p->at != 'e' && *p->at != 'E')
        return true;
    p->at++;
    if (*p->at == '+' || *p->at == '-')
        p->at++;
    return read_digits(p);
}

static bool read_word(struct plain *p, const char *word, size_t len)
{
    if (memcmp(p->at, word, len) != 0)
        return false;
    p->at += len;
    return true;
}

/* The next node, at p->at; NULL when there are too many. */
static inline struct json_node *next_node(struct plain *p, const char *from, struct span key)
{
    if (p->count == PLAIN_NODES)
        return NULL;
    struct json_node *n = &p->nodes[p->count++];
    *n = (struct json_node){.end = p->count, .key = key, .raw = {p->at, 0}, .from = from};
    return n;
}

static inline bool read_scalar(struct plain *p, struct json_node *n)
{
    bool fine;
    switch (*p->at) {
    case '"':
        n->kind = JSON_STRING;
        fine = read_string(p, &n->text);
        break;
    case 't':
        n->kind = JSON_TRUE;
        fine = read_word(p, "true", 4);
        break;
    case 'f':
        n->kind = JSON_FALSE;
        fine = read_word(p, "false", 5);
        break;
    case 'n':
        n->kind = JSON_NULL;
        fine = read_word(p, "null", 4);
        break;
    default:
        n->kind = JSON_NUMBER;
        fine = read_number(p);
        break;
    }
    n->raw.len = (size_t)(p->at - n->raw.data);
    return fine;
}

/* An array of scalars. */
static bool read_array(struct plain *p, struct json_node *array)
{
    array->kind = JSON_ARRAY;
    p->at++;
    skip_spaces(p);
    while (*p->at != ']') {
        struct json_node *n = next_node(p, p->at, (struct span){NULL, 0});
        if (n == NULL || !read_scalar(p, n))
            return false;
        skip_spaces(p);
        if (*p->at == ',') {
            p->at++;
            skip_spaces(p);
            if (*p->at == ']')
                return false;
        } else if (*p->at != ']') {
            return false;
        }
    }
    p->at++;
    array->end = p->count;
    array->raw.len = (size_t)(p->at - array->raw.data);
    return true;
}

static inline bool read_member(struct plain *p)
{
    const char *from = p->at;
    struct span key;
    if (!read_string(p, &key))
        return false;
    skip_spaces(p);
    if (*p->at != ':')
        return false;
    p->at++;
    skip_spaces(p);
    struct json_node *n = next_node(p, from, key);
    return n != NULL && (*p->at == '[' ? read_array(p, n) : read_scalar(p, n));
}

uint32_t plain_object_read(struct span text, struct json_node nodes[PLAIN_NODES])
{
    if (text.len < 2 || text.data[0] != '{' || text.data[text.len - 1] != '}')
        return 0;
    struct plain p = {text.data, text.data + text.len - 1, nodes, 0};
    next_node(&p, text.data, (struct span){NULL, 0});
    p.at++;
    skip_spaces(&p);
    while (p.at < p.last) {
        if (!read_member(&p))
            return 0;
        skip_spaces(&p);
        if (*p.at != ',')
            break;
        p.at++;
        skip_spaces(&p);
        if (*p.at == '}')
            return 0;
    }
    if (p.at != p.last)
        return 0;
    nodes[0].kind = JSON_OBJECT;
    nodes[0].end = p.count;
    nodes[0].raw = text;
    return p.count;
}

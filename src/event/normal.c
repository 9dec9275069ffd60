/* The normal text of an event: what the journal keeps. */
#include "event/reading.h"

#include "base/instant.h"

/* Appends a string in quotes, escaped where JSON asks for it. */
static void append_string(struct buffer *b, struct span text)
{
    buffer_append_char(b, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '"' || c == '\\') {
            buffer_append_char(b, '\\');
            buffer_append_char(b, c);
        } else if ((unsigned char)c < 0x20) {
            buffer_printf(b, "\\u%04x", (unsigned)(unsigned char)c);
        } else {
            buffer_append_char(b, c);
        }
    }
    buffer_append_char(b, '"');
}

/* Appends a head member's value: as sent, or what stands in for it. */
static void append_head_value(struct buffer *b, const struct reading *r, enum key key)
{
    const struct event *e = r->event;
    char when[INSTANT_TEXT_BYTES];
    if (r->head[key] != NULL) {
        buffer_append_span(b, r->head[key]->raw);
        return;
    }
    switch (key) {
    case KEY_ID:
        append_string(b, e->id);
        break;
    case KEY_TYPE:
        append_string(b, event_type_name(e->type));
        break;
    case KEY_TIME:
        append_string(b, (struct span){when, instant_format(e->time_us, when)});
        break;
    default:
        buffer_printf(b, "%lld", (long long)e->site_id);
        break;
    }
}

/* Appends the head, each member with a comma after it: all of it, or what is
 * missing. */
static void append_head(struct buffer *b, const struct reading *r, bool all)
{
    static const char *const keys[KEY_FIRST_FIELD] = {
        [KEY_ID] = "\"id\":",
        [KEY_TYPE] = "\"type\":",
        [KEY_TIME] = "\"time\":",
        [KEY_SITE_ID] = "\"siteId\":",
    };
    for (enum key key = KEY_ID; key <= KEY_SITE_ID; key++) {
        if (r->head[key] != NULL && !all)
            continue;
        buffer_append_text(b, keys[key]);
        append_head_value(b, r, key);
        buffer_append_char(b, ',');
    }
}

/* The event put together anew: the head, then all other members as sent. */
static void append_rebuilt(struct buffer *b, const struct reading *r)
{
    buffer_append_char(b, '{');
    append_head(b, r, true);
    for (uint32_t i = r->fields_from; i < r->fields_end; i = r->nodes[i].end) {
        const struct json_node *n = &r->nodes[i];
        if (n->tag >= KEY_ID && n->tag <= KEY_SITE_ID)
            continue;
        buffer_append(b, n->from, (size_t)(n->raw.data + n->raw.len - n->from));
        buffer_append_char(b, ',');
    }
    if (!b->failed)
        b->data[b->len - 1] = '}'; /* over the last comma */
}

/* Line ends between members become blanks: inside a string they cannot be. */
static void make_one_line(char *text, size_t len)
{
    for (int i = 0; i < 2; i++) {
        char end = "\n\r"[i];
        char *at = text;
        while ((at = memchr(at, end, len - (size_t)(at - text))) != NULL)
            *at = ' ';
    }
}

/* Is the text as sent the normal text, and does it stay? */
static bool is_normal(const struct reading *r)
{
    if (r->context == NULL || !r->context->body_stays)
        return false;
    for (enum key key = KEY_ID; key <= KEY_SITE_ID; key++)
        if (r->head[key] == NULL)
            return false;
    struct span sent = r->nodes[0].raw;
    return r->plain ||
           (memchr(sent.data, '\r', sent.len) == NULL && memchr(sent.data, '\n', sent.len) == NULL);
}

int normal_text(struct reading *r, struct span *out)
{
    struct span sent = r->nodes[0].raw;
    bool rebuild = r->enveloped || r->head_null;
    struct buffer *b = r->scratch;
    if (!rebuild && is_normal(r)) {
        r->sent = r->kept = sent.data;
        *out = sent;
        return 0;
    }
    buffer_reset(b);
    if (rebuild)
        append_rebuilt(b, r);
    else
        append_head(b, r, false);
    size_t len = rebuild ? b->len : b->len + sent.len;
    char *text = b->failed ? NULL : arena_alloc(r->arena, len);
    if (text == NULL)
        return reading_no_memory(r);
    if (rebuild) {
        memcpy(text, b->data, len);
    } else {
        /* What was missing goes in after the opening brace; all else stays as
         * it was sent. */
        text[0] = '{';
        if (b->len > 0)
            memcpy(text + 1, b->data, b->len);
        memcpy(text + 1 + b->len, sent.data + 1, sent.len - 1);
        r->sent = sent.data + 1;
        r->kept = text + 1 + b->len;
    }
    make_one_line(text, len);
    *out = (struct span){text, len};
    return 0;
}

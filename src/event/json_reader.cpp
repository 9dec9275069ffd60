/* The project's one C++ file: simdjson's on-demand parser finds the tokens and
 * checks UTF-8; the walk below checks everything else that on-demand parsing
 * would only look at when asked for it. */
#include "event/json_reader.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <simdjson.h>

using namespace simdjson;

static_assert(JSON_READER_PADDING >= SIMDJSON_PADDING, "simdjson reads further than promised");

struct json_reader {
    ondemand::parser parser;
    ondemand::document document;
    ondemand::array_iterator element; /* when the whole is an array */
    enum json_kind whole;
    bool started, finished;
    struct span text;
    size_t most_bytes;
    uint32_t most_depth;

    struct json_node *nodes;
    size_t node_count, node_cap;
    const char *value_from; /* where the value being read begins */
    bool oversize;
    size_t stopped_at;

    uint8_t *unescaped; /* the strings that had escapes */
    size_t unescaped_len, unescaped_cap;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    char lower = (char)(c | 0x20);
    return is_digit(c) || (lower >= 'a' && lower <= 'f');
}

/* Takes blanks off the end of [from, end). */
static const char *trim(const char *from, const char *end)
{
    while (end > from && is_blank(end[-1]))
        end--;
    return end;
}

/* Is the whole token a number of RFC 8259? */
static bool is_number(struct span s)
{
    const char *p = s.data, *end = p + s.len;
    if (p < end && *p == '-')
        p++;
    if (p == end || !is_digit(*p))
        return false;
    if (*p++ != '0') {
        while (p < end && is_digit(*p))
            p++;
    }
    if (p < end && *p == '.') {
        if (++p == end || !is_digit(*p))
            return false;
        while (p < end && is_digit(*p))
            p++;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        if (++p < end && (*p == '+' || *p == '-'))
            p++;
        if (p == end || !is_digit(*p))
            return false;
        while (p < end && is_digit(*p))
            p++;
    }
    return p == end;
}

static enum json_status status_of(error_code error)
{
    switch (error) {
    case SUCCESS:
        return JSON_OK;
    case UTF8_ERROR:
        return JSON_NOT_UTF8;
    case EMPTY:
        return JSON_BLANK;
    case UNCLOSED_STRING:
    case INCOMPLETE_ARRAY_OR_OBJECT:
        return JSON_CUT_OFF;
    case MEMALLOC:
    case CAPACITY:
        return JSON_NO_MEMORY;
    default:
        return JSON_MALFORMED;
    }
}

/* Where the walk stands: at the token after what was read last; the end of the
 * text when there is none. */
static const char *position(json_reader *r)
{
    const char *at = nullptr;
    if (r->document.current_location().get(at) != SUCCESS)
        return r->text.data + r->text.len;
    return at;
}

/* The next node, or nullptr: no memory, or (with oversize set) too much of a value. */
static struct json_node *add_node(json_reader *r, const char *from)
{
    if ((size_t)(from - r->value_from) > r->most_bytes)
        r->oversize = true;
    if (r->oversize) {
        /* Its walk goes on, to find the value's end; one node serves for all of it. */
        r->node_count = 0;
    }
    if (r->node_count == r->node_cap) {
        size_t cap = r->node_cap == 0 ? 64 : r->node_cap * 2;
        void *nodes = realloc(r->nodes, cap * sizeof *r->nodes);
        if (nodes == nullptr)
            return nullptr;
        r->nodes = static_cast<struct json_node *>(nodes);
        r->node_cap = cap;
    }
    struct json_node *node = &r->nodes[r->node_count++];
    memset(node, 0, sizeof *node);
    node->from = from;
    return node;
}

static enum json_status walk_array(json_reader *r, simdjson_result<ondemand::array> array,
                                   uint32_t depth);
static enum json_status walk_object(json_reader *r, simdjson_result<ondemand::object> object,
                                    uint32_t depth);

/* Are all escapes between a string's quotes of JSON's grammar? */
static bool escapes_are_json(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != '\\')
            continue;
        if (++i == s.len || memchr("\"\\/bfnrtu", s.data[i], 9) == nullptr)
            return false;
        if (s.data[i] != 'u')
            continue;
        for (int digit = 0; digit < 4; digit++) {
            if (++i == s.len || !is_hex(s.data[i]))
                return false;
        }
    }
    return true;
}

/* Room for all unescaped strings of the text: unescaping never makes longer. It
 * must not move while they are in use. nullptr: no memory. */
static uint8_t *unescape_room(json_reader *r)
{
    size_t need = r->text.len + SIMDJSON_PADDING;
    if (r->unescaped_len == 0 && r->unescaped_cap < need) {
        free(r->unescaped);
        r->unescaped = static_cast<uint8_t *>(malloc(need));
        r->unescaped_cap = r->unescaped == nullptr ? 0 : need;
    }
    return r->unescaped == nullptr ? nullptr : r->unescaped + r->unescaped_len;
}

/* Unescaped text between the quotes of a raw string. Nearly all have no escape
 * and can stay where they are. */
static enum json_status text_of(json_reader *r, struct span raw, ondemand::raw_json_string string,
                                struct span *out, bool *broken)
{
    *out = {raw.data + 1, raw.len - 2};
    if (out->len == 0 || memchr(out->data, '\\', out->len) == nullptr)
        return JSON_OK;
    uint8_t *room = unescape_room(r), *end = room;
    if (room == nullptr)
        return JSON_NO_MEMORY;
    std::string_view text;
    if (r->parser.unescape(string, end).get(text) == SUCCESS) {
        r->unescaped_len += (size_t)(end - room);
        *out = {text.data(), text.size()};
        return JSON_OK;
    }
    /* A browser that cuts a text in the middle of an emoji sends this. The
     * grammar allows it, so it is for one event to answer for, not for all. */
    *broken = escapes_are_json(*out);
    return *broken ? JSON_OK : JSON_MALFORMED;
}

static enum json_status read_string(json_reader *r, ondemand::value &value, struct json_node *node)
{
    node->kind = JSON_STRING;
    ondemand::raw_json_string string;
    /* This also steps over the token: left to the iterator, a string before a
     * colon would be skipped as if it were a key. */
    if (value.get_raw_json_string().get(string) != SUCCESS)
        return JSON_MALFORMED;
    return text_of(r, node->raw, string, &node->text, &node->broken);
}

static bool read_word(struct json_node *node, const char *word, enum json_kind kind)
{
    node->kind = kind;
    return node->raw.len == strlen(word) && memcmp(node->raw.data, word, node->raw.len) == 0;
}

/* Reads a scalar whose token is node->raw. */
static enum json_status read_scalar(json_reader *r, ondemand::value &value, struct json_node *node)
{
    bool fine = false;
    switch (node->raw.data[0]) {
    case '"':
        return read_string(r, value, node);
    case 'n':
        fine = read_word(node, "null", JSON_NULL);
        break;
    case 't':
        fine = read_word(node, "true", JSON_TRUE);
        break;
    case 'f':
        fine = read_word(node, "false", JSON_FALSE);
        break;
    default:
        node->kind = JSON_NUMBER;
        fine = is_number(node->raw);
        break;
    }
    return fine ? JSON_OK : JSON_MALFORMED;
}

/* Reads a value into the nodes; `from` is where its member began, `key` its key. */
static enum json_status walk_value(json_reader *r, ondemand::value &value, const char *from,
                                   struct span key, uint32_t depth)
{
    std::string_view token = value.raw_json_token();
    struct json_node *node = add_node(r, from);
    if (node == nullptr)
        return JSON_NO_MEMORY;
    size_t index = r->node_count - 1;
    const char *end = trim(token.data(), token.data() + token.size());
    node->key = key;
    node->raw = {token.data(), (size_t)(end - token.data())};
    node->end = (uint32_t)r->node_count;
    if (node->raw.len == 0)
        return JSON_CUT_OFF;
    char first = *token.data();
    if (first != '{' && first != '[')
        return read_scalar(r, value, node);
    node->kind = first == '{' ? JSON_OBJECT : JSON_ARRAY;
    enum json_status status = first == '{' ? walk_object(r, value.get_object(), depth + 1)
                                           : walk_array(r, value.get_array(), depth + 1);
    if (status != JSON_OK)
        return status;
    /* What is around this value still has to be closed. Checked here, before the
     * walk could take the bytes after the text for closing brackets. */
    const char *next = nullptr;
    if (r->document.current_location().get(next) != SUCCESS)
        return JSON_CUT_OFF;
    if (r->oversize)
        return JSON_OK;
    node = &r->nodes[index]; /* the list may have moved */
    node->end = (uint32_t)r->node_count;
    node->raw.len = (size_t)(trim(node->raw.data, next) - node->raw.data);
    return JSON_OK;
}

static enum json_status walk_array(json_reader *r, simdjson_result<ondemand::array> array,
                                   uint32_t depth)
{
    ondemand::array_iterator at, end;
    if (depth > r->most_depth)
        return JSON_TOO_DEEP;
    if (array.error() != SUCCESS)
        return status_of(array.error());
    if (error_code error = array.begin().get(at); error != SUCCESS)
        return status_of(error);
    for (; at != end; ++at) {
        ondemand::value value;
        if (error_code error = (*at).get(value); error != SUCCESS)
            return status_of(error);
        enum json_status status =
            walk_value(r, value, value.raw_json_token().data(), {nullptr, 0}, depth);
        if (status != JSON_OK)
            return status;
    }
    return r->document.is_alive() ? JSON_OK : JSON_MALFORMED;
}

/* The raw key, quotes included, of a field whose value begins at `value`. */
static struct span raw_key(const char *key, const char *value)
{
    const char *end = trim(key, value);
    end = trim(key, end - 1); /* the colon, which the iterator has seen */
    return {key, (size_t)(end - key)};
}

static enum json_status walk_object(json_reader *r, simdjson_result<ondemand::object> object,
                                    uint32_t depth)
{
    ondemand::object_iterator at, end;
    if (depth > r->most_depth)
        return JSON_TOO_DEEP;
    if (object.error() != SUCCESS)
        return status_of(object.error());
    if (error_code error = object.begin().get(at); error != SUCCESS)
        return status_of(error);
    for (; at != end; ++at) {
        ondemand::field field;
        if (error_code error = (*at).get(field); error != SUCCESS)
            return status_of(error);
        const char *from = field.key().raw() - 1;
        bool broken = false;
        struct span key, raw = raw_key(from, field.value().raw_json_token().data());
        enum json_status status = text_of(r, raw, field.key(), &key, &broken);
        if (status == JSON_OK)
            status = walk_value(r, field.value(), from, key, depth);
        if (status != JSON_OK)
            return status;
    }
    return r->document.is_alive() ? JSON_OK : JSON_MALFORMED;
}

struct json_reader *json_reader_new(void)
{
    json_reader *r = new (std::nothrow) json_reader();
    return r;
}

void json_reader_free(struct json_reader *r)
{
    if (r == nullptr)
        return;
    free(r->nodes);
    free(r->unescaped);
    delete r;
}

static enum json_status open_array(json_reader *r)
{
    ondemand::array array;
    error_code error = r->document.get_array().get(array);
    if (error == SUCCESS)
        error = array.begin().get(r->element);
    return status_of(error);
}

enum json_status json_reader_open(struct json_reader *r, struct span text, size_t most_bytes,
                                  uint32_t most_depth, enum json_kind *whole)
{
    r->text = text;
    r->most_bytes = most_bytes;
    r->most_depth = most_depth;
    r->started = r->finished = false;
    r->stopped_at = 0;
    r->unescaped_len = 0;
    if (trim(text.data, text.data + text.len) == text.data)
        return JSON_BLANK;
    error_code error =
        r->parser.iterate(text.data, text.len, text.len + SIMDJSON_PADDING).get(r->document);
    if (error != SUCCESS)
        return status_of(error);
    switch (*position(r)) {
    case '{':
        *whole = r->whole = JSON_OBJECT;
        return JSON_OK;
    case '[':
        *whole = r->whole = JSON_ARRAY;
        return open_array(r);
    default:
        /* A lone scalar is of use to nobody: what kind it is needs no telling. */
        *whole = r->whole = JSON_NULL;
        return JSON_OK;
    }
}

/* Reads the text's one object, with simdjson's checks of a root. */
static enum json_status whole_object(json_reader *r)
{
    const char *from = position(r);
    r->value_from = from;
    struct json_node *node = add_node(r, from);
    if (node == nullptr)
        return JSON_NO_MEMORY;
    node->kind = JSON_OBJECT;
    enum json_status status = walk_object(r, r->document.get_object(), 1);
    node = &r->nodes[0];
    node->end = (uint32_t)r->node_count;
    node->raw = {from, (size_t)(trim(from, position(r)) - from)};
    r->oversize = r->oversize || node->raw.len > r->most_bytes;
    return status;
}

static enum json_status next_element(json_reader *r)
{
    if (r->started)
        ++r->element;
    if (!(r->element != r->element)) {
        r->finished = true;
        return JSON_OK;
    }
    ondemand::value value;
    error_code error = (*r->element).get(value);
    if (error != SUCCESS)
        return status_of(error);
    r->value_from = value.raw_json_token().data();
    enum json_status status = walk_value(r, value, r->value_from, {nullptr, 0}, 0);
    if (status == JSON_OK && !r->oversize)
        r->oversize = r->nodes[0].raw.len > r->most_bytes;
    return status;
}

/* At the end of the whole: was that all? */
static enum json_status check_end(json_reader *r)
{
    const char *at = nullptr;
    bool ended = r->document.current_location().get(at) == OUT_OF_BOUNDS;
    return ended ? JSON_DONE : JSON_MALFORMED;
}

enum json_status json_reader_next(struct json_reader *r, struct json_node **nodes)
{
    enum json_status status = JSON_OK;
    r->node_count = 0;
    r->oversize = false;
    if (r->whole == JSON_ARRAY && !r->finished)
        status = next_element(r);
    else if (r->whole == JSON_OBJECT && !r->started)
        status = whole_object(r);
    else
        r->finished = true;
    r->started = true;
    if (status == JSON_OK && r->finished)
        status = r->whole == JSON_NULL ? JSON_MALFORMED : check_end(r);
    if (status == JSON_OK && r->oversize)
        return JSON_OVERSIZE;
    if (status == JSON_OK)
        *nodes = r->nodes;
    else if (status != JSON_DONE)
        r->stopped_at = (size_t)(position(r) - r->text.data);
    return status;
}

size_t json_reader_offset(const struct json_reader *r)
{
    return r->stopped_at;
}

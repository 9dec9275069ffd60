/* The JSON reader against simdjson's own complete parser (its DOM): what the one
 * accepts, the other must too. They part only where they are meant to. */
#include "target.h"

#include "event/json_reader.h"
#include "event/plain_object.h"

#include <cstdlib>
#include <cstring>
#include <simdjson.h>

static const uint32_t MOST_DEPTH = 64;

static bool has_backslash(struct span s)
{
    return s.len > 0 && memchr(s.data, '\\', s.len) != nullptr;
}

/* Reads to the end; says whether a string was broken. */
static enum json_status read_all(struct json_reader *reader, struct span text, bool *broken)
{
    struct json_node *nodes = nullptr;
    enum json_kind whole;
    enum json_status status = json_reader_open(reader, text, SIZE_MAX, MOST_DEPTH, &whole);
    while (status == JSON_OK) {
        status = json_reader_next(reader, &nodes);
        for (uint32_t i = 0; status == JSON_OK && i < nodes[0].end; i++) {
            const struct json_node *n = &nodes[i];
            *broken = *broken || n->broken || has_backslash(n->key);
            if (n->raw.data < text.data || n->raw.data + n->raw.len > text.data + text.len ||
                n->raw.len == 0 || n->from > n->raw.data || n->end <= i)
                abort();
        }
    }
    return status;
}

/* What the reader of plain objects takes, the other must. */
static void check_plain(struct span text, enum json_status status)
{
    struct json_node nodes[PLAIN_NODES];
    if (plain_object_read(text, nodes) > 0 && status != JSON_DONE)
        abort();
}

/* Holds what the reader made of a text against what the other parser did. */
static void compare(enum json_status status, bool broken, simdjson::error_code error,
                    bool container)
{
    /* Numbers are kept as they are written, however long; half a surrogate pair
     * is marked; and the depth is bounded. */
    if (status == JSON_DONE && error != simdjson::SUCCESS && error != simdjson::NUMBER_ERROR &&
        !(error == simdjson::STRING_ERROR && broken))
        abort();
    if (status != JSON_DONE && status != JSON_TOO_DEEP && container)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_reader *reader = json_reader_new();
    static simdjson::dom::parser parser;
    char *text = static_cast<char *>(malloc(size + JSON_READER_PADDING));
    if (reader == nullptr || text == nullptr)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    memset(text + size, ' ', JSON_READER_PADDING);
    simdjson::dom::element whole;
    simdjson::error_code error = parser.parse(text, size, false).get(whole);
    bool container = error == simdjson::SUCCESS && (whole.is_array() || whole.is_object());
    for (const char *padding = " }],"; *padding != '\0'; padding++) {
        bool broken = false;
        memset(text + size, *padding, JSON_READER_PADDING);
        enum json_status status = read_all(reader, {text, size}, &broken);
        compare(status, broken, error, container);
        check_plain({text, size}, status);
    }
    free(text);
    return 0;
}

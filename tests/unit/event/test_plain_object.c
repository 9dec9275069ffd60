/* The reader of plain objects: whatever it takes, the reader of JSON takes too and makes
 * the same nodes of; and it takes what events look like. */
#include "event/plain_object.h"
#include "support/check.h"

#define TEXT_BYTES 4096u

/* A text in memory of its own that ends right behind the padding. */
static char *padded(struct span s, char padding)
{
    char *text = malloc(s.len + JSON_READER_PADDING);
    assert_non_null(text);
    memcpy(text, s.data, s.len);
    memset(text + s.len, padding, JSON_READER_PADDING);
    return text;
}

static bool same_span(struct span a, struct span b)
{
    return a.len == b.len && (a.data == b.data || a.len == 0);
}

static bool same_node(const struct json_node *a, const struct json_node *b)
{
    return a->kind == b->kind && a->end == b->end && a->tag == b->tag && a->broken == b->broken &&
           a->from == b->from && same_span(a->key, b->key) && same_span(a->text, b->text) &&
           same_span(a->raw, b->raw);
}

/* How many nodes the plain reader makes, whatever follows the text, after holding them
 * against the other reader's. */
static uint32_t read_both(struct json_reader *r, struct span s)
{
    static const char paddings[] = "} ]\",0\n";
    struct json_node plain[PLAIN_NODES], *nodes = NULL, *none = NULL;
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof paddings - 1; i++) {
        char *text = padded(s, paddings[i]);
        struct span copy = {text, s.len};
        uint32_t found = plain_object_read(copy, plain);
        enum json_kind whole;
        if (i > 0 && found != count)
            fail_msg("%.*s: %u nodes, then %u", (int)s.len, s.data, count, found);
        count = found;
        if (found > 0) {
            enum json_status status = json_reader_open(r, copy, SIZE_MAX, 64, &whole);
            if (status == JSON_OK)
                status = json_reader_next(r, &nodes);
            bool fine = status == JSON_OK && json_reader_next(r, &none) == JSON_DONE &&
                        nodes[0].end == found;
            for (uint32_t n = 0; fine && n < found; n++)
                fine = same_node(&plain[n], &nodes[n]);
            if (!fine)
                fail_msg("%.*s: read otherwise", (int)s.len, s.data);
        }
        free(text);
    }
    return count;
}

static void takes_plain_objects(void **state)
{
    static const struct {
        const char *text;
        uint32_t nodes;
    } cases[] = {
        {"{}", 1},
        {"{ }", 1},
        {"{\"a\":1}", 2},
        {"{ \"a\" : \"b\" , \"c\" : [ ] }", 3},
        {"{\"a\":[1,\"x\", true,false,null],\"b\":-0.5e+10,\"\":\"\"}", 9},
        {"{\"a\":null,\"a\":null}", 3},
        {"{\"a\":\"a string of more than sixteen, and then some, bytes {}[]:,\"}", 2},
        {"{\"a\":\"\x7f\"}", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (read_both(*state, span_of(cases[i].text)) != cases[i].nodes)
            fail_msg("%s", cases[i].text);
}

static void leaves_the_rest(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "}",
        "{}}",
        "{{}",
        " {}",
        "{} ",
        "[]",
        "5",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1 2]}",
        "{\"a\":[1}",
        "{\"a\":[}",
        "{\"a\":\"}",
        "{\"}",
        "{\"a}",
        "{\"a\":[[]]}",
        "{\"a\":{}}",
        "{\"a\":[{}]}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":+1}",
        "{\"a\":tru}",
        "{\"a\":truex}",
        "{\"a\":nul}",
        "{\"a\":\"\\n\"}",
        "{\"\\u0061\":1}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\xc3\xa9\"}",
        "{\"a\":\"\xff\"}",
        "{\t\"a\":1}",
        "{\"a\":1\n}",
        "{'a':1}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (read_both(*state, span_of(texts[i])) != 0)
            fail_msg("%s", texts[i]);
}

static void stops_at_its_nodes(void **state)
{
    char text[TEXT_BYTES];
    for (unsigned members = PLAIN_NODES - 3; members < PLAIN_NODES + 3; members++) {
        size_t len = 0;
        for (unsigned i = 0; i < members; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%c\"k\":%u", i == 0 ? '{' : ',',
                                    i);
        text[len++] = '}';
        uint32_t nodes = read_both(*state, (struct span){text, len});
        assert_int_equal(nodes, members < PLAIN_NODES ? members + 1 : 0);
    }
}

/* Appends one of some pieces of JSON, plain and not. */
static size_t put_value(char *at, uint64_t *seed, bool array)
{
    static const char *const scalars[] = {
        "1",     "-2.5e7", "true",     "false",   "null",         "\"\"",
        "\"x\"", "0",      "\"2026\"", "\"\\n\"", "\"\xc3\xa9\"", "\"a longer text with } and ]\""};
    if (!array || dice(seed, 3) > 0) {
        const char *text = scalars[dice(seed, sizeof scalars / sizeof *scalars)];
        memcpy(at, text, strlen(text));
        return strlen(text);
    }
    size_t len = 0;
    at[len++] = '[';
    for (uint32_t i = dice(seed, 4); i > 0; i--) {
        len += put_value(at + len, seed, false);
        if (i > 1)
            at[len++] = ',';
    }
    at[len++] = ']';
    return len;
}

static void agrees_on_random_texts(void **state)
{
    static const char bytes[] = "{}[]\",:\\ \n0-.eEtfn\x80";
    char text[TEXT_BYTES];
    uint64_t seed = 7;
    unsigned taken = 0;
    for (int round = 0; round < 20000; round++) {
        size_t len = 0;
        text[len++] = '{';
        for (uint32_t i = dice(&seed, 8); i > 0; i--) {
            len += (size_t)snprintf(text + len, 40, "%s\"key%u\"%s:%s", dice(&seed, 5) ? "" : " ",
                                    i, dice(&seed, 5) ? "" : " ", dice(&seed, 5) ? "" : " ");
            len += put_value(text + len, &seed, true);
            if (i > 1)
                text[len++] = ',';
        }
        text[len++] = '}';
        taken += read_both(*state, (struct span){text, len}) > 0;
        for (uint32_t i = dice(&seed, 3); i > 0; i--) /* and broken a little */
            text[dice(&seed, (uint32_t)len)] = bytes[dice(&seed, sizeof bytes - 1)];
        taken += read_both(*state, (struct span){text, len}) > 0;
        taken += read_both(*state, (struct span){text, dice(&seed, (uint32_t)len)}) > 0;
    }
    assert_true(taken > 10000);
}

static int set_up(void **state)
{
    *state = json_reader_new();
    return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    json_reader_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_plain_objects),
        cmocka_unit_test(leaves_the_rest),
        cmocka_unit_test(stops_at_its_nodes),
        cmocka_unit_test(agrees_on_random_texts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

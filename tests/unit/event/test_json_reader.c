/* The reader of JSON: what it hands out, and that nothing malformed gets by. */
#include "event/json_reader.h"
#include "support/check.h"

#define MOST_BYTES 1000u
#define MOST_DEPTH 8u

/* Reads a whole text from memory that ends with the padding; counts its values.
 * Returns how it ended; */
static enum json_status read_padded(struct json_reader *r, struct span s, const char *padding,
                                    unsigned *values)
{
    char *text = malloc(s.len + JSON_READER_PADDING);
    assert_non_null(text);
    memcpy(text, s.data, s.len);
    for (size_t i = 0; i < JSON_READER_PADDING; i++)
        text[s.len + i] = padding[i % strlen(padding)];
    struct json_node *nodes = NULL;
    enum json_kind whole;
    enum json_status status =
        json_reader_open(r, (struct span){text, s.len}, MOST_BYTES, MOST_DEPTH, &whole);
    *values = 0;
    while (status == JSON_OK) {
        status = json_reader_next(r, &nodes);
        *values += status == JSON_OK;
    }
    free(text);
    return status;
}

/* The same, of a text whose worth no byte after it may change (the reason to
 * refuse it may differ). */
static enum json_status read_all(struct json_reader *r, struct span s, unsigned *values)
{
    static const char *const paddings[] = {"}", "]", "}]", "]}", ",", ":1}", "\"", "0", " "};
    enum json_status status = read_padded(r, s, "}", values);
    for (size_t i = 1; i < sizeof paddings / sizeof *paddings; i++) {
        unsigned again;
        enum json_status other = read_padded(r, s, paddings[i], &again);
        assert_int_equal(other > JSON_OVERSIZE, status > JSON_OVERSIZE);
        assert_int_equal(other == JSON_DONE, status == JSON_DONE);
    }
    return status;
}

static void accepts_json(void **state)
{
    struct json_reader *r = *state;
    static const struct {
        const char *text;
        unsigned values;
    } cases[] = {
        {"{}", 1},
        {" \n{ } \r\n", 1},
        {"[]", 0},
        {" [ ] ", 0},
        {"[{}]", 1},
        {"[{},{}, 5 ,\"x\",null,true,false,[],[[]]]", 9},
        {"{\"a\":1,\"b\":[1,2,{\"c\":null}],\"d\":{\"e\":{}},\"f\":\"\"}", 1},
        {"{\"n\":[0,-0,1,-1,0.5,-0.5,1e5,1E-5,1.5e+10,123456789012345678901234567890]}", 1},
        {"{\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\ud83d\\ude00\"}", 1},
        {"{\"\":\"\",\"\":1}", 1},
        {"{\"\\u0061\" : \"[]{},:\"}", 1},
        {"[[[[[[[[[]]]]]]]]]", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned values;
        enum json_status status = read_all(r, span_of(cases[i].text), &values);
        if (status != JSON_DONE || values != cases[i].values)
            fail_msg("%s: %d after %u", cases[i].text, (int)status, values);
    }
}

static void refuses_everything_else(void **state)
{
    struct json_reader *r = *state;
    static const char *const texts[] = {
        "5",
        "\"a\"",
        "null",
        "x",
        "{",
        "[",
        "}",
        "]",
        ",",
        ":",
        "{]",
        "[}",
        "{}}",
        "[]]",
        "{}{}",
        "{} {}",
        "[] []",
        "{},",
        "[],",
        "{}x",
        "[]5",
        "{}\"",
        "[1,]",
        "[,1]",
        "[,]",
        "[1 2]",
        "[1,,2]",
        "[1",
        "[1,",
        "[{]",
        "[{}",
        "[{},",
        "[[]",
        "[\"a\":1]",
        "[\"a\" \"b\"]",
        "[:]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\" 1}",
        "{\"a\"::1}",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":",
        "{\"a\"",
        "{\"a",
        "{a:1}",
        "{1:1}",
        "{null:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1:2}",
        "{\"a\":\"b\":2}",
        "{\"a\":{\"b\":1}",
        "{\"a\":[1}",
        "{\"a\":[1}]",
        "[nul]",
        "[nulll]",
        "[null1]",
        "[tru]",
        "[True]",
        "[truefalse]",
        "[fals]",
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[undefined]",
        "['a']",
        "[01]",
        "[-]",
        "[-a]",
        "[+1]",
        "[.5]",
        "[1.]",
        "[1.e5]",
        "[1e]",
        "[1e+]",
        "[0x10]",
        "[1_000]",
        "[1a]",
        "[1\"a\"]",
        "[--1]",
        "[\"\\x\"]",
        "[\"\\u12\"]",
        "[\"\\u12g4\"]",
        "[\"a\nb\"]",
        "[\"a\tb\"]",
        "[\"a]",
        "[\"a\\\"]",
        "{\"\\x\":1}",
        "[1]//c",
        "[/*c*/1]",
        "[{\"a\":1}}",
        "[\"a\"b]",
        "[1\f]",
        "[\v1]",
        "{\"a\":1}]",
        "[1]}",
        "[[1],{\"a\":2]]",
        "[{\"\":{\"\":[]",
        "{\"a\":[{}",
        "[[[]",
        "[[{}]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        unsigned values;
        enum json_status status = read_all(r, span_of(texts[i]), &values);
        if (status <= JSON_OVERSIZE)
            fail_msg("%s: %d after %u", texts[i], (int)status, values);
    }
    unsigned values;
    assert_int_equal(read_all(r, SPAN(""), &values), JSON_BLANK);
    assert_int_equal(read_all(r, SPAN(" \r\n\t "), &values), JSON_BLANK);
    assert_int_equal(read_all(r, SPAN("[\"\xFF\"]"), &values), JSON_NOT_UTF8);
    assert_int_equal(read_all(r, SPAN("[\"\xED\xA0\x80\"]"), &values), JSON_NOT_UTF8);
    assert_int_equal(read_all(r, SPAN("[\"\xC0\x80\"]"), &values), JSON_NOT_UTF8);
    assert_int_equal(read_all(r, SPAN("[\"\xE2\x82"), &values), JSON_CUT_OFF);
    assert_int_equal(read_all(r, SPAN("[\"a\0b\"]"), &values), JSON_MALFORMED);
    assert_int_equal(read_all(r, SPAN("[\"a\"\0]"), &values), JSON_MALFORMED);
    assert_int_equal(read_all(r, SPAN("\xEF\xBB\xBF[]"), &values), JSON_MALFORMED);
    assert_int_equal(read_all(r, SPAN("{\"a\":\"b"), &values), JSON_CUT_OFF);
    assert_int_equal(read_all(r, SPAN("{\"a\":[\"b\"]"), &values), JSON_CUT_OFF);
    assert_int_equal(read_all(r, SPAN("[[[[[[[[[[]]]]]]]]]]"), &values), JSON_TOO_DEEP);
}

static void every_prefix_is_refused(void **state)
{
    struct json_reader *r = *state;
    struct span whole =
        SPAN("[{\"a\":\"\\u00e9\xC3\xA9\",\"b\":[1,-2.5e3,null,{\"c\":true}]},\"\"]");
    unsigned values;
    assert_int_equal(read_all(r, whole, &values), JSON_DONE);
    for (size_t len = 0; len < whole.len; len++)
        assert_true(read_all(r, (struct span){whole.data, len}, &values) > JSON_OK &&
                    read_all(r, (struct span){whole.data, len}, &values) != JSON_DONE);
}

static void assert_node(const struct json_node *n, enum json_kind kind, uint32_t end,
                        const char *key, const char *text, const char *raw)
{
    assert_int_equal(n->kind, kind);
    assert_int_equal(n->end, end);
    assert_int_equal(n->tag, 0);
    assert_true(span_equal(n->key, span_of(key)));
    assert_true(span_equal(n->text, span_of(text)));
    if (!span_equal(n->raw, span_of(raw)))
        fail_msg("%.*s", (int)n->raw.len, n->raw.data);
}

static void hands_out_nodes(void **state)
{
    struct json_reader *r = *state;
    static const char text[] =
        "[ 5 , {\"a\" : \"x\\u00e9\" , \"k\\t\": [ 1 , {} ] \n, \"z\":false } ]}}}}}}}}}}"
        "                                                                ";
    struct json_node *n = NULL;
    enum json_kind whole;
    size_t len = (size_t)(strrchr(text, ']') - text) + 1;
    assert_int_equal(json_reader_open(r, (struct span){text, len}, MOST_BYTES, MOST_DEPTH, &whole),
                     JSON_OK);
    assert_int_equal(whole, JSON_ARRAY);
    assert_int_equal(json_reader_next(r, &n), JSON_OK);
    assert_node(&n[0], JSON_NUMBER, 1, "", "", "5");
    assert_int_equal(json_reader_next(r, &n), JSON_OK);
    assert_node(&n[0], JSON_OBJECT, 6, "", "",
                "{\"a\" : \"x\\u00e9\" , \"k\\t\": [ 1 , {} ] \n, \"z\":false }");
    assert_node(&n[1], JSON_STRING, 2, "a", "x\xC3\xA9", "\"x\\u00e9\"");
    assert_node(&n[2], JSON_ARRAY, 5, "k\t", "", "[ 1 , {} ]");
    assert_node(&n[3], JSON_NUMBER, 4, "", "", "1");
    assert_node(&n[4], JSON_OBJECT, 5, "", "", "{}");
    assert_node(&n[5], JSON_FALSE, 6, "z", "", "false");
    assert_memory_equal(n[2].from, "\"k\\t\": [", 8);
    assert_memory_equal(n[4].from, "{}", 2);
    assert_int_equal(json_reader_next(r, &n), JSON_DONE);
    assert_node(&n[5], JSON_FALSE, 6, "z", "", "false");
    assert_int_equal(json_reader_next(r, &n), JSON_DONE);
}

static void tells_oversize_values(void **state)
{
    struct json_reader *r = *state;
    char text[4096 + JSON_READER_PADDING];
    int len =
        snprintf(text, sizeof text, "[1,{\"a\":[\"%0990d\",{}]},\"%0998d\",\"%0999d\",2]", 0, 0, 0);
    static const enum json_status wanted[] = {JSON_OK,       JSON_OVERSIZE, JSON_OK,
                                              JSON_OVERSIZE, JSON_OK,       JSON_DONE};
    struct json_node *nodes;
    enum json_kind whole;
    assert_int_equal(
        json_reader_open(r, (struct span){text, (size_t)len}, MOST_BYTES, MOST_DEPTH, &whole),
        JSON_OK);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_int_equal(json_reader_next(r, &nodes), wanted[i]);
    /* What follows is read all the same, and must be JSON. */
    len = snprintf(text, sizeof text, "[{\"a\":[\"%01990d\",{}],\"b\":[1 2]}]", 0);
    assert_int_equal(
        json_reader_open(r, (struct span){text, (size_t)len}, MOST_BYTES, MOST_DEPTH, &whole),
        JSON_OK);
    assert_int_equal(json_reader_next(r, &nodes), JSON_MALFORMED);
    assert_true(json_reader_offset(r) > 1990 && json_reader_offset(r) <= (size_t)len);
}

/* Half a pair of surrogates is JSON, but no text. */
static void marks_broken_strings(void **state)
{
    struct json_reader *r = *state;
    static const char text[] = "[\"\\ud800\",\"\\udc00\",\"\\ud800\\u0041\",{\"\\ud83d\":\"a\"}]"
                               "                                                                ";
    static const char *const wanted[] = {"\\ud800", "\\udc00", "\\ud800\\u0041"};
    struct json_node *n = NULL;
    enum json_kind whole;
    struct span s = {text, sizeof text - 1 - JSON_READER_PADDING};
    assert_int_equal(json_reader_open(r, s, MOST_BYTES, MOST_DEPTH, &whole), JSON_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(json_reader_next(r, &n), JSON_OK);
        assert_true(n->broken);
        assert_true(span_equal(n->text, span_of(wanted[i])));
    }
    assert_int_equal(json_reader_next(r, &n), JSON_OK);
    assert_true(span_equal(n[1].key, SPAN("\\ud83d")));
    assert_false(n[1].broken);
    assert_int_equal(json_reader_next(r, &n), JSON_DONE);
    unsigned values;
    assert_int_equal(read_all(r, SPAN("[\"\\ud800\\x\"]"), &values), JSON_MALFORMED);
    assert_int_equal(read_all(r, SPAN("[\"\\ud800\\u12\"]"), &values), JSON_MALFORMED);
}

/* Does the reader stay whole over a large text of much structure? */
static void reads_large_texts(void **state)
{
    struct json_reader *r = *state;
    enum { COUNT = 20000 };
    size_t room = COUNT * 40 + JSON_READER_PADDING, len = 0;
    char *text = malloc(room);
    assert_non_null(text);
    for (int i = 0; i < COUNT; i++)
        len += (size_t)snprintf(text + len, room - len, "%s{\"n\":%d,\"e\":\"\\u%04x\"}",
                                i == 0 ? "[" : ",", i, 0x20 + i % 1000);
    text[len++] = ']';
    unsigned values;
    assert_int_equal(read_all(r, (struct span){text, len}, &values), JSON_DONE);
    assert_int_equal(values, COUNT);
    free(text);
}

static int set_up(void **state)
{
    *state = json_reader_new();
    return *state == NULL;
}

static int tear_down(void **state)
{
    json_reader_free(*state);
    json_reader_free(NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_json),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(hands_out_nodes),
        cmocka_unit_test(tells_oversize_values),
        cmocka_unit_test(marks_broken_strings),
        cmocka_unit_test(reads_large_texts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

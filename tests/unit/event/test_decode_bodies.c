/* Whole bodies: arrays, lines, and what cannot be read at all. */
#include "base/buffer.h"
#include "decode_fixture.h"

#include "support/check.h"

#define EVENT "{\"type\":\"site.updated\"}"

static void refuse_body(struct fixture *f, enum body_format format, struct span body, int code,
                        const char *message)
{
    if (fixture_decode(f, format, body) != -1)
        fail_msg("%.*s: read", (int)body.len, body.data);
    if (f->problem.code != code || strcmp(f->problem.message, message) != 0)
        fail_msg("%.*s\n%d %s", (int)body.len, body.data, f->problem.code, f->problem.message);
    assert_int_equal(f->batch.event_count, 0);
    assert_int_equal(f->batch.refused_count, 0);
}

static void arrays(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        fixture_decode(f, BODY_JSON,
                       SPAN("\xEF\xBB\xBF [" EVENT ", 5 ,{\"type\":\"chat.ended\"},\n"
                            "{\"type\":\"chat.missed\",\"chatId\":\"c\",\"siteId\":7}]\n")),
        0);
    assert_int_equal(f->batch.event_count, 2);
    assert_int_equal(f->batch.refused_count, 2);
    assert_int_equal(f->batch.events[0].index, 0);
    assert_int_equal(f->batch.events[1].index, 3);
    assert_int_equal(f->batch.events[1].event.site_id, 7);
    assert_int_equal(f->batch.refused[0].index, 1);
    assert_int_equal(f->batch.refused[1].index, 2);
    assert_int_equal(f->batch.refused[1].problem.code, PROBLEM_EVENT_FIELD);
    for (size_t i = 0; i < 2; i++)
        fixture_check_kept(f, &f->batch.events[i]);
    assert_int_equal(fixture_decode(f, BODY_JSON, SPAN("[5]")), 0);
    assert_int_equal(f->batch.refused_count, 1);
}

static void unreadable_bodies(void **state)
{
    struct fixture *f = *state;
    const char *empty = "The body holds no event: send one or more";
    refuse_body(f, BODY_JSON, SPAN(""), PROBLEM_BATCH_EMPTY, empty);
    refuse_body(f, BODY_JSON, SPAN("  \n"), PROBLEM_BATCH_EMPTY, empty);
    refuse_body(f, BODY_JSON, SPAN("\xEF\xBB\xBF"), PROBLEM_BATCH_EMPTY, empty);
    refuse_body(f, BODY_JSON, SPAN("[]"), PROBLEM_BATCH_EMPTY, empty);
    refuse_body(f, BODY_CLOUDEVENT_BATCH, SPAN("[ ]"), PROBLEM_BATCH_EMPTY, empty);
    refuse_body(f, BODY_NDJSON, SPAN(""), PROBLEM_BATCH_EMPTY, empty);
    refuse_body(f, BODY_NDJSON, SPAN("\n\r\n  \n\t\n\n"), PROBLEM_BATCH_EMPTY, empty);
    const char *neither = "The body is neither an event nor an array of events";
    refuse_body(f, BODY_JSON, SPAN("5"), PROBLEM_BODY, neither);
    refuse_body(f, BODY_JSON, SPAN("\"" EVENT "\""), PROBLEM_BODY, neither);
    refuse_body(f, BODY_JSON, SPAN("null"), PROBLEM_BODY, neither);
    refuse_body(f, BODY_JSON, SPAN("[" EVENT ",{\"a\":\"\xFF\"}]"), PROBLEM_BODY,
                "The body is not UTF-8: send JSON in UTF-8");
    refuse_body(f, BODY_JSON, SPAN("{\"type\":\"site.updated\",\"name\":\"caf\xE9\"}"),
                PROBLEM_BODY, "The body is not UTF-8: send JSON in UTF-8");
    refuse_body(f, BODY_JSON, SPAN("[" EVENT ",{\"type\":\"si"), PROBLEM_BODY,
                "The body is cut off, or something follows its JSON");
    refuse_body(f, BODY_JSON, SPAN("[" EVENT "," EVENT), PROBLEM_BODY,
                "The body is cut off, or something follows its JSON");
    refuse_body(f, BODY_JSON, SPAN("{\"type\":\"site.updated\",\"name\":\"a\tb\"}"), PROBLEM_BODY,
                "The body is not JSON"); /* the parser does not tell where */
    refuse_body(f, BODY_JSON, SPAN("[" EVENT "] x"), PROBLEM_BODY,
                "The body is cut off, or something follows its JSON");
    refuse_body(f, BODY_JSON, SPAN("[" EVENT " x]"), PROBLEM_BODY,
                "The body is not JSON: see near byte 25");
    refuse_body(f, BODY_JSON, SPAN(EVENT EVENT), PROBLEM_BODY,
                "The body is not JSON: see near byte 23");
    refuse_body(f, BODY_JSON, SPAN("[" EVENT "]]"), PROBLEM_BODY,
                "The body is not JSON: see near byte 25");
    refuse_body(f, BODY_JSON, SPAN("{\"type\":\"site.updated\",\"x\":[1,]}"), PROBLEM_BODY,
                "The body is not JSON: see near byte 30");
}

/* No prefix of a body counts for anything. */
static void cut_off_bodies(void **state)
{
    struct fixture *f = *state;
    struct span body =
        SPAN("[{\"type\":\"site.updated\",\"x\":[1,{\"y\":\"\\u00e9\"}]}," EVENT "]");
    for (size_t len = 0; len < body.len; len++) {
        assert_int_equal(fixture_decode(f, BODY_JSON, (struct span){body.data, len}), -1);
        assert_int_equal(f->problem.code, len == 0 ? PROBLEM_BATCH_EMPTY : PROBLEM_BODY);
    }
    assert_int_equal(fixture_decode(f, BODY_JSON, body), 0);
    assert_int_equal(f->batch.event_count, 2);
}

static void deep_bodies(void **state)
{
    struct fixture *f = *state;
    struct buffer b = {0};
    static const struct {
        int depth;
        bool fine;
    } cases[] = {{63, true}, {64, false}, {10000, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer_reset(&b);
        buffer_append_text(&b, "{\"type\":\"site.updated\",\"x\":");
        for (int level = 0; level < cases[i].depth; level++)
            buffer_append_char(&b, '[');
        for (int level = 0; level < cases[i].depth; level++)
            buffer_append_char(&b, ']');
        buffer_append_char(&b, '}');
        assert_int_equal(fixture_decode(f, BODY_JSON, buffer_span(&b)), cases[i].fine ? 0 : -1);
        if (!cases[i].fine)
            assert_non_null(strstr(f->problem.message, "expected at most 64 levels"));
        assert_int_equal(fixture_decode(f, BODY_NDJSON, buffer_span(&b)), 0);
        assert_int_equal(f->batch.event_count, cases[i].fine);
    }
    buffer_reset(&b);
    for (int level = 0; level < 100000; level++)
        buffer_append_char(&b, '[');
    assert_int_equal(fixture_decode(f, BODY_JSON, buffer_span(&b)), -1);
    buffer_free(&b);
}

static void large_strings(void **state)
{
    struct fixture *f = *state;
    struct buffer b = {0};
    buffer_append_text(&b, "[{\"type\":\"site.updated\",\"name\":\"");
    char *at = buffer_reserve(&b, 1u << 20);
    assert_non_null(at);
    memset(at, 'x', 1u << 20);
    b.len += 1u << 20;
    buffer_append_text(&b, "\"}," EVENT "]");
    assert_int_equal(fixture_decode(f, BODY_JSON, buffer_span(&b)), 0);
    assert_int_equal(f->batch.event_count, 1);
    assert_int_equal(f->batch.events[0].index, 1);
    assert_int_equal(f->batch.refused[0].problem.code, PROBLEM_EVENT);
    b.len -= 1;
    memmove(b.data, b.data + 1, b.len);
    b.len -= 1 + strlen(EVENT);
    b.data[b.len - 1] = '\n';
    buffer_append_text(&b, EVENT);
    assert_int_equal(fixture_decode(f, BODY_NDJSON, buffer_span(&b)), 0);
    assert_int_equal(f->batch.event_count, 1);
    assert_int_equal(f->batch.refused[0].index, 0);
    buffer_free(&b);
}

static void lines(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line; /* NULL: an event */
        int code;
        const char *message;
    } refusals[] = {
        {"{\"type\":\"site.updated\"", PROBLEM_BODY,
         "The line is cut off, or something follows its JSON"},
        {"{\"type\":\"site.upda", PROBLEM_BODY,
         "The line is cut off, or something follows its JSON"},
        {EVENT EVENT, PROBLEM_BODY, "The line is not JSON: see near byte 23"},
        {"{\"type\":\"site.updated\",\"name\":\"caf\xE9\"}", PROBLEM_BODY,
         "The line is not UTF-8: send JSON in UTF-8"},
        {"5", PROBLEM_EVENT, "The line is 5: expected an object"},
        {"[" EVENT "]", PROBLEM_EVENT,
         "The line is [{\"type\":\"site.updated\"}]: expected an object"},
        {"\x01\x02", PROBLEM_EVENT, NULL},
        {"{\"type\":\"chat.ended\"}", PROBLEM_EVENT_FIELD,
         "chatId is missing: chat.ended needs it"},
    };
    size_t count = sizeof refusals / sizeof *refusals;
    struct buffer b = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(&b, EVENT "\r\n \r\n");
        buffer_append_text(&b, refusals[i].line);
        buffer_append_text(&b, i % 2 == 0 ? "\n" : "\r\n\n");
    }
    buffer_append_text(&b, "  " EVENT);
    assert_int_equal(fixture_decode(f, BODY_NDJSON, buffer_span(&b)), 0);
    buffer_free(&b);
    assert_int_equal(f->batch.event_count, count + 1);
    assert_int_equal(f->batch.refused_count, count);
    for (size_t i = 0; i <= count; i++)
        assert_int_equal(f->batch.events[i].index, i * 2);
    for (size_t i = 0; i < count; i++) {
        const struct refused_event *r = &f->batch.refused[i];
        assert_int_equal(r->index, i * 2 + 1);
        assert_int_equal(r->problem.code, refusals[i].code);
        if (refusals[i].message != NULL)
            assert_string_equal(r->problem.message, refusals[i].message);
    }
    for (size_t i = 0; i < f->batch.event_count; i++)
        fixture_check_kept(f, &f->batch.events[i]);
}

/* The largest batch there may be, in both forms, and one event more. */
static void many_events(void **state)
{
    struct fixture *f = *state;
    struct buffer array = {0}, text = {0};
    for (int i = 0; i < 100000; i++) {
        const char *event = i % 3 == 1 ? "5" : "{\"type\":\"site.updated\",\"id\":\"x\"}";
        buffer_append_char(&array, i == 0 ? '[' : ',');
        buffer_append_text(&array, event);
        buffer_append_text(&text, event);
        buffer_append_char(&text, '\n');
    }
    buffer_append_char(&array, ']');
    for (int form = 0; form < 2; form++) {
        struct buffer *b = form == 0 ? &array : &text;
        enum body_format format = form == 0 ? BODY_JSON : BODY_NDJSON;
        assert_int_equal(fixture_decode(f, format, buffer_span(b)), 0);
        assert_int_equal(f->batch.event_count, 66667);
        assert_int_equal(f->batch.refused_count, 33333);
        for (uint32_t i = 0; i < 33333; i++) {
            assert_int_equal(f->batch.events[i * 2 + 1].index, i * 3 + 2);
            assert_int_equal(f->batch.refused[i].index, i * 3 + 1);
        }
        b->data[b->len - 1] = form == 0 ? ',' : '\n';
        buffer_append_text(b, form == 0 ? EVENT "]" : EVENT);
        refuse_body(f, format, buffer_span(b), PROBLEM_BODY,
                    "The body has more than 100000 events: send them in several requests");
    }
    buffer_free(&array);
    buffer_free(&text);
}

/* Where the body stays, what is normal as it was sent is not copied; the rest is, and
 * both come out the same. */
static void bodies_that_stay(void **state)
{
    struct fixture *f = *state;
    static const char *const lines[] = {
        "{\"id\":\"1\",\"type\":\"site.updated\",\"time\":\"2026-11-23T11:00:00Z\",\"siteId\":7,"
        "\"name\":\"Plain\"}",
        "{\"id\":\"2\",\"type\":\"site.updated\",\"time\":\"2026-11-23T11:00:00Z\",\"siteId\":7,"
        "\"name\":\"caf\xc3\xa9 \\n\",\"more\":{\"a\":[1]}}",
        "{\"id\":\"3\",\"type\":\"site.updated\",\"time\":\"2026-11-23T11:00:00Z\",\r\"siteId\":7}",
        "{\"id\":\"4\",\"type\":\"site.updated\",\"time\":null,\"siteId\":7,\"name\":\"x\"}",
        "{\"id\":\"5\",\"type\":\"site.updated\",\"siteId\":7,\"name\":\"x\"}",
    };
    static const bool stays[] = {true, true, false, false, false};
    char body[2048 + DECODE_PADDING] = {0};
    size_t len = 0;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        len += (size_t)snprintf(body + len, sizeof body - len, "%s\n", lines[i]);
    assert_int_equal(fixture_decode(f, BODY_NDJSON, (struct span){body, len}), 0);
    struct decoded_batch copied = f->batch, kept;
    struct arena *arena = arena_new();
    f->context.body_stays = true;
    assert_int_equal(decode_body(f->again, BODY_NDJSON, (struct span){body, len}, &f->context,
                                 arena, &kept, &f->problem),
                     0);
    assert_int_equal(kept.event_count, sizeof lines / sizeof *lines);
    assert_int_equal(copied.event_count, kept.event_count);
    for (size_t i = 0; i < kept.event_count; i++) {
        const struct decoded_event *a = &copied.events[i], *b = &kept.events[i];
        assert_true(span_equal(a->json, b->json) && span_equal(a->event.id, b->event.id) &&
                    span_equal(a->event.name, b->event.name));
        assert_int_equal(b->json.data >= body && b->json.data < body + len, stays[i]);
        fixture_check_kept(f, b);
    }
    arena_free(arena);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(arrays),      TEST(unreadable_bodies), TEST(cut_off_bodies),
        TEST(deep_bodies), TEST(large_strings),     TEST(lines),
        TEST(many_events), TEST(bodies_that_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

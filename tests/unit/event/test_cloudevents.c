/* Events in CloudEvents 1.0 envelopes. */
#include "decode_fixture.h"

#include "support/check.h"

static const struct decoded_event *accept(struct fixture *f, const char *json)
{
    if (fixture_decode(f, BODY_CLOUDEVENT, span_of(json)) != 0)
        fail_msg("%s: %s", json, f->problem.message);
    if (f->batch.event_count != 1)
        fail_msg("%s: %s", json, f->batch.refused[0].problem.message);
    fixture_check_kept(f, &f->batch.events[0]);
    return &f->batch.events[0];
}

static void refuse(struct fixture *f, const char *json, int code, const char *message)
{
    if (fixture_decode(f, BODY_CLOUDEVENT, span_of(json)) != 0)
        fail_msg("%s: %s", json, f->problem.message);
    if (f->batch.refused_count != 1)
        fail_msg("%s: accepted", json);
    const struct problem *p = &f->batch.refused[0].problem;
    if (p->code != code || strcmp(p->message, message) != 0)
        fail_msg("%s\n%d %s", json, p->code, p->message);
}

#define HEAD "{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/crm\","
#define SITE_HEAD HEAD "\"type\":\"site.updated\","

static void assert_kept(struct fixture *f, const char *json, const char *kept)
{
    struct span text = accept(f, json)->json;
    if (!span_equal(text, span_of(kept)))
        fail_msg("%.*s", (int)text.len, text.data);
}

static void unwraps(void **state)
{
    struct fixture *f = *state;
    assert_kept(f,
                HEAD
                "\"type\":\"chat.rated\",\"time\":\"2026-11-23T12:30:00+01:00\",\"subject\":\"s\","
                "\"datacontenttype\":\"application/json; charset=utf-8\",\"traceid\":\"t\","
                "\"data\":{\"score\" : 4.5,\n\"x\":[1,{\"y\":2}],\"chatId\":\"c\"}}",
                "{\"id\":\"/crm#7\",\"type\":\"chat.rated\",\"time\":\"2026-11-23T12:30:00+01:00\","
                "\"siteId\":10000,\"score\" : 4.5,\"x\":[1,{\"y\":2}],\"chatId\":\"c\"}");
    const struct event *e = &f->batch.events[0].event;
    assert_true(span_equal(e->id, SPAN("/crm#7")));
    assert_int_equal(e->score, 4500000000);
    assert_int_equal(e->time_us, FIXTURE_NOW - 30 * US_PER_MINUTE);
    assert_int_equal(e->fields, FIELD_CHAT | FIELD_SCORE);

    /* The envelope's id, type and time go before the data's. */
    assert_kept(f,
                SITE_HEAD "\"data\":{\"id\":\"x\",\"type\":5,\"time\":\"never\",\"siteId\":7,"
                          "\"name\":\"n\"}}",
                "{\"id\":\"/crm#7\",\"type\":\"site.updated\",\"time\":\"2026-11-23T12:00:00Z\","
                "\"siteId\":7,\"name\":\"n\"}");
    assert_kept(f, SITE_HEAD "\"time\":null,\"data\":null}",
                "{\"id\":\"/crm#7\",\"type\":\"site.updated\",\"time\":\"2026-11-23T12:00:00Z\","
                "\"siteId\":10000}");
    assert_kept(f,
                "{\"data\":{},\"specversion\":\"1.0\",\"type\":\"site.updated\","
                "\"source\":\"a\\\"b\\\\\\u0001\\u00e9\",\"id\":\"\\n\"}",
                "{\"id\":\"a\\\"b\\\\\\u0001\xC3\xA9#\\u000a\",\"type\":\"site.updated\","
                "\"time\":\"2026-11-23T12:00:00Z\",\"siteId\":10000}");
}

static void finds_the_site(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(accept(f, SITE_HEAD "\"siteid\":7}")->event.site_id, 7);
    assert_int_equal(accept(f, SITE_HEAD "\"siteid\":\"0042\"}")->event.site_id, 42);
    assert_int_equal(accept(f, SITE_HEAD "\"siteid\":7,\"data\":{\"siteId\":7}}")->event.site_id,
                     7);
    assert_int_equal(accept(f, SITE_HEAD "\"data\":{\"siteId\":8}}")->event.site_id, 8);
    refuse(f, SITE_HEAD "\"siteid\":7,\"data\":{\"siteId\":8}}", PROBLEM_EVENT_FIELD,
           "siteid is 7 and data has siteId 8: expected one site");
    refuse(f, SITE_HEAD "\"siteid\":\"seven\"}", PROBLEM_EVENT_FIELD,
           "siteid is \"seven\": expected a whole number from 1 on");
    refuse(f, SITE_HEAD "\"siteid\":\"\"}", PROBLEM_EVENT_FIELD,
           "siteid is \"\": expected a whole number from 1 on");
    refuse(f, SITE_HEAD "\"siteid\":\"99999999999999999999\"}", PROBLEM_EVENT_FIELD,
           "siteid is \"99999999999999999999\": expected a whole number from 1 on");
    refuse(f, SITE_HEAD "\"siteid\":true}", PROBLEM_EVENT_FIELD,
           "siteid is true: expected a whole number from 1 on");
    refuse(f, SITE_HEAD "\"data\":{\"siteId\":8,\"siteId\":8}}", PROBLEM_EVENT_FIELD,
           "siteId is given twice: give it once");
    f->context.only_site = true;
    refuse(f, SITE_HEAD "\"siteid\":7}", PROBLEM_EVENT_SITE,
           "siteId is 7: expected 10000, the only site of this request");
    f->context.only_site = f->context.has_site = false;
    refuse(f, SITE_HEAD "\"data\":{}}", PROBLEM_EVENT_SITE,
           "siteId is missing: name the site in the event or with the request");
}

static void names_the_event(void **state)
{
    struct fixture *f = *state;
    char json[2048], source[1100], whole[1200], guid[GUID_TEXT_BYTES];
    static const int lengths[] = {126, 127, 1024};
    for (int i = 0; i < 3; i++) {
        snprintf(source, sizeof source, "%0*d", lengths[i], 0);
        snprintf(whole, sizeof whole, "%s#7", source);
        snprintf(
            json, sizeof json,
            "{\"specversion\":\"1.0\",\"id\":\"7\",\"type\":\"site.updated\",\"source\":\"%s\"}",
            source);
        struct guid wanted = guid_of_id(10000, span_of(whole));
        guid_format(&wanted, guid);
        struct span id = accept(f, json)->event.id;
        assert_true(span_equal(id, i == 0 ? span_of(whole) : (struct span){guid, sizeof guid}));
    }
    snprintf(source, sizeof source, "%01025d", 0);
    snprintf(json, sizeof json,
             "{\"specversion\":\"1.0\",\"id\":\"7\",\"type\":\"site.updated\",\"source\":\"%s\"}",
             source);
    refuse(f, json, PROBLEM_EVENT_FIELD, "source has 1025 bytes: expected at most 1024");
}

static void refuses_envelopes(void **state)
{
    struct fixture *f = *state;
#define NEEDS ": a CloudEvent needs specversion, id, source and type"
    refuse(f, "{}", PROBLEM_EVENT_FIELD, "specversion is missing" NEEDS);
    refuse(f, "{\"specversion\":\"1.0\",\"source\":\"s\",\"type\":\"t\"}", PROBLEM_EVENT_FIELD,
           "id is missing" NEEDS);
    refuse(f, "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":null,\"type\":\"t\"}",
           PROBLEM_EVENT_FIELD, "source is missing" NEEDS);
    refuse(f, "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\"}", PROBLEM_EVENT_FIELD,
           "type is missing" NEEDS);
    refuse(f, "{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\"}",
           PROBLEM_EVENT_FIELD, "specversion is \"0.3\": expected \"1.0\"");
    refuse(f, "{\"specversion\":1.0,\"id\":\"1\",\"source\":\"s\",\"type\":\"t\"}",
           PROBLEM_EVENT_FIELD,
           "specversion is 1.0: expected text that is not empty and has no NUL");
    refuse(f, "{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"s\",\"type\":\"t\"}",
           PROBLEM_EVENT_FIELD, "id is \"\": expected text that is not empty and has no NUL");
    refuse(f, "{\"specversion\":\"1.0\",\"id\":\"\\u0000\",\"source\":\"s\",\"type\":\"t\"}",
           PROBLEM_EVENT_FIELD,
           "id is \"\\u0000\": expected text that is not empty and has no NUL");
    refuse(f, HEAD "\"type\":\"com.example.site.updated\"}", PROBLEM_EVENT_TYPE,
           "type is \"com.example.site.updated\": expected an event type such as chat.requested");
    refuse(f, SITE_HEAD "\"data\":[]}", PROBLEM_EVENT_FIELD, "data is []: expected an object");
    refuse(f, SITE_HEAD "\"data\":\"{}\"}", PROBLEM_EVENT_FIELD,
           "data is \"{}\": expected an object");
    refuse(f, SITE_HEAD "\"data_base64\":\"e30=\"}", PROBLEM_EVENT_FIELD,
           "data_base64 cannot be read: expected data, an object");
    refuse(f, SITE_HEAD "\"datacontenttype\":\"text/xml\",\"data\":{}}", PROBLEM_EVENT_FIELD,
           "datacontenttype is \"text/xml\": expected application/json");
    refuse(f, SITE_HEAD "\"id\":\"8\"}", PROBLEM_EVENT_FIELD, "id is given twice: give it once");
    refuse(f, SITE_HEAD "\"data\":{},\"data\":{}}", PROBLEM_EVENT_FIELD,
           "data is given twice: give it once");
    refuse(f, SITE_HEAD "\"data\":{\"name\":\"a\",\"name\":\"b\"}}", PROBLEM_EVENT_FIELD,
           "name is given twice: give it once");
    refuse(f, SITE_HEAD "\"time\":\"2026-11-23T12:00:00\"}", PROBLEM_EVENT_TIME,
           "time is \"2026-11-23T12:00:00\", without a zone: end it with Z or an offset such as "
           "+02:00");
    refuse(f, HEAD "\"type\":\"chat.ended\"}", PROBLEM_EVENT_FIELD,
           "chatId is missing: chat.ended needs it");
    refuse(f, SITE_HEAD "\"x\":1e999}", PROBLEM_EVENT_FIELD,
           "x is 1e999: expected less than 1e308");
}

static void batches(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        fixture_decode(f, BODY_CLOUDEVENT_BATCH,
                       SPAN("[" SITE_HEAD "\"data\":{}},{}," SITE_HEAD "\"siteid\":5}]")),
        0);
    assert_int_equal(f->batch.event_count, 2);
    assert_int_equal(f->batch.events[1].index, 2);
    assert_int_equal(f->batch.refused[0].index, 1);
    assert_int_equal(fixture_decode(f, BODY_CLOUDEVENT, SPAN("[" SITE_HEAD "\"data\":{}}]")), -1);
    assert_string_equal(f->problem.message,
                        "The body is an array: send application/cloudevents-batch+json");
    assert_int_equal(fixture_decode(f, BODY_CLOUDEVENT_BATCH, SPAN(SITE_HEAD "\"data\":{}}")), -1);
    assert_string_equal(f->problem.message,
                        "The body is one object: send application/cloudevents+json");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unwraps),           TEST(finds_the_site), TEST(names_the_event),
        TEST(refuses_envelopes), TEST(batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

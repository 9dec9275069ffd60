/* Every reason to refuse an event, with its code and its sentence. */
#include "base/buffer.h"
#include "decode_fixture.h"

#include "support/check.h"

struct refusal {
    const char *json;
    int code;
    const char *message;
};

static void refuse_all(struct fixture *f, const struct refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct problem *p = fixture_refuse(f, cases[i].json);
        if (p->code != cases[i].code || strcmp(p->message, cases[i].message) != 0)
            fail_msg("%s\n%d %s\n%d %s", cases[i].json, p->code, p->message, cases[i].code,
                     cases[i].message);
    }
}

#define ALL(cases) (cases), sizeof(cases) / sizeof *(cases)

static void wrong_types(void **state)
{
    static const struct refusal cases[] = {
        {"{}", PROBLEM_EVENT_TYPE,
         "type is missing: expected an event type such as chat.requested"},
        {"{\"type\":null}", PROBLEM_EVENT_TYPE,
         "type is missing: expected an event type such as chat.requested"},
        {"{\"type\":\"chat.exploded\"}", PROBLEM_EVENT_TYPE,
         "type is \"chat.exploded\": expected an event type such as chat.requested"},
        {"{\"type\":\"Chat.Requested\"}", PROBLEM_EVENT_TYPE,
         "type is \"Chat.Requested\": expected an event type such as chat.requested"},
        {"{\"type\":5}", PROBLEM_EVENT_TYPE,
         "type is 5: expected an event type such as chat.requested"},
        {"{\"type\":{\"a\":\n1}}", PROBLEM_EVENT_TYPE,
         "type is {\"a\": 1}: expected an event type such as chat.requested"},
        {"[5]", PROBLEM_EVENT, "The event is 5: expected an object"},
        {"[[{\"type\":\"site.updated\"}]]", PROBLEM_EVENT,
         "The event is [{\"type\":\"site.updated\"}]: expected an object"},
        {"[null]", PROBLEM_EVENT, "The event is null: expected an object"},
        {"{\"type\":\"site.updated\",\"type\":\"site.updated\"}", PROBLEM_EVENT_FIELD,
         "type is given twice: give it once"},
        {"{\"type\":\"site.updated\",\"id\":null,\"i\\u0064\":\"a\"}", PROBLEM_EVENT_FIELD,
         "id is given twice: give it once"},
        {"{\"type\":\"site.updated\",\"name\":null,\"name\":\"a\"}", PROBLEM_EVENT_FIELD,
         "name is given twice: give it once"},
    };
    refuse_all(*state, ALL(cases));
}

static void wrong_heads(void **state)
{
    struct fixture *f = *state;
    static const struct refusal cases[] = {
        {"{\"type\":\"site.updated\",\"id\":\"\"}", PROBLEM_EVENT_FIELD,
         "id is \"\": expected text of 1 to 128 bytes without NUL"},
        {"{\"type\":\"site.updated\",\"id\":7}", PROBLEM_EVENT_FIELD,
         "id is 7: expected text of 1 to 128 bytes without NUL"},
        {"{\"type\":\"site.updated\",\"id\":\"a\\u0000b\"}", PROBLEM_EVENT_FIELD,
         "id is \"a\\u0000b\": expected text of 1 to 128 bytes without NUL"},
        {"{\"type\":\"site.updated\",\"siteId\":0}", PROBLEM_EVENT_FIELD,
         "siteId is 0: expected a whole number from 1 on"},
        {"{\"type\":\"site.updated\",\"siteId\":-5}", PROBLEM_EVENT_FIELD,
         "siteId is -5: expected a whole number from 1 on"},
        {"{\"type\":\"site.updated\",\"siteId\":1.5}", PROBLEM_EVENT_FIELD,
         "siteId is 1.5: expected a whole number from 1 on"},
        {"{\"type\":\"site.updated\",\"siteId\":\"10000\"}", PROBLEM_EVENT_FIELD,
         "siteId is \"10000\": expected a whole number from 1 on"},
        {"{\"type\":\"site.updated\",\"siteId\":99999999999999999999}", PROBLEM_EVENT_FIELD,
         "siteId is 99999999999999999999: expected a whole number from 1 on"},
        {"{\"type\":\"site.updated\",\"siteId\":true}", PROBLEM_EVENT_FIELD,
         "siteId is true: expected a whole number from 1 on"},
        {"{\"type\":\"site.updated\",\"weight\":1e999}", PROBLEM_EVENT_FIELD,
         "weight is 1e999: expected less than 1e308"},
        {"{\"type\":\"site.updated\",\"weights\":[{\"a\":[-1e999]}]}", PROBLEM_EVENT_FIELD,
         "a number is -1e999: expected less than 1e308"},
    };
    refuse_all(f, ALL(cases));

    static const struct refusal elsewhere = {
        "{\"type\":\"site.updated\",\"siteId\":7}", PROBLEM_EVENT_SITE,
        "siteId is 7: expected 10000, the only site of this request"};
    f->context.only_site = true;
    refuse_all(f, &elsewhere, 1);
    static const struct refusal nowhere = {
        "{\"type\":\"site.updated\"}", PROBLEM_EVENT_SITE,
        "siteId is missing: name the site in the event or with the request"};
    f->context.only_site = f->context.has_site = false;
    refuse_all(f, &nowhere, 1);
}

static void wrong_times(void **state)
{
    struct fixture *f = *state;
#define FORM "expected yyyy-MM-ddTHH:mm:ss[.f] with Z or an offset such as +02:00"
#define NO_SUCH "there is no such date, time of day or zone"
    static const struct {
        const char *time;
        int code;
        const char *says;
    } cases[] = {
        {"\"\"", PROBLEM_EVENT_TIME, ": " FORM},
        {"5", PROBLEM_EVENT_TIME, ": " FORM},
        {"\"yesterday\"", PROBLEM_EVENT_TIME, ": " FORM},
        {"\"2026-11-23 12:00:00Z\"", PROBLEM_EVENT_TIME, ": " FORM},
        {"\"2026-11-23T12:00:00 02:00\"", PROBLEM_EVENT_TIME, ": " FORM},
        {"\"2026-11-23T12:00:00Z\\u0000\"", PROBLEM_EVENT_TIME, ": " FORM},
        {"\"2026-11-23T12:00:00\"", PROBLEM_EVENT_TIME,
         ", without a zone: end it with Z or an offset such as +02:00"},
        {"\"2026-02-30T12:00:00Z\"", PROBLEM_EVENT_TIME, ": " NO_SUCH},
        {"\"2026-11-23T24:00:00Z\"", PROBLEM_EVENT_TIME, ": " NO_SUCH},
        {"\"2016-12-31T23:59:60Z\"", PROBLEM_EVENT_TIME, ": " NO_SUCH},
        {"\"2026-11-23T12:00:00+00:13\"", PROBLEM_EVENT_TIME, ": " NO_SUCH},
        {"\"2026-11-23T12:00:00+15:00\"", PROBLEM_EVENT_TIME, ": " NO_SUCH},
        {"\"0000-01-01T00:00:00Z\"", PROBLEM_EVENT_TIME, ": " NO_SUCH},
        {"\"0001-01-01T00:00:00Z\"", PROBLEM_EVENT_TOO_OLD,
         ": events older than 24 hours are refused"},
        {"\"2026-11-22T11:59:59.999999Z\"", PROBLEM_EVENT_TOO_OLD,
         ": events older than 24 hours are refused"},
        {"\"2026-11-23T12:05:00.000001Z\"", PROBLEM_EVENT_AHEAD,
         ": ahead of the server's clock, expected at most 2026-11-23T12:05:00Z"},
        {"\"9999-12-31T23:59:59Z\"", PROBLEM_EVENT_AHEAD,
         ": ahead of the server's clock, expected at most 2026-11-23T12:05:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[160], message[256];
        snprintf(json, sizeof json, "{\"type\":\"site.updated\",\"time\":%s}", cases[i].time);
        snprintf(message, sizeof message, "time is %s%s", cases[i].time, cases[i].says);
        struct refusal wanted = {json, cases[i].code, message};
        refuse_all(f, &wanted, 1);
    }
    f->context.oldest_why = NULL;
    assert_string_equal(
        fixture_refuse(f, "{\"type\":\"site.updated\",\"time\":\"2000-01-01T00:00:00Z\"}")->message,
        "time is \"2000-01-01T00:00:00Z\": older than events are accepted here");
}

static void wrong_values(void **state)
{
    static const struct {
        const char *members, *message;
    } cases[] = {
        {"\"site.updated\",\"name\":5", "name is 5: expected text"},
        {"\"site.updated\",\"name\":[\"a\"]", "name is [\"a\"]: expected text"},
        {"\"site.updated\",\"name\":\"a\\u0000\"",
         "name is \"a\\u0000\": expected text without NUL and in whole characters"},
        {"\"site.updated\",\"name\":\"\\udc00\"",
         "name is \"\\udc00\": expected text without NUL and in whole characters"},
#define OFFSET "expected a whole number from -840 to 840, a multiple of 15"
        {"\"site.updated\",\"utcOffset\":8", "utcOffset is 8: " OFFSET},
        {"\"site.updated\",\"utcOffset\":855", "utcOffset is 855: " OFFSET},
        {"\"site.updated\",\"utcOffset\":-855", "utcOffset is -855: " OFFSET},
        {"\"site.updated\",\"utcOffset\":60.5", "utcOffset is 60.5: " OFFSET},
        {"\"site.updated\",\"utcOffset\":\"60\"", "utcOffset is \"60\": " OFFSET},
        {"\"department.updated\",\"departmentId\":\"d\",\"isAvailableInLiveChat\":1",
         "isAvailableInLiveChat is 1: expected true or false"},
        {"\"department.updated\",\"departmentId\":\"d\",\"isAvailableInLiveChat\":\"true\"",
         "isAvailableInLiveChat is \"true\": expected true or false"},
        {"\"agent.updated\",\"agentId\":7", "agentId is 7: expected text"},
        {"\"agent.updated\",\"agentId\":\"\"",
         "agentId is \"\": expected a GUID or another text that is not empty"},
        {"\"agent.updated\",\"agentId\":\"\\u0000\"",
         "agentId is \"\\u0000\": expected text without NUL and in whole characters"},
#define LIMIT "expected a whole number from 0 to 1000000"
        {"\"agent.updated\",\"agentId\":\"a\",\"maxConcurrentChats\":-1",
         "maxConcurrentChats is -1: " LIMIT},
        {"\"agent.updated\",\"agentId\":\"a\",\"maxConcurrentChats\":1000001",
         "maxConcurrentChats is 1000001: " LIMIT},
        {"\"agent.updated\",\"agentId\":\"a\",\"maxConcurrentChats\":1e99",
         "maxConcurrentChats is 1e99: " LIMIT},
        {"\"agent.updated\",\"agentId\":\"a\",\"maxConcurrentChats\":2.5",
         "maxConcurrentChats is 2.5: " LIMIT},
        {"\"agent.updated\",\"agentId\":\"a\",\"departmentIds\":\"d\"",
         "departmentIds is \"d\": expected an array of ids"},
        {"\"agent.updated\",\"agentId\":\"a\",\"departmentIds\":{\"d\":1}",
         "departmentIds is {\"d\":1}: expected an array of ids"},
        {"\"agent.updated\",\"agentId\":\"a\",\"departmentIds\":[\"d\",null]",
         "departmentIds is null: expected text"},
        {"\"agent.updated\",\"agentId\":\"a\",\"departmentIds\":[[\"d\"]]",
         "departmentIds is [\"d\"]: expected text"},
        {"\"status.updated\",\"statusId\":\"s\",\"name\":\"n\",\"kind\":\"Away\"",
         "kind is \"Away\": expected online, away or offline"},
        {"\"invitation.sent\",\"invitationId\":\"i\",\"visitorId\":\"v\",\"kind\":\"away\"",
         "kind is \"away\": expected manual or auto"},
        {"\"chat.requested\",\"chatId\":\"c\",\"visitorId\":\"v\",\"source\":\"manual\"",
         "source is \"manual\": expected visitor, manualInvitation or autoInvitation"},
        {"\"chat.message\",\"chatId\":\"c\",\"sender\":\"robot\"",
         "sender is \"robot\": expected visitor, agent, bot or system"},
        {"\"chat.message\",\"chatId\":\"c\",\"sender\":0",
         "sender is 0: expected visitor, agent, bot or system"},
        {"\"chat.ended\",\"chatId\":\"c\",\"endedBy\":\"nobody\"",
         "endedBy is \"nobody\": expected visitor, agent, bot or system"},
#define SCORE "expected a number from 0 to 5"
        {"\"chat.rated\",\"chatId\":\"c\",\"score\":7", "score is 7: " SCORE},
        {"\"chat.rated\",\"chatId\":\"c\",\"score\":-1", "score is -1: " SCORE},
        {"\"chat.rated\",\"chatId\":\"c\",\"score\":5.0000000000000001",
         "score is 5.0000000000000001: " SCORE},
        {"\"chat.rated\",\"chatId\":\"c\",\"score\":-0.0000000000000001",
         "score is -0.0000000000000001: " SCORE},
        {"\"chat.rated\",\"chatId\":\"c\",\"score\":\"5\"", "score is \"5\": " SCORE},
        {"\"chat.rated\",\"chatId\":\"c\",\"score\":1e300", "score is 1e300: " SCORE},
        {"\"chat.rated\",\"chatId\":\"c\",\"score\":1e999",
         "score is 1e999: expected less than 1e308"},
        {"\"chat.rated\",\"chatId\":\"c\",\"score\":true", "score is true: " SCORE},
        {"\"chat.message\",\"chatId\":\"c\",\"sender\":\"agent\"",
         "agentId is missing: expected with sender agent"},
        {"\"chat.transferred\",\"chatId\":\"c\"",
         "toAgentId and toDepartmentId are missing: expected one or both"},
        {"\"chat.transferred\",\"chatId\":\"c\",\"fromAgentId\":\"f\",\"agentId\":\"a\"",
         "toAgentId and toDepartmentId are missing: expected one or both"},
        {"\"visitor.seen\",\"visitorId\":"
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\u0000\"",
         "visitorId is \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: expected text "
         "without NUL and in whole characters"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[512];
        snprintf(json, sizeof json, "{\"type\":%s}", cases[i].members);
        struct refusal wanted = {json, PROBLEM_EVENT_FIELD, cases[i].message};
        refuse_all(*state, &wanted, 1);
    }
}

/* Each required field of each type, left out and null. */
static void missing_fields(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *type;
        const char *needs[3];
    } cases[] = {
        {"department.updated", {"departmentId"}},
        {"agent.updated", {"agentId"}},
        {"status.updated", {"statusId", "name", "kind"}},
        {"department.deleted", {"departmentId"}},
        {"agent.deleted", {"agentId"}},
        {"agent.statusChanged", {"agentId", "statusId"}},
        {"visitor.seen", {"visitorId"}},
        {"chat.botStarted", {"chatId", "visitorId"}},
        {"chat.requested", {"chatId", "visitorId"}},
        {"chat.transferred", {"chatId"}},
        {"chat.accepted", {"chatId", "agentId"}},
        {"chat.message", {"chatId", "sender"}},
        {"chat.agentLeft", {"chatId", "agentId"}},
        {"chat.rated", {"chatId", "score"}},
        {"invitation.accepted", {"invitationId", "visitorId"}},
        {"invitation.sent", {"invitationId", "visitorId"}},
        {"invitation.refused", {"invitationId", "visitorId"}},
        {"chat.abandoned", {"chatId"}},
        {"chat.switchedToMessage", {"chatId"}},
        {"chat.refused", {"chatId"}},
        {"chat.missed", {"chatId"}},
        {"chat.ended", {"chatId"}},
        {"visitor.left", {"visitorId"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int out = 0; out < 6 && cases[i].needs[out % 3] != NULL; out++) {
            struct buffer b = {0};
            char message[128];
            buffer_printf(&b, "{\"type\":\"%s\"", cases[i].type);
            for (int n = 0; n < 3 && cases[i].needs[n] != NULL; n++) {
                const char *key = cases[i].needs[n];
                const char *value = strcmp(key, "score") == 0    ? "1"
                                    : strcmp(key, "kind") == 0   ? "\"away\""
                                    : strcmp(key, "sender") == 0 ? "\"bot\""
                                                                 : "\"x\"";
                if (n != out % 3)
                    buffer_printf(&b, ",\"%s\":%s", key, value);
                else if (out >= 3)
                    buffer_printf(&b, ",\"%s\":null", key);
            }
            buffer_append(&b, "}", 2);
            snprintf(message, sizeof message, "%s is missing: %s needs it", cases[i].needs[out % 3],
                     cases[i].type);
            struct refusal wanted = {b.data, PROBLEM_EVENT_FIELD, message};
            refuse_all(f, &wanted, 1);
            buffer_free(&b);
        }
    }
}

/* A string member of so many bytes. */
static const struct problem *refuse_long(struct fixture *f, const char *head, int len)
{
    static char json[2048];
    snprintf(json, sizeof json, "{%s\"%0*d\"}", head, len, 0);
    return fixture_refuse(f, json);
}

static void long_texts(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(refuse_long(f, "\"type\":\"site.updated\",\"id\":", 129)->message,
                        "id has 129 bytes: expected at most 128");
    assert_string_equal(refuse_long(f, "\"type\":\"chat.ended\",\"chatId\":", 129)->message,
                        "chatId has 129 bytes: expected at most 128");
    assert_string_equal(refuse_long(f, "\"type\":\"site.updated\",\"name\":", 1025)->message,
                        "name has 1025 bytes: expected at most 1024");
    char json[2048];
    snprintf(json, sizeof json,
             "{\"type\":\"site.updated\",\"id\":\"%0128d\",\"name\":\"%01024d\"}", 0, 0);
    fixture_accept(f, json);
}

/* A message shows only so much of a value, and whole characters of it. */
static void messages_stay_short(void **state)
{
    struct fixture *f = *state;
    for (int lead = 0; lead < 4; lead++) {
        char json[512];
        snprintf(json, sizeof json,
                 "{\"type\":\"%.*s\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80"
                 "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80"
                 "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80"
                 "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\"}",
                 lead, "xxx");
        const struct problem *p = fixture_refuse(f, json);
        assert_true(span_is_text(span_of(p->message)));
        assert_non_null(strstr(p->message, "...: expected an event type"));
    }
}

static void kept_events_are_complete(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *json;
        int code;
    } cases[] = {
        {"{\"type\":\"site.updated\",\"time\":\"2026-11-23T12:00:00Z\",\"siteId\":1}",
         PROBLEM_EVENT_FIELD},
        {"{\"type\":\"site.updated\",\"id\":\"a\",\"siteId\":1}", PROBLEM_EVENT_TIME},
        {"{\"type\":\"site.updated\",\"id\":\"a\",\"time\":\"2026-11-23T12:00:00Z\"}",
         PROBLEM_EVENT_SITE},
        {"{\"id\":\"a\",\"siteId\":1,\"time\":\"2026-11-23T12:00:00Z\"}", PROBLEM_EVENT_TYPE},
        {"[]", PROBLEM_BODY},
        {"", PROBLEM_BODY},
        {"{\"type\":", PROBLEM_BODY},
        {"{} {}", PROBLEM_BODY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event e;
        struct problem p = {0};
        assert_int_equal(decode_stored(f->decoder, span_of(cases[i].json), &e, &p), -1);
        assert_int_equal(p.code, cases[i].code);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wrong_types),         TEST(wrong_heads),
        TEST(wrong_times),         TEST(wrong_values),
        TEST(missing_fields),      TEST(long_texts),
        TEST(messages_stay_short), TEST(kept_events_are_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

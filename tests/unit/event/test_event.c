/* Types, ranks, names, built-in statuses, and outside ids. */
#include "event/decode.h"
#include "support/check.h"

static void types_have_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENT_TYPES; i++) {
        enum event_type found = EVENT_TYPES;
        struct span name = event_type_name((enum event_type)i);
        assert_int_equal(name.len, strlen(name.data));
        assert_true(event_type_find(name, &found));
        assert_int_equal(found, i);
    }
    enum event_type found;
    assert_false(event_type_find(SPAN("chat.Requested"), &found));
    assert_false(event_type_find(SPAN(""), &found));
    assert_false(event_type_find(SPAN("chat.requested "), &found));
}

static void ranks_are_those_of_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned rank;
    } cases[] = {
        {"site.updated", 0},
        {"department.updated", 0},
        {"agent.updated", 0},
        {"status.updated", 0},
        {"department.deleted", 1},
        {"agent.deleted", 1},
        {"agent.statusChanged", 2},
        {"visitor.seen", 2},
        {"chat.botStarted", 3},
        {"chat.requested", 4},
        {"chat.transferred", 5},
        {"chat.accepted", 6},
        {"chat.message", 7},
        {"chat.agentLeft", 8},
        {"chat.rated", 9},
        {"invitation.accepted", 9},
        {"invitation.sent", 9},
        {"invitation.refused", 9},
        {"offlineMessage.submitted", 9},
        {"chat.abandoned", 10},
        {"chat.switchedToMessage", 10},
        {"chat.refused", 10},
        {"chat.missed", 10},
        {"chat.ended", 10},
        {"visitor.left", 10},
    };
    assert_int_equal(sizeof cases / sizeof *cases, EVENT_TYPES);
    for (size_t i = 0; i < EVENT_TYPES; i++) {
        enum event_type type;
        assert_true(event_type_find(span_of(cases[i].name), &type));
        assert_int_equal(event_rank(type), cases[i].rank);
    }
}

static void assert_guid(const struct guid *g, const char *text)
{
    char out[GUID_TEXT_BYTES + 1] = {0};
    guid_format(g, out);
    assert_string_equal(out, text);
}

static void statuses_are_built_in(void **state)
{
    (void)state;
    assert_guid(&STATUS_ID_ONLINE, "00000000-0000-0000-0000-000000000000");
    assert_guid(&STATUS_ID_AWAY, "00000000-0000-0000-0000-000000000001");
    assert_guid(&STATUS_ID_OFFLINE, "00000000-0000-0000-0000-000000000002");
}

static void outside_ids_map(void **state)
{
    (void)state;
    struct guid g = guid_of_id(10000, SPAN("dept-0"));
    assert_guid(&g, "f1f821eb-90ab-52f2-8a7c-ab38db8c1a38");
    g = guid_of_id(7, SPAN("dept-0"));
    assert_guid(&g, "3b26af27-2548-5192-a059-3a8baca55b65");
    g = guid_of_id(7, SPAN("{F1F821EB90AB52F28A7CAB38DB8C1A38}"));
    assert_guid(&g, "f1f821eb-90ab-52f2-8a7c-ab38db8c1a38");
}

static void formats_are_found(void **state)
{
    (void)state;
    enum body_format format;
    assert_true(body_format_find(SPAN("application/json"), &format));
    assert_int_equal(format, BODY_JSON);
    assert_true(body_format_find(SPAN(" Application/JSON ; charset=utf-8"), &format));
    assert_int_equal(format, BODY_JSON);
    assert_true(body_format_find(SPAN("application/x-ndjson;charset=utf-8"), &format));
    assert_int_equal(format, BODY_NDJSON);
    assert_true(body_format_find(SPAN("application/cloudevents+json"), &format));
    assert_int_equal(format, BODY_CLOUDEVENT);
    assert_true(body_format_find(SPAN("application/cloudevents-batch+json"), &format));
    assert_int_equal(format, BODY_CLOUDEVENT_BATCH);
    static const char *const others[] = {
        "", ";", "json", "application/jsonx", "text/csv", "application/json, application/json"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(body_format_find(span_of(others[i]), &format));
    assert_false(body_format_find((struct span){NULL, 0}, &format));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_names),      cmocka_unit_test(ranks_are_those_of_the_table),
        cmocka_unit_test(statuses_are_built_in), cmocka_unit_test(outside_ids_map),
        cmocka_unit_test(formats_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

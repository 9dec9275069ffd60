/* Every type of event, at its least and in full, and what its normal text keeps. */
#include "base/buffer.h"
#include "decode_fixture.h"

#include "support/check.h"

static void assert_guid(const struct guid *g, const char *text)
{
    char out[GUID_TEXT_BYTES + 1] = {0};
    guid_format(g, out);
    assert_string_equal(out, text);
}

/* Is the GUID that of an outside id of site 10000? */
static void assert_id(const struct guid *g, const char *id)
{
    struct guid wanted = guid_of_id(10000, span_of(id));
    assert_true(guid_equal(g, &wanted));
}

static void assert_span(struct span s, const char *text)
{
    assert_true(span_equal(s, span_of(text)));
}

static const struct event *accept(struct fixture *f, const char *json)
{
    return &fixture_accept(f, json)->event;
}

/* One event with nothing but what its type needs. */
static void least(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum event_type type;
        uint32_t fields;
        const char *members;
    } cases[] = {
        {EVENT_SITE_UPDATED, 0, ""},
        {EVENT_DEPARTMENT_UPDATED, FIELD_DEPARTMENT, ",\"departmentId\":\"d\""},
        {EVENT_AGENT_UPDATED, FIELD_AGENT, ",\"agentId\":\"a\""},
        {EVENT_STATUS_UPDATED, FIELD_STATUS | FIELD_NAME | FIELD_KIND,
         ",\"statusId\":\"s\",\"name\":\"Lunch\",\"kind\":\"away\""},
        {EVENT_DEPARTMENT_DELETED, FIELD_DEPARTMENT, ",\"departmentId\":\"d\""},
        {EVENT_AGENT_DELETED, FIELD_AGENT, ",\"agentId\":\"a\""},
        {EVENT_AGENT_STATUS_CHANGED, FIELD_AGENT | FIELD_STATUS,
         ",\"agentId\":\"a\",\"statusId\":\"s\""},
        {EVENT_VISITOR_SEEN, FIELD_VISITOR, ",\"visitorId\":\"v\""},
        {EVENT_CHAT_BOT_STARTED, FIELD_CHAT | FIELD_VISITOR,
         ",\"chatId\":\"c\",\"visitorId\":\"v\""},
        {EVENT_CHAT_REQUESTED, FIELD_CHAT | FIELD_VISITOR, ",\"chatId\":\"c\",\"visitorId\":\"v\""},
        {EVENT_CHAT_TRANSFERRED, FIELD_CHAT | FIELD_AGENT, ",\"chatId\":\"c\",\"toAgentId\":\"a\""},
        {EVENT_CHAT_TRANSFERRED, FIELD_CHAT | FIELD_DEPARTMENT,
         ",\"chatId\":\"c\",\"toDepartmentId\":\"d\""},
        {EVENT_CHAT_ACCEPTED, FIELD_CHAT | FIELD_AGENT, ",\"chatId\":\"c\",\"agentId\":\"a\""},
        {EVENT_CHAT_MESSAGE, FIELD_CHAT | FIELD_SENDER, ",\"chatId\":\"c\",\"sender\":\"visitor\""},
        {EVENT_CHAT_AGENT_LEFT, FIELD_CHAT | FIELD_AGENT, ",\"chatId\":\"c\",\"agentId\":\"a\""},
        {EVENT_CHAT_RATED, FIELD_CHAT | FIELD_SCORE, ",\"chatId\":\"c\",\"score\":0"},
        {EVENT_INVITATION_ACCEPTED, FIELD_INVITATION | FIELD_VISITOR,
         ",\"invitationId\":\"i\",\"visitorId\":\"v\""},
        {EVENT_INVITATION_SENT, FIELD_INVITATION | FIELD_VISITOR,
         ",\"invitationId\":\"i\",\"visitorId\":\"v\""},
        {EVENT_INVITATION_REFUSED, FIELD_INVITATION | FIELD_VISITOR,
         ",\"invitationId\":\"i\",\"visitorId\":\"v\""},
        {EVENT_OFFLINE_MESSAGE, 0, ""},
        {EVENT_CHAT_ABANDONED, FIELD_CHAT, ",\"chatId\":\"c\""},
        {EVENT_CHAT_SWITCHED_TO_MESSAGE, FIELD_CHAT, ",\"chatId\":\"c\""},
        {EVENT_CHAT_REFUSED, FIELD_CHAT, ",\"chatId\":\"c\""},
        {EVENT_CHAT_MISSED, FIELD_CHAT, ",\"chatId\":\"c\""},
        {EVENT_CHAT_ENDED, FIELD_CHAT, ",\"chatId\":\"c\""},
        {EVENT_VISITOR_LEFT, FIELD_VISITOR, ",\"visitorId\":\"v\""},
    };
    uint32_t types = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[512];
        snprintf(json, sizeof json, "{\"type\":\"%s\"%s}", event_type_name(cases[i].type).data,
                 cases[i].members);
        const struct event *e = accept(f, json);
        assert_int_equal(e->type, cases[i].type);
        assert_int_equal(e->fields, cases[i].fields);
        assert_int_equal(e->time_us, FIXTURE_NOW);
        assert_int_equal(e->site_id, 10000);
        struct guid id;
        assert_true(guid_parse(e->id, &id));
        assert_int_equal(id.bytes[6] >> 4, 4);
        if (event_has(e, FIELD_CHAT))
            assert_id(&e->chat, "c");
        if (event_has(e, FIELD_VISITOR))
            assert_id(&e->visitor, "v");
        if (event_has(e, FIELD_AGENT))
            assert_id(&e->agent, "a");
        if (event_has(e, FIELD_DEPARTMENT))
            assert_id(&e->department, "d");
        if (event_has(e, FIELD_INVITATION))
            assert_id(&e->invitation, "i");
        if (event_has(e, FIELD_STATUS))
            assert_id(&e->status, "s");
        types |= 1u << e->type;
    }
    assert_int_equal(types, (1u << EVENT_TYPES) - 1);
}

static void full_directory(void **state)
{
    struct fixture *f = *state;
    const struct event *e = accept(f, "{\"id\":\"e1\",\"type\":\"site.updated\",\"name\":\"Shop\","
                                      "\"utcOffset\":-570}");
    assert_int_equal(e->fields, FIELD_NAME | FIELD_UTC_OFFSET);
    assert_span(e->id, "e1");
    assert_span(e->name, "Shop");
    assert_int_equal(e->utc_offset_min, -570);

    e = accept(f, "{\"type\":\"department.updated\",\"departmentId\":\"d\",\"name\":\"Sales\","
                  "\"description\":\"\",\"isAvailableInLiveChat\":false,"
                  "\"isAvailableInTicketingAndMessaging\":true}");
    assert_int_equal(e->fields, FIELD_DEPARTMENT | FIELD_NAME | FIELD_DESCRIPTION |
                                    FIELD_AVAILABLE_LIVE_CHAT | FIELD_AVAILABLE_TICKETING);
    assert_span(e->description, "");
    assert_false(e->available_live_chat);
    assert_true(e->available_ticketing);

    e = accept(f, "{\"type\":\"status.updated\",\"statusId\":\"x\",\"name\":\"On the phone\","
                  "\"kind\":\"offline\"}");
    assert_int_equal(e->kind, STATUS_OFFLINE);
    e = accept(f, "{\"type\":\"status.updated\",\"statusId\":\"x\",\"name\":\"\","
                  "\"kind\":\"online\"}");
    assert_int_equal(e->kind, STATUS_ONLINE);
}

static void full_agent(void **state)
{
    struct fixture *f = *state;
    const struct event *e = accept(
        f, "{\"type\":\"agent.updated\",\"agentId\":\"a\",\"displayName\":\"Ann\","
           "\"email\":\"ann@example.com\",\"firstName\":\"Ann\\u00e9\",\"lastName\":\"Li\","
           "\"title\":\"Dr\",\"bio\":\"line\\nline\",\"phone\":\"+1\",\"isAdmin\":true,"
           "\"isActive\":true,\"isLocked\":false,\"maxConcurrentChats\":1000000,"
           "\"departmentIds\":[\"d1\",\"d2\",\"d1\",\"d3\",\"d2\"],\"avatar\":\"http://a/b\"}");
    assert_int_equal(e->fields, FIELD_AGENT | FIELD_DISPLAY_NAME | FIELD_EMAIL | FIELD_FIRST_NAME |
                                    FIELD_LAST_NAME | FIELD_TITLE | FIELD_BIO | FIELD_PHONE |
                                    FIELD_IS_ADMIN | FIELD_IS_ACTIVE | FIELD_IS_LOCKED |
                                    FIELD_MAX_CONCURRENT | FIELD_DEPARTMENT_IDS | FIELD_AVATAR);
    assert_span(e->display_name, "Ann");
    assert_span(e->email, "ann@example.com");
    assert_span(e->first_name, "Ann\xC3\xA9");
    assert_span(e->last_name, "Li");
    assert_span(e->title, "Dr");
    assert_span(e->bio, "line\nline");
    assert_span(e->phone, "+1");
    assert_span(e->avatar, "http://a/b");
    assert_true(e->is_admin && e->is_active && !e->is_locked);
    assert_int_equal(e->max_concurrent, 1000000);
    assert_int_equal(e->department_count, 3);
    assert_id(&e->department_ids[0], "d1");
    assert_id(&e->department_ids[1], "d2");
    assert_id(&e->department_ids[2], "d3");

    e = accept(f, "{\"type\":\"agent.updated\",\"agentId\":\"a\",\"departmentIds\":[]}");
    assert_int_equal(e->fields, FIELD_AGENT | FIELD_DEPARTMENT_IDS);
    assert_int_equal(e->department_count, 0);
}

static void many_departments(void **state)
{
    struct fixture *f = *state;
    struct buffer b = {0};
    buffer_append_text(&b, "{\"type\":\"agent.updated\",\"agentId\":\"a\",\"departmentIds\":[");
    for (int i = 0; i < 1000; i++)
        buffer_printf(&b, "%s\"d%d\"", i == 0 ? "" : ",", i % 700);
    buffer_append_text(&b, "]}");
    buffer_append_char(&b, '\0');
    const struct event *e = accept(f, b.data);
    assert_int_equal(e->department_count, 700);
    assert_id(&e->department_ids[699], "d699");
    b.len -= 3;
    buffer_append_text(&b, ",\"one more\"]}");
    buffer_append_char(&b, '\0');
    assert_string_equal(fixture_refuse(f, b.data)->message,
                        "departmentIds has 1001 ids: expected at most 1000");
    buffer_free(&b);
}

static void full_chat(void **state)
{
    struct fixture *f = *state;
    const struct event *e =
        accept(f, "{\"type\":\"chat.requested\",\"chatId\":\"c\",\"visitorId\":\"v\","
                  "\"contactIdentityId\":\"k\",\"departmentId\":\"d\",\"agentId\":\"a\","
                  "\"source\":\"autoInvitation\"}");
    assert_int_equal(e->fields, FIELD_CHAT | FIELD_VISITOR | FIELD_CONTACT | FIELD_DEPARTMENT |
                                    FIELD_AGENT | FIELD_SOURCE);
    assert_id(&e->contact, "k");
    assert_id(&e->agent, "a");
    assert_int_equal(e->source, SOURCE_AUTO_INVITATION);

    e = accept(f, "{\"type\":\"chat.botStarted\",\"chatId\":\"c\",\"visitorId\":\"v\","
                  "\"contactIdentityId\":\"k\",\"botId\":\"b\"}");
    assert_id(&e->bot, "b");
    e = accept(f, "{\"type\":\"chat.transferred\",\"chatId\":\"c\",\"fromAgentId\":\"f\","
                  "\"toAgentId\":\"a\",\"toDepartmentId\":\"d\",\"agentId\":5}");
    assert_int_equal(e->fields, FIELD_CHAT | FIELD_FROM_AGENT | FIELD_AGENT | FIELD_DEPARTMENT);
    assert_id(&e->from_agent, "f");
    assert_id(&e->agent, "a");
    assert_id(&e->department, "d");
    e = accept(f, "{\"type\":\"chat.accepted\",\"chatId\":\"c\",\"agentId\":\"a\","
                  "\"visitorId\":\"v\"}");
    assert_id(&e->visitor, "v");
    e = accept(f, "{\"type\":\"chat.message\",\"chatId\":\"c\",\"sender\":\"agent\","
                  "\"agentId\":\"a\"}");
    assert_int_equal(e->sender, SENDER_AGENT);
    assert_id(&e->agent, "a");
    e = accept(f, "{\"type\":\"chat.message\",\"chatId\":\"c\",\"sender\":\"bot\"}");
    assert_int_equal(e->sender, SENDER_BOT);
    e = accept(f, "{\"type\":\"chat.message\",\"chatId\":\"c\",\"sender\":\"system\"}");
    assert_int_equal(e->sender, SENDER_SYSTEM);
    e = accept(f, "{\"type\":\"chat.ended\",\"chatId\":\"c\",\"endedBy\":\"system\"}");
    assert_int_equal(e->fields, FIELD_CHAT);
    e = accept(f, "{\"type\":\"chat.refused\",\"chatId\":\"c\",\"agentId\":\"a\"}");
    assert_int_equal(e->fields, FIELD_CHAT | FIELD_AGENT);
}

static void full_visitor(void **state)
{
    struct fixture *f = *state;
    const struct event *e = accept(f, "{\"type\":\"visitor.seen\",\"visitorId\":\"v\","
                                      "\"contactIdentityId\":\"k\"}");
    assert_int_equal(e->fields, FIELD_VISITOR | FIELD_CONTACT);
    static const char *const types[] = {"accepted", "sent", "refused"};
    for (int i = 0; i < 3; i++) {
        char json[256];
        snprintf(json, sizeof json,
                 "{\"type\":\"invitation.%s\",\"invitationId\":\"i\",\"visitorId\":\"v\","
                 "\"departmentId\":\"d\",\"kind\":\"auto\"}",
                 types[i]);
        e = accept(f, json);
        assert_int_equal(e->fields, FIELD_INVITATION | FIELD_VISITOR | FIELD_DEPARTMENT);
    }
    e = accept(f, "{\"type\":\"offlineMessage.submitted\",\"visitorId\":\"v\","
                  "\"departmentId\":\"d\"}");
    assert_int_equal(e->fields, FIELD_VISITOR | FIELD_DEPARTMENT);
}

static void scores(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        int64_t score;
    } cases[] = {
        {"5", 5 * SCORE_ONE},
        {"5.0", 5 * SCORE_ONE},
        {"0.0", 0},
        {"-0.0", 0},
        {"4.5", 4500000000},
        {"45e-1", 4500000000},
        {"0.000000001", 1},
        {"4.333333333333333", 4333333333},
        {"4.9999999999999999", 5 * SCORE_ONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[128];
        snprintf(json, sizeof json, "{\"type\":\"chat.rated\",\"chatId\":\"c\",\"score\":%s}",
                 cases[i].text);
        assert_int_equal(accept(f, json)->score, cases[i].score);
    }
}

static void statuses(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        const char *guid;
    } cases[] = {
        {"online", "00000000-0000-0000-0000-000000000000"},
        {"Online", "00000000-0000-0000-0000-000000000000"},
        {"AWAY", "00000000-0000-0000-0000-000000000001"},
        {"offLine", "00000000-0000-0000-0000-000000000002"},
        {"{00000000000000000000000000000002}", "00000000-0000-0000-0000-000000000002"},
        {"5F4DCC3B-5AA7-65D6-1D83-27DEB882CF99", "5f4dcc3b-5aa7-65d6-1d83-27deb882cf99"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[256];
        snprintf(json, sizeof json,
                 "{\"type\":\"agent.statusChanged\",\"agentId\":\"a\",\"statusId\":\"%s\"}",
                 cases[i].text);
        assert_guid(&accept(f, json)->status, cases[i].guid);
    }
}

static void ids(void **state)
{
    struct fixture *f = *state;
    /* The same outside id is the same GUID, from the cache too, and another one on
     * another site. */
    for (int i = 0; i < 2; i++) {
        const struct event *e = accept(f, "{\"type\":\"department.deleted\",\"departmentId\":"
                                          "\"dept-0\",\"siteId\":10000}");
        assert_guid(&e->department, "f1f821eb-90ab-52f2-8a7c-ab38db8c1a38");
        e = accept(f, "{\"type\":\"department.deleted\",\"departmentId\":\"dep\\u0074-0\","
                      "\"siteId\":7}");
        assert_guid(&e->department, "3b26af27-2548-5192-a059-3a8baca55b65");
    }
    static const char *const spellings[] = {
        "5f4dcc3b-5aa7-65d6-1d83-27deb882cf99",   "5F4DCC3B-5AA7-65D6-1D83-27DEB882CF99",
        "{5f4dcc3b-5aa7-65d6-1d83-27deb882cf99}", "5f4dcc3b5aa765d61d8327deb882cf99",
        "{5f4dcc3b5aa765d61d8327deb882CF99}",
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        char json[256];
        snprintf(json, sizeof json, "{\"type\":\"chat.missed\",\"chatId\":\"%s\"}", spellings[i]);
        assert_guid(&accept(f, json)->chat, "5f4dcc3b-5aa7-65d6-1d83-27deb882cf99");
    }
    /* The longest ids, and more of them than the cache holds. */
    for (int i = 0; i < 40000; i++) {
        char json[256], id[129];
        snprintf(id, sizeof id, i % 100 == 0 ? "%0128d" : "id-%d", i);
        int len = snprintf(json, sizeof json, "{\"type\":\"chat.missed\",\"chatId\":\"%s\"}", id);
        assert_int_equal(fixture_decode(f, BODY_JSON, (struct span){json, (size_t)len}), 0);
        assert_int_equal(f->batch.event_count, 1);
        assert_id(&f->batch.events[0].event.chat, id);
    }
}

static void times(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {
        {"2026-11-23T12:00:00Z", FIXTURE_NOW},
        {"2026-11-23t12:00:00z", FIXTURE_NOW},
        {"2026-11-23T14:00:00+02:00", FIXTURE_NOW},
        {"2026-11-23T12:05:00Z", FIXTURE_NOW + 5 * US_PER_MINUTE},
        {"2026-11-22T12:00:00Z", FIXTURE_NOW - US_PER_DAY},
        {"2026-11-23T11:59:59.1234567Z", FIXTURE_NOW - US_PER_SECOND + 123456},
        {"2026-11-23T12:00:00\\u005a", FIXTURE_NOW},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[128];
        snprintf(json, sizeof json, "{\"type\":\"site.updated\",\"time\":\"%s\"}", cases[i].text);
        assert_int_equal(accept(f, json)->time_us, cases[i].us);
    }
    f->context.oldest_us = INT64_MIN;
    f->context.newest_us = INT64_MAX;
    assert_int_equal(
        accept(f, "{\"type\":\"site.updated\",\"time\":\"0001-01-01T00:00:00Z\"}")->time_us,
        -62135596800000000);
    assert_int_equal(
        accept(f, "{\"type\":\"site.updated\",\"time\":\"9999-12-31T23:59:59.999999Z\"}")->time_us,
        253402300799999999);
}

static void keeps_what_was_sent(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sent, *kept;
    } cases[] = {
        /* Complete and on one line: byte for byte. */
        {"{ \"id\":\"e\" ,\"type\":\"site.updated\",\"siteId\":1e0,\"x\":[ 1.50 "
         ",{\"y\":\"\\u0041\"}],"
         "\"time\":\"2026-11-23T13:00:00+01:00\" }",
         "{ \"id\":\"e\" ,\"type\":\"site.updated\",\"siteId\":1e0,\"x\":[ 1.50 "
         ",{\"y\":\"\\u0041\"}],"
         "\"time\":\"2026-11-23T13:00:00+01:00\" }"},
        /* What is missing comes first. */
        {"{\"id\":\"e\",\"type\":\"site.updated\",\"x\":1,\"x\":2}",
         "{\"time\":\"2026-11-23T12:00:00Z\",\"siteId\":10000,\"id\":\"e\",\"type\":\"site."
         "updated\","
         "\"x\":1,\"x\":2}"},
        /* Lines become one. */
        {"{\r\n\"id\":\"e\",\n\"type\":\"site.updated\",\r\"siteId\":5,"
         "\"time\":\"2026-11-23T12:00:00Z\"\n}",
         "{  \"id\":\"e\", \"type\":\"site.updated\", \"siteId\":5,"
         "\"time\":\"2026-11-23T12:00:00Z\" }"},
        /* A null counts as absent: what stands in for it replaces it. */
        {"{\"x\" : [1,\n2] , \"siteId\":null,\"name\":null,\"type\":\"site.updated\","
         "\"time\":null,\"id\":\"\\\"\\u000A\"}",
         "{\"id\":\"\\\"\\u000A\",\"type\":\"site.updated\",\"time\":\"2026-11-23T12:00:00Z\","
         "\"siteId\":10000,\"x\" : [1, 2],\"name\":null}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span kept = fixture_accept(f, cases[i].sent)->json;
        if (!span_equal(kept, span_of(cases[i].kept)))
            fail_msg("%.*s", (int)kept.len, kept.data);
    }
    /* Fields that this type does not know are nobody's business. */
    const struct event *e = accept(f, "{\"type\":\"site.updated\",\"score\":99,\"chatId\":[],"
                                      "\"score\":\"x\",\"Name\":5,\"text\":\"\\ud83d\"}");
    assert_int_equal(e->fields, 0);
}

static void sites(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(accept(f, "{\"type\":\"site.updated\",\"siteId\":9007199254740993}")->site_id,
                     9007199254740993);
    f->context.only_site = true;
    assert_int_equal(accept(f, "{\"type\":\"site.updated\",\"siteId\":10000}")->site_id, 10000);
    assert_int_equal(accept(f, "{\"type\":\"site.updated\"}")->site_id, 10000);
    f->context.has_site = f->context.only_site = false;
    assert_int_equal(accept(f, "{\"type\":\"site.updated\",\"siteId\":1}")->site_id, 1);
}

static void largest_event(void **state)
{
    struct fixture *f = *state;
    size_t room = 300u << 10;
    char *json = malloc(room);
    assert_non_null(json);
    int head = snprintf(json, room, "{\"type\":\"site.updated\",\"x\":\"");
    memset(json + head, 'x', room - (size_t)head);
    memcpy(json + (256u << 10) - 2, "\"}", 3);
    accept(f, json);
    memcpy(json + (256u << 10) - 2, "xx\"}", 5);
    const struct problem *p = fixture_refuse(f, json);
    assert_int_equal(p->code, PROBLEM_EVENT);
    assert_string_equal(p->message, "The event is too long: expected at most 262144 bytes");
    free(json);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(least),
        TEST(full_directory),
        TEST(full_agent),
        TEST(full_chat),
        TEST(many_departments),
        TEST(full_visitor),
        TEST(scores),
        TEST(statuses),
        TEST(ids),
        TEST(times),
        TEST(keeps_what_was_sent),
        TEST(sites),
        TEST(largest_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

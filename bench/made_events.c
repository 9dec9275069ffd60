/* Writes the made floor (made_floor.h) as events, in the order of their arrival.
 *
 *   made_events ndjson|csv|resp CHATS LAST_SECOND [NAME=VALUE]...
 *
 * The last chat begins about LAST_SECOND (seconds since 1970), one each `us_per_chat` before
 * it (2592000: a million in 30 days). Further: late (percent of the events that come an
 * hour late, 0), agents (100), first (number of the first chat, 0), open (1: the chats go
 * on).
 *
 * csv: id, type, time in µs, chat, visitor, department, agent, and the sender, score or
 * status. resp: what a floor of counters would tell Redis, three commands an event. */
#include "base/instant.h"
#include "made_floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_PER_CHAT_MAX 64u /* with their share of the agents' */

struct options {
    int64_t late, us_per_chat, agents, first, open;
};

/* A piece of text. */
static void put(const char *data, size_t len)
{
    fwrite_unlocked(data, 1, len, stdout);
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

static void put_guid(const struct guid *g)
{
    char text[GUID_TEXT_BYTES];
    guid_format(g, text);
    put(text, sizeof text);
}

static const char *sender_name(enum sender s)
{
    return s == SENDER_VISITOR ? "visitor" : s == SENDER_AGENT ? "agent" : "bot";
}

static const char *status_name(unsigned kind)
{
    return kind == STATUS_ONLINE ? "online" : kind == STATUS_AWAY ? "away" : "offline";
}

/* What an event says besides its entities, in the words of the API. */
static void put_detail(const struct made_event *m, bool csv)
{
    char score[2] = {(char)('0' + m->detail), '\0'};
    const char *name = "", *value = "", *quote = "\"";
    if (m->type == EVENT_CHAT_MESSAGE) {
        name = "sender";
        value = sender_name((enum sender)m->detail);
    } else if (m->type == EVENT_AGENT_STATUS_CHANGED) {
        name = "statusId";
        value = status_name(m->detail);
    } else if (m->type == EVENT_CHAT_RATED) {
        name = "score";
        value = score;
        quote = "";
    } else if (m->type == EVENT_CHAT_ENDED) {
        name = "endedBy";
        value = "visitor";
    }
    if (csv) {
        put_text(value);
    } else if (*name != '\0') {
        put_text(",\"");
        put_text(name);
        put_text("\":");
        put_text(quote);
        put_text(value);
        put_text(quote);
    }
}

struct entity {
    const char *name;
    uint32_t field;
    size_t offset;
};
static const struct entity entities[] = {
    {"chatId", FIELD_CHAT, offsetof(struct event, chat)},
    {"visitorId", FIELD_VISITOR, offsetof(struct event, visitor)},
    {"departmentId", FIELD_DEPARTMENT, offsetof(struct event, department)},
    {"agentId", FIELD_AGENT, offsetof(struct event, agent)},
};

static const struct guid *entity_of(const struct event *e, const struct entity *entity)
{
    return (const struct guid *)(const void *)((const char *)e + entity->offset);
}

static void put_ndjson(const struct guid *id, const struct made_event *m, const struct event *e)
{
    char time[INSTANT_TEXT_BYTES];
    struct span type = event_type_name(e->type);
    put_text("{\"id\":\"");
    put_guid(id);
    put_text("\",\"type\":\"");
    put(type.data, type.len);
    put_text("\",\"siteId\":10000,\"time\":\"");
    put(time, instant_format(e->time_us, time));
    put_text("\"");
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if ((e->fields & entities[i].field) != 0) {
            put_text(",\"");
            put_text(entities[i].name);
            put_text("\":\"");
            put_guid(entity_of(e, &entities[i]));
            put_text("\"");
        }
    put_detail(m, false);
    put_text("}\n");
}

static void put_csv(const struct guid *id, const struct made_event *m, const struct event *e)
{
    char time[32];
    struct span type = event_type_name(e->type);
    put_guid(id);
    put_text(",");
    put(type.data, type.len);
    put(time, (size_t)snprintf(time, sizeof time, ",%lld", (long long)e->time_us));
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        put_text(",");
        if ((e->fields & entities[i].field) != 0)
            put_guid(entity_of(e, &entities[i]));
    }
    put_text(",");
    put_detail(m, true);
    put_text("\n");
}

/* A command of four words. */
static void put_command(const char *verb, const char *key, struct span a, struct span b)
{
    char head[160];
    int len = snprintf(head, sizeof head, "*4\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n$%zu\r\n",
                       strlen(verb), verb, strlen(key), key, a.len);
    put(head, (size_t)len);
    put(a.data, a.len);
    put(head, (size_t)snprintf(head, sizeof head, "\r\n$%zu\r\n", b.len));
    put(b.data, b.len);
    put_text("\r\n");
}

/* How many of this type today and in this hour, and when the chat (else the visitor or agent)
 * was last heard of. */
static void put_resp(const struct event *e)
{
    char key[48], at[32], entity[GUID_TEXT_BYTES];
    struct span type = event_type_name(e->type), one = {"1", 1};
    const struct guid *g = (e->fields & FIELD_CHAT) != 0      ? &e->chat
                           : (e->fields & FIELD_VISITOR) != 0 ? &e->visitor
                                                              : &e->agent;
    guid_format(g, entity);
    snprintf(key, sizeof key, "site:10000:day:%lld", (long long)(e->time_us / US_PER_DAY));
    put_command("HINCRBY", key, type, one);
    snprintf(key, sizeof key, "site:10000:hour:%lld", (long long)(e->time_us / US_PER_HOUR));
    put_command("HINCRBY", key, type, one);
    int len = snprintf(at, sizeof at, "%lld", (long long)(e->time_us / 1000));
    put_command("ZADD", "site:10000:last", (struct span){at, (size_t)len},
                (struct span){entity, sizeof entity});
}

/* The agents, with their departments. */
static void put_directory(const struct options *o, int64_t start_us)
{
    char time[INSTANT_TEXT_BYTES];
    struct guid departments[2];
    struct event e;
    int len = (int)instant_format(start_us, time);
    for (uint64_t i = 0; i < (uint64_t)o->agents; i++) {
        made_agent(i, start_us, departments, &e);
        printf(
            "{\"id\":\"u%llu-%lld\",\"type\":\"agent.updated\",\"siteId\":10000,\"time\":\"%.*s\","
            "\"displayName\":\"Agent %llu\",\"maxConcurrentChats\":5,\"agentId\":\"",
            (unsigned long long)i, (long long)o->first, len, time, (unsigned long long)i);
        put_guid(&e.agent);
        put_text("\",\"departmentIds\":[\"");
        put_guid(&departments[0]);
        put_text("\",\"");
        put_guid(&departments[1]);
        put_text("\"]}\n");
    }
}

static bool read_option(struct options *o, const char *text)
{
    const struct {
        const char *name;
        int64_t *value;
    } known[] = {{"late=", &o->late},
                 {"us_per_chat=", &o->us_per_chat},
                 {"agents=", &o->agents},
                 {"first=", &o->first},
                 {"open=", &o->open}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(text, known[i].name, strlen(known[i].name)) == 0) {
            *known[i].value = strtoll(text + strlen(known[i].name), NULL, 10);
            return *known[i].value >= 0;
        }
    return false;
}

int main(int argc, char **argv)
{
    struct options o = {.us_per_chat = 2592000, .agents = 100};
    bool good = argc >= 4;
    for (int i = 4; i < argc; i++)
        good = good && read_option(&o, argv[i]);
    if (!good || o.agents < 1 || o.agents > UINT16_MAX) {
        fprintf(stderr, "usage: made_events ndjson|csv|resp CHATS LAST_SECOND [NAME=VALUE]...\n");
        return 2;
    }
    struct made_plan plan = {.chats = strtoull(argv[2], NULL, 10),
                             .first = (uint64_t)o.first,
                             .agents = (uint64_t)o.agents,
                             .late_percent = (uint64_t)o.late,
                             .open = o.open != 0};
    plan.span_us = (int64_t)plan.chats * o.us_per_chat;
    plan.start_us = strtoll(argv[3], NULL, 10) * US_PER_SECOND - plan.span_us;
    struct made m = {0};
    made_events(&m, &plan);
    if (strcmp(argv[1], "ndjson") == 0)
        put_directory(&o, plan.start_us);
    for (size_t i = 0; i < m.count; i++) {
        struct guid id = made_guid(MADE_EVENT, plan.first * EVENTS_PER_CHAT_MAX + i);
        struct event e;
        made_expand(&m.items[i], &e);
        if (strcmp(argv[1], "csv") == 0)
            put_csv(&id, &m.items[i], &e);
        else if (strcmp(argv[1], "resp") == 0)
            put_resp(&e);
        else
            put_ndjson(&id, &m.items[i], &e);
    }
    free(m.items);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* Writes the made floor (made_floor.h) as events, in the order of their arrival.
 *
 *   made_events ndjson|csv CHATS LAST_SECOND [LATE_PERCENT [US_PER_CHAT]]
 *
 * The last chat begins at LAST_SECOND (seconds since 1970), one each 2.6 s before it, or
 * as often as is said.
 * csv: id, type, time in µs, chat, visitor, department, agent, sender, score. */
#include "base/instant.h"
#include "made_floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_CHAT 2592000 /* a million in 30 days */

static const char *sender_name(enum sender s)
{
    return s == SENDER_VISITOR ? "visitor" : s == SENDER_AGENT ? "agent" : "bot";
}

/* A field with its GUID, if the event has it. */
static void put_guid(bool csv, const char *name, const struct event *e, uint32_t field,
                     const struct guid *g)
{
    char text[GUID_TEXT_BYTES];
    bool there = (e->fields & field) != 0;
    if (there)
        guid_format(g, text);
    if (csv)
        printf(",%.*s", there ? (int)sizeof text : 0, text);
    else if (there)
        printf(",\"%s\":\"%.*s\"", name, (int)sizeof text, text);
}

static void put_event(bool csv, uint64_t number, const struct event *e)
{
    char id[GUID_TEXT_BYTES], time[INSTANT_TEXT_BYTES];
    struct guid g = made_guid(MADE_EVENT, number);
    guid_format(&g, id);
    size_t len = instant_format(e->time_us, time);
    struct span type = event_type_name(e->type);
    if (csv)
        printf("%.*s,%.*s,%lld", (int)sizeof id, id, (int)type.len, type.data,
               (long long)e->time_us);
    else
        printf("{\"id\":\"%.*s\",\"type\":\"%.*s\",\"siteId\":10000,\"time\":\"%.*s\"",
               (int)sizeof id, id, (int)type.len, type.data, (int)len, time);
    put_guid(csv, "chatId", e, FIELD_CHAT, &e->chat);
    put_guid(csv, "visitorId", e, FIELD_VISITOR, &e->visitor);
    put_guid(csv, "departmentId", e, FIELD_DEPARTMENT, &e->department);
    put_guid(csv, "agentId", e, FIELD_AGENT, &e->agent);
    bool rated = e->type == EVENT_CHAT_RATED, message = e->type == EVENT_CHAT_MESSAGE;
    if (csv)
        printf(",%s,%lld\n", message ? sender_name(e->sender) : "",
               rated ? (long long)(e->score / SCORE_ONE) : 0);
    else if (message)
        printf(",\"sender\":\"%s\"}\n", sender_name(e->sender));
    else if (rated)
        printf(",\"score\":%lld}\n", (long long)(e->score / SCORE_ONE));
    else
        printf("%s}\n", e->type == EVENT_CHAT_ENDED ? ",\"endedBy\":\"visitor\"" : "");
}

static void put_directory(int64_t start)
{
    char agent[GUID_TEXT_BYTES], first[GUID_TEXT_BYTES], time[INSTANT_TEXT_BYTES];
    int len = (int)instant_format(start, time);
    for (uint64_t i = 0; i < MADE_AGENTS; i++) {
        struct guid g = made_guid(MADE_AGENT, i);
        guid_format(&g, agent);
        g = made_guid(MADE_DEPARTMENT, i % MADE_DEPARTMENTS);
        guid_format(&g, first);
        printf("{\"id\":\"u%llu\",\"type\":\"agent.updated\",\"siteId\":10000,\"time\":\"%.*s\","
               "\"agentId\":\"%.36s\",\"displayName\":\"Agent %llu\",\"maxConcurrentChats\":5,"
               "\"departmentIds\":[\"%.36s\"]}\n",
               (unsigned long long)i, len, time, agent, (unsigned long long)i, first);
        printf("{\"id\":\"s%llu\",\"type\":\"agent.statusChanged\",\"siteId\":10000,"
               "\"time\":\"%.*s\",\"agentId\":\"%.36s\",\"statusId\":\"online\"}\n",
               (unsigned long long)i, len, time, agent);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: made_events ndjson|csv CHATS LAST_SECOND [LATE_PERCENT [US_PER_CHAT]]\n");
        return 2;
    }
    bool csv = strcmp(argv[1], "csv") == 0;
    uint64_t chats = strtoull(argv[2], NULL, 10);
    int64_t span = (int64_t)chats * (argc > 5 ? strtoll(argv[5], NULL, 10) : US_PER_CHAT);
    int64_t start = strtoll(argv[3], NULL, 10) * US_PER_SECOND - span;
    struct made m = {0};
    size_t *order;
    made_chats(&m, chats, start, span, argc > 4 ? strtoull(argv[4], NULL, 10) : 0, &order);
    if (!csv)
        put_directory(start);
    for (size_t i = 0; i < m.count; i++)
        put_event(csv, i, &m.items[order[i]].event);
    free(order);
    free(m.items);
    return fflush(stdout) == 0 ? 0 : 1;
}

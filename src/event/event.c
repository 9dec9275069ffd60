#include "event/event.h"

const struct guid STATUS_ID_ONLINE = {{0}};
const struct guid STATUS_ID_AWAY = {{[15] = 1}};
const struct guid STATUS_ID_OFFLINE = {{[15] = 2}};

static const struct {
    struct span name;
    unsigned rank;
} TYPES[EVENT_TYPES] = {
    [EVENT_SITE_UPDATED] = {{"site.updated", 12}, 0},
    [EVENT_DEPARTMENT_UPDATED] = {{"department.updated", 18}, 0},
    [EVENT_AGENT_UPDATED] = {{"agent.updated", 13}, 0},
    [EVENT_STATUS_UPDATED] = {{"status.updated", 14}, 0},
    [EVENT_DEPARTMENT_DELETED] = {{"department.deleted", 18}, 1},
    [EVENT_AGENT_DELETED] = {{"agent.deleted", 13}, 1},
    [EVENT_AGENT_STATUS_CHANGED] = {{"agent.statusChanged", 19}, 2},
    [EVENT_VISITOR_SEEN] = {{"visitor.seen", 12}, 2},
    [EVENT_CHAT_BOT_STARTED] = {{"chat.botStarted", 15}, 3},
    [EVENT_CHAT_REQUESTED] = {{"chat.requested", 14}, 4},
    [EVENT_CHAT_TRANSFERRED] = {{"chat.transferred", 16}, 5},
    [EVENT_CHAT_ACCEPTED] = {{"chat.accepted", 13}, 6},
    [EVENT_CHAT_MESSAGE] = {{"chat.message", 12}, 7},
    [EVENT_CHAT_AGENT_LEFT] = {{"chat.agentLeft", 14}, 8},
    [EVENT_CHAT_RATED] = {{"chat.rated", 10}, 9},
    [EVENT_INVITATION_ACCEPTED] = {{"invitation.accepted", 19}, 9},
    [EVENT_INVITATION_SENT] = {{"invitation.sent", 15}, 9},
    [EVENT_INVITATION_REFUSED] = {{"invitation.refused", 18}, 9},
    [EVENT_OFFLINE_MESSAGE] = {{"offlineMessage.submitted", 24}, 9},
    [EVENT_CHAT_ABANDONED] = {{"chat.abandoned", 14}, 10},
    [EVENT_CHAT_SWITCHED_TO_MESSAGE] = {{"chat.switchedToMessage", 22}, 10},
    [EVENT_CHAT_REFUSED] = {{"chat.refused", 12}, 10},
    [EVENT_CHAT_MISSED] = {{"chat.missed", 11}, 10},
    [EVENT_CHAT_ENDED] = {{"chat.ended", 10}, 10},
    [EVENT_VISITOR_LEFT] = {{"visitor.left", 12}, 10},
};

unsigned event_rank(enum event_type type)
{
    return TYPES[type].rank;
}

struct span event_type_name(enum event_type type)
{
    return TYPES[type].name;
}

bool event_type_find(struct span name, enum event_type *out)
{
    for (unsigned i = 0; i < EVENT_TYPES; i++) {
        if (span_equal(TYPES[i].name, name)) {
            *out = (enum event_type)i;
            return true;
        }
    }
    return false;
}

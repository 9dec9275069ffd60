/* What a floor holds. The answers read it; only this room changes it. */
#ifndef LIVEFLOOR_FLOOR_STATE_H
#define LIVEFLOOR_FLOOR_STATE_H

#include "floor/floor.h"
#include "floor/guid_map.h"
#include "floor/vault.h"
#include "timeline/interval_set.h"
#include "timeline/link_set.h"
#include "timeline/timeline.h"

/* --- what is booked in the timelines --- */

/* At the instant of a request (metrics.md §2, rule 1). */
enum request_measure {
    R_REQUESTS,
    R_ACCEPTED,
    R_ABANDONED, /* first wait, as the next two */
    R_SWITCHED,
    R_MISSED,
    R_WAITS, /* first waits that are over */
    R_WAIT_SUM,
    R_ENDED, /* accepted chats that have ended */
    R_CHAT_SUM,
    R_TRANSFERRED,
    R_DEPARTMENT_TRANSFERRED,
    R_BOT_ONLY, /* at the chat's begin: never requested */
    R_WIDTH
};

/* At its own instant (rule 2). */
enum moment_measure {
    M_REPLIES,
    M_REPLY_SUM,
    M_RATINGS,
    M_SCORE_SUM,
    M_INVITATIONS,
    M_OFFLINE_MESSAGES,
    M_WIDTH
};

/* What Today asks of a site or of a department. */
struct tally {
    struct timeline requests;  /* R_… */
    struct timeline moments;   /* M_… */
    struct link_set *visitors; /* a visitor's accepted chats, one linked with the next */
    struct link_set *ratings;  /* a chat's ratings, one linked with the next; value: the earlier */
};

/* Steps of the agents' presence, site wide. A …_MOMENT is the sum of step * time. */
enum presence_measure {
    P_LOGGED_IN,
    P_LOGGED_IN_MOMENT,
    P_IN_CHAT, /* agents in at least one chat */
    P_BOTH,    /* logged in and in a chat */
    P_BOTH_MOMENT,
    P_ONLINE_CHATS,    /* chats of online agents, one for each agent and chat */
    P_ONLINE_CAPACITY, /* maxConcurrentChats of online agents */
    P_WIDTH
};

/* Steps of one department's members. */
enum member_measure { D_LOGGED_IN, D_ONLINE_CAPACITY, D_WIDTH };

/* Which of them are moments (timeline_init_moments). */
#define P_MOMENTS (1u << P_LOGGED_IN_MOMENT | 1u << P_BOTH_MOMENT)

/* Steps of one agent. */
enum busy_measure {
    B_IN_CHAT, /* in at least one */
    B_IN_CHAT_MOMENT,
    B_OUT, /* and not logged in: mostly never */
    B_OUT_MOMENT,
    B_CHATS, /* chats it is in */
    B_JOINS, /* at a join: how many chats it joined */
    B_WIDTH
};
#define B_MOMENTS (1u << B_IN_CHAT_MOMENT | 1u << B_OUT_MOMENT)

/* Steps of chats by state. */
enum load_measure { L_BOT, L_WAITING, L_ACTIVE, L_WIDTH };

/* Waits that ended at a route, at the instant of their end. */
enum ended_measure { E_WAITS, E_WAIT_SUM, E_ABANDONED, E_SWITCHED, E_WIDTH };

/* A route: the site, a department or an agent (metrics.md §8). */
struct route {
    struct timeline load;  /* L_WAITING, L_ACTIVE (L_BOT stays 0) */
    struct timeline ended; /* E_… */
};

/* Names a route: kind and number of the entity in 32 bits. */
typedef uint32_t route_name;
enum route_kind { ROUTE_SITE, ROUTE_DEPARTMENT, ROUTE_AGENT };

static inline route_name route_make(enum route_kind kind, uint32_t entity)
{
    return (uint32_t)kind << 30 | entity;
}

static inline enum route_kind route_kind_of(route_name r)
{
    return (enum route_kind)(r >> 30);
}

static inline uint32_t route_entity(route_name r)
{
    return r & 0x3fffffff;
}

/* --- the directory --- */

/* Events of one entity in the order of metrics.md §3; owned copies. */
struct event_log {
    struct event **events;
    size_t count, cap;
};

/* An agent's facts from an instant on. Spans point into the agent's event log. */
struct agent_version {
    int64_t time_us;
    int64_t life_us;   /* since when it is back after a deletion; INT64_MIN in its first life */
    int64_t locked_us; /* when is_locked */
    uint32_t fields;   /* what has been set, enum event_field */
    struct span display_name, email, first_name, last_name, title, bio, phone, avatar;
    uint32_t *departments; /* numbers; owned by the version, shared bytes never */
    uint32_t department_count;
    const struct guid *department_ids; /* the same, as set */
    int32_t max_concurrent;
    bool deleted, is_admin, is_active, is_locked;
};

/* A change of status (status_marks.h). */
struct status_mark {
    int64_t time_us;
    uint32_t id_at; /* where its id is, which orders marks of one instant */
    uint32_t own;   /* the status: which of agent.statuses */
};

struct agent {
    struct event_log log; /* agent.updated, agent.deleted */
    struct agent_version *versions;
    size_t version_count;
    size_t deletions; /* agent.deleted in the log */
    struct status_mark *marks;
    size_t mark_count, mark_cap;
    uint8_t *mark_ids; /* those that are not in the archive */
    size_t mark_id_bytes, mark_id_cap;
    /* status_times.h: */
    uint32_t *statuses; /* numbers of those that it ever was in */
    size_t status_count, status_cap;
    struct status_mark *lives; /* after a deletion: the changes that hold; their ids mean nothing */
    size_t life_count, life_cap;
    int64_t *rows; /* sums at some of the changes */
    size_t row_count, row_width, row_cap;
    struct interval_set joins;    /* in a chat (ref) from, until */
    struct interval_set attempts; /* accepted a chat while deleted: no length */
    struct link_set *rejoins;     /* joins of one chat, one linked with the next */
    struct timeline busy;         /* B_… */
    struct route route;
};

struct department_version {
    int64_t time_us;
    int64_t life_us;
    struct span name, description;
    uint32_t fields;
    bool deleted, available_live_chat, available_ticketing;
};

struct department {
    struct event_log log;
    struct department_version *versions;
    size_t version_count;
    struct timeline named;   /* one step for each transfer that names it */
    struct tally tally;      /* of the chats whose request named it */
    struct timeline members; /* D_… */
    struct route route;
};

struct status {
    struct event_log log;  /* status.updated */
    enum status_kind kind; /* as last set by now; away when never */
};

/* --- visitors --- */

struct visitor_mark {
    int64_t time_us;
    char *id; /* owned; only for marks with a contact, which need an order */
    uint32_t id_len;
    bool left, has_contact;
    struct guid contact;
};

struct stay {
    int64_t start, end;
};

struct accepted_chat {
    int64_t requested_us;
    uint32_t department; /* that the request named, or NONE */
};

struct visitor {
    uint32_t number;
    struct visitor_mark *marks;
    size_t mark_count, mark_cap;
    struct stay *stays; /* apart from each other */
    size_t stay_count, stay_cap;
    struct interval_set chats;      /* in bot, waiting or active; ref: the chat */
    uint32_t open_chats;            /* of these, without an end */
    struct accepted_chat *accepted; /* by time */
    size_t accepted_count, accepted_cap;
};

/* --- chats --- */

struct chat_state;

struct chat {
    uint8_t *log; /* its events, packed (chat_log.h) */
    uint32_t log_len, log_cap;
    uint32_t number;
    uint32_t visitor;        /* for its whole life, or NONE */
    struct chat_state *live; /* after its last event; NULL: to be found by running the log */
};

struct effect_list;
struct bookings;

struct floor {
    struct floor_settings settings;
    int64_t now_us;
    uint64_t version;
    uint64_t chat_anomalies;
    uint64_t directory_anomalies;
    size_t agent_deletions; /* agent.deleted in all agents' logs */

    struct event_log waiting; /* later than now */
    struct event_log site_log;

    struct guid_map agent_ids, department_ids, status_ids;
    struct agent *agents;
    struct department *departments;
    struct status *statuses;
    size_t agent_cap, department_cap, status_cap;
    struct vault visitors; /* of struct visitor (visitor.h) */
    struct vault chats;    /* of struct chat (chat.h) */

    struct tally tally;
    struct timeline load;      /* L_… */
    struct timeline presence;  /* P_… */
    struct timeline on_site;   /* visitors on site: steps */
    struct interval_set alive; /* chats in bot, waiting or active; ref: the chat */
    struct interval_set waits; /* chats in waiting; ref: the chat */
    struct interval_set stays; /* of all visitors; no ref */
    struct route site_route;

    /* Scratch of one change. */
    struct effect_list *effects;
    struct bookings *bookings;
};

/* The numbers of the built-in statuses in status_ids. */
enum { STATUS_NUMBER_ONLINE, STATUS_NUMBER_AWAY, STATUS_NUMBER_OFFLINE };

/* Entities by GUID, made when new. */
uint32_t floor_agent(struct floor *f, const struct guid *g);
uint32_t floor_department(struct floor *f, const struct guid *g);
uint32_t floor_status(struct floor *f, const struct guid *g);

/* A new floor that does not even know the built-in statuses. */
struct floor *floor_empty(const struct floor_settings *settings);

/* The route of that name. */
struct route *floor_route(struct floor *f, route_name r);

void tally_init(struct tally *t);
void tally_clear(struct tally *t);

/* product that may wrap: a step's first moment */
static inline int64_t moment(int64_t step, int64_t time_us)
{
    return (int64_t)((uint64_t)step * (uint64_t)time_us);
}

/* The integral of a step function over [from, to), from its sums (step, moment)
 * before `from` and before `to`. */
static inline int64_t integral(const int64_t *before_from, const int64_t *before_to, int64_t from,
                               int64_t to)
{
    uint64_t until_to = (uint64_t)before_to[0] * (uint64_t)to - (uint64_t)before_to[1];
    uint64_t until_from = (uint64_t)before_from[0] * (uint64_t)from - (uint64_t)before_from[1];
    return (int64_t)(until_to - until_from);
}

#endif

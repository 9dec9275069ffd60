/* The life of a chat (metrics.md §4): one step for each event, which says as effects
 * what it books. A chat's effects are a function of its events and of when agents
 * were deleted, so they can be taken back and said anew. */
#ifndef LIVEFLOOR_FLOOR_CHAT_MACHINE_H
#define LIVEFLOOR_FLOOR_CHAT_MACHINE_H

#include "floor/chat_log.h"
#include "floor/effect.h"

enum chat_phase { PHASE_NONE, PHASE_BOT, PHASE_WAITING, PHASE_ACTIVE, PHASE_ENDED };

/* An agent that has accepted the chat. */
struct participant {
    uint32_t agent;
    bool in;
    int64_t joined_us; /* the latest time */
};

#define PARTICIPANTS_INLINE 2u

struct chat_state {
    enum chat_phase phase;
    bool requested, accepted, first_wait_over, unanswered, rated;
    bool transferred, department_transferred;
    int64_t begun_us;
    int64_t requested_us;
    int64_t wait_start_us;   /* of the wait that lasts, or lasted last */
    int64_t accepted_us;     /* first acceptance */
    int64_t active_since_us; /* latest entry into the active state */
    int64_t unanswered_us;   /* first unanswered message of the visitor */
    int64_t rated_us, score; /* latest rating */
    int64_t last_us;         /* time of the last event, of any effect */
    int64_t last_removal_us; /* when an agent left by being deleted, the latest */
    uint32_t last_entry;     /* where the last event begins in the log … */
    int64_t last_entry_us;   /* … and the time its entry counts from */
    uint32_t visitor;
    bool has_contact;
    struct guid contact;
    uint32_t department;         /* as named by request or transfer most recently */
    uint32_t request_department; /* as named by the request */
    route_name route;
    uint32_t participant_count, participant_cap;
    struct participant *more; /* owned, beyond those inline */
    struct participant inline_participants[PARTICIPANTS_INLINE];
};

void chat_state_init(struct chat_state *s);
void chat_state_clear(struct chat_state *s);

struct participant *chat_participant(struct chat_state *s, uint32_t i);
const struct participant *chat_participant_const(const struct chat_state *s, uint32_t i);

/* Takes one event in order. Effects go to `out` with the sign; NULL says nothing
 * (a silent run, for a state in the past). */
void chat_step(const struct floor *f, const struct chat *chat, struct chat_state *s,
               const struct chat_event *e, struct effect_list *out, int sign);

/* Lets agents leave that were deleted up to and at `t`. */
void chat_remove_deleted(const struct floor *f, const struct chat *chat, struct chat_state *s,
                         int64_t t, struct effect_list *out, int sign);

#endif

/* The four views: read-only questions to a floor (metrics.md §5 to §9). */
#ifndef LIVEFLOOR_ANSWER_ANSWER_H
#define LIVEFLOOR_ANSWER_ANSWER_H

#include "base/arena.h"
#include "floor/floor.h"

/* A question, its parameters resolved to instants and GUIDs. The caller has seen
 * to it that floor_next_waiting(f) > now_us. */
struct question {
    int64_t now_us;
    int64_t horizon_us; /* the first instant held (retention); INT64_MIN: all */
    bool has_start, has_end, has_department, has_agent;
    int64_t start_us, end_us;
    struct guid department, agent;
    int32_t utc_offset_min; /* for the local midnight of Agents' default window */
    bool status_distribution;
    int32_t page_index, page_size; /* from 1 */
};

/* num/den, exact until it is written; 0 where den is 0. */
struct ratio {
    int64_t num, den;
};

/* metrics.md §5 */
struct right_now {
    int64_t agents_in_chat, ongoing_chats, ongoing_with_agent, ongoing_with_bot, queue_length,
        visitors_on_site, logged_in_agents;
    struct ratio chat_utilization;
};
void answer_right_now(const struct floor *f, const struct question *q, struct right_now *out);

/* The same question with a now in [q->now_us, this) has the same answer, while the floor is not
 * changed and all that the question asks for is held; q->now_us where nobody knows. */
int64_t right_now_until(const struct floor *f, const struct question *q);

/* metrics.md §6. Ratios of times are in seconds: den holds the factor. */
struct today {
    int64_t chat_requests, total_chats, chats, abandoned, switched_to_message, missed,
        accepted_invitations, department_transferred, total_transferred;
    struct ratio acceptance_rate, avg_waiting_s, avg_chat_s, avg_response_s, accessibility_rate,
        unique_chat_rate, agent_utilization, avg_score;
};
void answer_today(const struct floor *f, const struct question *q, struct today *out);

/* As right_now_until, but for the utilization, whose num and den grow by those of *growth with
 * each µs of now. */
int64_t today_until(const struct floor *f, const struct question *q, struct ratio *growth);

struct status_time {
    struct guid status;
    int64_t us;
};

/* metrics.md §7 */
struct agent_line {
    struct guid id;
    struct span display_name;
    struct guid status;
    int64_t ongoing_chats, max_concurrent, intraday_chats, linear_chat_us;
    const struct status_time *distribution; /* by status id */
    size_t distribution_count;
};

struct agents_page {
    int64_t total, page_count;
    int32_t page_index, page_size;
    const struct agent_line *lines;
    size_t line_count;
};

/* 0, or -1 when the arena has no memory. Spans live as long as the floor is not
 * changed, the rest as long as the arena. */
int answer_agents(const struct floor *f, const struct question *q, struct arena *arena,
                  struct agents_page *out);

struct department_view {
    struct guid id;
    struct span name;
    bool has_description;
    struct span description;
    bool available_live_chat, available_ticketing, is_deleted;
};

/* A text fact that may be unset. */
struct optional_text {
    bool set;
    struct span text;
};

struct agent_view {
    struct guid id;
    struct span display_name;
    struct optional_text email, first_name, last_name, title, bio, phone, avatar;
    bool is_admin, is_active, is_locked, is_deleted;
    bool has_created, has_locked;
    int64_t created_us, locked_us;
    const struct guid *department_ids;
    size_t department_count;
};

struct waiting_visitor {
    bool has_visitor, has_contact;
    struct guid visitor, contact;
    int64_t wait_us;
};

/* metrics.md §8 */
struct queue_line {
    bool to_department, to_agent; /* neither: the site */
    struct department_view department;
    struct agent_view agent;
    int64_t ongoing_chats, max_concurrent, queue_length;
    int64_t avg_wait_30_us, avg_wait_60_us; /* rounded half to even (metrics.md §1) */
    int64_t abandoned_30, switched_30;
    const struct waiting_visitor *visitors;
    size_t visitor_count;
};

struct queue_list {
    const struct queue_line *lines;
    size_t line_count;
};
int answer_queue(const struct floor *f, const struct question *q, struct arena *arena,
                 struct queue_list *out);

#endif

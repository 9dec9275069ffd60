#include "render/render.h"

#include "base/instant.h"

/* Products of two 64-bit numbers; gcc and clang have it, ISO C has not. */
__extension__ typedef unsigned __int128 wide;

/* Most pieces are a few bytes that fit: without a call, their lengths known to the compiler. */
static inline void put(struct buffer *b, const char *data, size_t len)
{
    if (!b->failed && len <= b->cap - b->len && len > 0) {
        memcpy(b->data + b->len, data, len);
        b->len += len;
    } else {
        buffer_append(b, data, len);
    }
}

static inline void text(struct buffer *b, struct span s)
{
    put(b, s.data, s.len);
}

static inline void character(struct buffer *b, char c)
{
    put(b, &c, 1);
}

static inline void integer(struct buffer *b, int64_t value)
{
    char digits[24];
    char *at = digits_before(digits + sizeof digits,
                             value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    if (value < 0)
        *--at = '-';
    put(b, at, (size_t)(digits + sizeof digits - at));
}

static inline void key_integer(struct buffer *b, struct span key, int64_t value)
{
    text(b, key);
    integer(b, value);
}

static inline void key_bool(struct buffer *b, struct span key, bool value)
{
    text(b, key);
    text(b, value ? SPAN("true") : SPAN("false"));
}

static inline void key_ratio(struct buffer *b, struct span key, struct ratio value)
{
    text(b, key);
    render_ratio(b, value);
}

static inline void timespan(struct buffer *b, int64_t us)
{
    char out[TIMESPAN_TEXT_BYTES + 2] = {'"'};
    size_t len = timespan_format(us, out + 1);
    out[len + 1] = '"';
    put(b, out, len + 2);
}

static inline void key_timespan(struct buffer *b, struct span key, int64_t us)
{
    text(b, key);
    timespan(b, us);
}

static inline void guid(struct buffer *b, const struct guid *g)
{
    char out[GUID_TEXT_BYTES + 2];
    out[0] = out[sizeof out - 1] = '"';
    guid_format(g, out + 1);
    put(b, out, sizeof out);
}

/* A GUID, or null when there is none. */
static inline void key_guid(struct buffer *b, struct span key, bool there, const struct guid *g)
{
    text(b, key);
    if (there)
        guid(b, g);
    else
        text(b, SPAN("null"));
}

static inline void key_instant(struct buffer *b, struct span key, bool there, int64_t us)
{
    char out[INSTANT_TEXT_BYTES];
    text(b, key);
    if (!there) {
        text(b, SPAN("null"));
        return;
    }
    size_t len = instant_format(us, out);
    character(b, '"');
    put(b, out, len);
    character(b, '"');
}

static inline void key_string(struct buffer *b, struct span key, bool there, struct span s)
{
    text(b, key);
    if (there)
        render_string(b, s);
    else
        text(b, SPAN("null"));
}

static inline void key_optional(struct buffer *b, struct span key, const struct optional_text *t)
{
    key_string(b, key, t->set, t->text);
}

void render_string(struct buffer *b, struct span s)
{
    static const char hex[] = "0123456789abcdef";
    character(b, '"');
    size_t done = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        put(b, s.data + done, i - done);
        done = i + 1;
        char escape[6] = {'\\', (char)c};
        size_t len = 2;
        switch (c) {
        case '\n':
            escape[1] = 'n';
            break;
        case '\r':
            escape[1] = 'r';
            break;
        case '\t':
            escape[1] = 't';
            break;
        case '"':
        case '\\':
            break;
        default:
            memcpy(escape + 1, "u00", 3);
            escape[4] = hex[c >> 4];
            escape[5] = hex[c & 15];
            len = sizeof escape;
            break;
        }
        put(b, escape, len);
    }
    put(b, s.data + done, s.len - done);
    character(b, '"');
}

void render_ratio(struct buffer *b, struct ratio r)
{
    if (r.den == 0 || r.num == 0) {
        text(b, SPAN("0.0"));
        return;
    }
    bool negative = (r.num < 0) != (r.den < 0);
    wide num = r.num < 0 ? 0 - (wide)r.num : (wide)r.num;
    wide den = r.den < 0 ? 0 - (wide)r.den : (wide)r.den;
    wide millionths = num * 1000000 / den, rest = num * 1000000 % den;
    if (rest * 2 > den || (rest * 2 == den && millionths % 2 != 0))
        millionths++;
    char fraction[6];
    uint32_t digits = (uint32_t)(millionths % 1000000);
    size_t len = 6;
    for (size_t i = 6; i-- > 0; digits /= 10)
        fraction[i] = (char)('0' + digits % 10);
    while (len > 1 && fraction[len - 1] == '0')
        len--;
    if (negative && millionths != 0)
        character(b, '-');
    integer(b, (int64_t)(millionths / 1000000));
    character(b, '.');
    put(b, fraction, len);
}

void render_right_now(struct buffer *b, const struct right_now *v)
{
    key_integer(b, SPAN("{\"agentsInChat\":"), v->agents_in_chat);
    key_integer(b, SPAN(",\"ongoingChats\":"), v->ongoing_chats);
    key_integer(b, SPAN(",\"ongoingChatsWithAgent\":"), v->ongoing_with_agent);
    key_integer(b, SPAN(",\"ongoingChatsWithBot\":"), v->ongoing_with_bot);
    key_integer(b, SPAN(",\"currentQueueLength\":"), v->queue_length);
    key_integer(b, SPAN(",\"visitorOnSite\":"), v->visitors_on_site);
    key_integer(b, SPAN(",\"loggedInAgents\":"), v->logged_in_agents);
    key_ratio(b, SPAN(",\"chatUtilization\":"), v->chat_utilization);
    character(b, '}');
}

void render_today(struct buffer *b, const struct today *v)
{
    key_integer(b, SPAN("{\"chatRequests\":"), v->chat_requests);
    key_integer(b, SPAN(",\"totalChats\":"), v->total_chats);
    key_integer(b, SPAN(",\"chats\":"), v->chats);
    key_ratio(b, SPAN(",\"chatAcceptanceRate\":"), v->acceptance_rate);
    key_integer(b, SPAN(",\"abandondedChats\":"), v->abandoned);
    key_integer(b, SPAN(",\"switchedToMessageChats\":"), v->switched_to_message);
    key_integer(b, SPAN(",\"missedChats\":"), v->missed);
    key_ratio(b, SPAN(",\"avgWaitingTime\":"), v->avg_waiting_s);
    key_ratio(b, SPAN(",\"avgChatTime\":"), v->avg_chat_s);
    key_ratio(b, SPAN(",\"agentAvgResponseTime\":"), v->avg_response_s);
    key_integer(b, SPAN(",\"acceptedInvitations\":"), v->accepted_invitations);
    key_ratio(b, SPAN(",\"serviceAccessibilityRate\":"), v->accessibility_rate);
    key_integer(b, SPAN(",\"departmentTransferredChats\":"), v->department_transferred);
    key_integer(b, SPAN(",\"totalTransferredChats\":"), v->total_transferred);
    key_ratio(b, SPAN(",\"uniqueChatRate\":"), v->unique_chat_rate);
    key_ratio(b, SPAN(",\"agentUtilization\":"), v->agent_utilization);
    key_ratio(b, SPAN(",\"avgScore\":"), v->avg_score);
    character(b, '}');
}

static void render_agent_line(struct buffer *b, const struct agent_line *v)
{
    key_guid(b, SPAN("{\"agentId\":"), true, &v->id);
    key_string(b, SPAN(",\"displayName\":"), true, v->display_name);
    key_guid(b, SPAN(",\"currentStatusId\":"), true, &v->status);
    key_integer(b, SPAN(",\"ongoingChats\":"), v->ongoing_chats);
    key_integer(b, SPAN(",\"maxConcurrentChats\":"), v->max_concurrent);
    key_integer(b, SPAN(",\"intradayChats\":"), v->intraday_chats);
    key_timespan(b, SPAN(",\"intradayLinearChatTime\":"), v->linear_chat_us);
    text(b, SPAN(",\"statusDistribution\":{"));
    for (size_t i = 0; i < v->distribution_count; i++) {
        if (i > 0)
            character(b, ',');
        guid(b, &v->distribution[i].status);
        character(b, ':');
        timespan(b, v->distribution[i].us);
    }
    text(b, SPAN("}}"));
}

void render_agents(struct buffer *b, const struct agents_page *v)
{
    key_integer(b, SPAN("{\"total\":"), v->total);
    key_integer(b, SPAN(",\"pageCount\":"), v->page_count);
    text(b, SPAN(",\"list\":["));
    for (size_t i = 0; i < v->line_count; i++) {
        if (i > 0)
            character(b, ',');
        render_agent_line(b, &v->lines[i]);
    }
    key_integer(b, SPAN("],\"pageIndex\":"), v->page_index);
    key_integer(b, SPAN(",\"pageSize\":"), v->page_size);
    character(b, '}');
}

static void render_department(struct buffer *b, const struct department_view *v, int64_t site_id)
{
    key_guid(b, SPAN("{\"id\":"), true, &v->id);
    key_integer(b, SPAN(",\"siteId\":"), site_id);
    key_string(b, SPAN(",\"name\":"), true, v->name);
    key_string(b, SPAN(",\"description\":"), v->has_description, v->description);
    key_bool(b, SPAN(",\"isAvailableInLiveChat\":"), v->available_live_chat);
    key_bool(b, SPAN(",\"isAvailableInTicketingAndMessaging\":"), v->available_ticketing);
    key_bool(b, SPAN(",\"isDeleted\":"), v->is_deleted);
    character(b, '}');
}

static void render_agent(struct buffer *b, const struct agent_view *v, int64_t site_id)
{
    key_guid(b, SPAN("{\"id\":"), true, &v->id);
    key_string(b, SPAN(",\"displayName\":"), true, v->display_name);
    key_optional(b, SPAN(",\"email\":"), &v->email);
    key_bool(b, SPAN(",\"isAdmin\":"), v->is_admin);
    key_integer(b, SPAN(",\"siteId\":"), site_id);
    key_optional(b, SPAN(",\"firstName\":"), &v->first_name);
    key_optional(b, SPAN(",\"lastName\":"), &v->last_name);
    key_bool(b, SPAN(",\"isActive\":"), v->is_active);
    key_optional(b, SPAN(",\"phone\":"), &v->phone);
    key_optional(b, SPAN(",\"title\":"), &v->title);
    key_optional(b, SPAN(",\"bio\":"), &v->bio);
    text(b, SPAN(",\"apiKey\":null")); /* a secret never leaves the server (metrics.md §8) */
    key_instant(b, SPAN(",\"createdTime\":"), v->has_created, v->created_us);
    key_bool(b, SPAN(",\"isLocked\":"), v->is_locked);
    key_instant(b, SPAN(",\"lockedTime\":"), v->has_locked, v->locked_us);
    key_bool(b, SPAN(",\"isDeleted\":"), v->is_deleted);
    text(b, SPAN(",\"systemAvatarId\":null"));
    key_bool(b, SPAN(",\"ifCustomizeAvatar\":"), v->avatar.set && v->avatar.text.len > 0);
    key_optional(b, SPAN(",\"customizeAvatar\":"), &v->avatar);
    key_optional(b, SPAN(",\"avatar\":"), &v->avatar);
    text(b, SPAN(",\"departmentIds\":["));
    for (size_t i = 0; i < v->department_count; i++) {
        if (i > 0)
            character(b, ',');
        guid(b, &v->department_ids[i]);
    }
    text(b, SPAN("]}"));
}

static void render_queue_line(struct buffer *b, const struct queue_line *v, int64_t site_id)
{
    key_guid(b, SPAN("{\"routeToDepartmentId\":"), v->to_department, &v->department.id);
    text(b, SPAN(",\"routeToDepartment\":"));
    if (v->to_department)
        render_department(b, &v->department, site_id);
    else
        text(b, SPAN("null"));
    key_guid(b, SPAN(",\"routeToAgentId\":"), v->to_agent, &v->agent.id);
    text(b, SPAN(",\"routeToAgent\":"));
    if (v->to_agent)
        render_agent(b, &v->agent, site_id);
    else
        text(b, SPAN("null"));
    key_integer(b, SPAN(",\"ongoingChats\":"), v->ongoing_chats);
    key_integer(b, SPAN(",\"maxConcurrentChats\":"), v->max_concurrent);
    key_integer(b, SPAN(",\"currentQueueLength\":"), v->queue_length);
    key_timespan(b, SPAN(",\"avgWaitTimeinLast30Mins\":"), v->avg_wait_30_us);
    key_timespan(b, SPAN(",\"avgWaitTimeinLast60Mins\":"), v->avg_wait_60_us);
    key_integer(b, SPAN(",\"abandonedChatsinLast30Mins\":"), v->abandoned_30);
    key_integer(b, SPAN(",\"switchedToMessagesinLast30Mins\":"), v->switched_30);
    text(b, SPAN(",\"visitors\":["));
    for (size_t i = 0; i < v->visitor_count; i++) {
        const struct waiting_visitor *w = &v->visitors[i];
        if (i > 0)
            character(b, ',');
        key_guid(b, SPAN("{\"visitorId\":"), w->has_visitor, &w->visitor);
        key_guid(b, SPAN(",\"contactIdentityId\":"), w->has_contact, &w->contact);
        key_timespan(b, SPAN(",\"waitTime\":"), w->wait_us);
        character(b, '}');
    }
    text(b, SPAN("]}"));
}

void render_queue(struct buffer *b, const struct queue_list *v, int64_t site_id)
{
    character(b, '[');
    for (size_t i = 0; i < v->line_count; i++) {
        if (i > 0)
            character(b, ',');
        render_queue_line(b, &v->lines[i], site_id);
    }
    character(b, ']');
}

#include "render/render.h"

#include "base/instant.h"

/* Products of two 64-bit numbers; gcc and clang have it, ISO C has not. */
__extension__ typedef unsigned __int128 wide;

static void text(struct buffer *b, const char *s)
{
    buffer_append_text(b, s);
}

static void integer(struct buffer *b, int64_t value)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0)
        *--at = '-';
    buffer_append(b, at, (size_t)(digits + sizeof digits - at));
}

static void key_integer(struct buffer *b, const char *key, int64_t value)
{
    text(b, key);
    integer(b, value);
}

static void key_bool(struct buffer *b, const char *key, bool value)
{
    text(b, key);
    text(b, value ? "true" : "false");
}

static void key_ratio(struct buffer *b, const char *key, struct ratio value)
{
    text(b, key);
    render_ratio(b, value);
}

static void timespan(struct buffer *b, int64_t us)
{
    char out[TIMESPAN_TEXT_BYTES];
    size_t len = timespan_format(us, out);
    buffer_append_char(b, '"');
    buffer_append(b, out, len);
    buffer_append_char(b, '"');
}

static void key_timespan(struct buffer *b, const char *key, int64_t us)
{
    text(b, key);
    timespan(b, us);
}

static void guid(struct buffer *b, const struct guid *g)
{
    char out[GUID_TEXT_BYTES + 2];
    out[0] = out[sizeof out - 1] = '"';
    guid_format(g, out + 1);
    buffer_append(b, out, sizeof out);
}

/* A GUID, or null when there is none. */
static void key_guid(struct buffer *b, const char *key, bool there, const struct guid *g)
{
    text(b, key);
    if (there)
        guid(b, g);
    else
        text(b, "null");
}

static void key_instant(struct buffer *b, const char *key, bool there, int64_t us)
{
    char out[INSTANT_TEXT_BYTES];
    text(b, key);
    if (!there) {
        text(b, "null");
        return;
    }
    size_t len = instant_format(us, out);
    buffer_append_char(b, '"');
    buffer_append(b, out, len);
    buffer_append_char(b, '"');
}

static void key_string(struct buffer *b, const char *key, bool there, struct span s)
{
    text(b, key);
    if (there)
        render_string(b, s);
    else
        text(b, "null");
}

static void key_optional(struct buffer *b, const char *key, const struct optional_text *t)
{
    key_string(b, key, t->set, t->text);
}

void render_string(struct buffer *b, struct span s)
{
    static const char hex[] = "0123456789abcdef";
    buffer_append_char(b, '"');
    size_t done = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buffer_append(b, s.data + done, i - done);
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
        buffer_append(b, escape, len);
    }
    buffer_append(b, s.data + done, s.len - done);
    buffer_append_char(b, '"');
}

void render_ratio(struct buffer *b, struct ratio r)
{
    if (r.den == 0 || r.num == 0) {
        text(b, "0.0");
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
        buffer_append_char(b, '-');
    integer(b, (int64_t)(millionths / 1000000));
    buffer_append_char(b, '.');
    buffer_append(b, fraction, len);
}

void render_right_now(struct buffer *b, const struct right_now *v)
{
    key_integer(b, "{\"agentsInChat\":", v->agents_in_chat);
    key_integer(b, ",\"ongoingChats\":", v->ongoing_chats);
    key_integer(b, ",\"ongoingChatsWithAgent\":", v->ongoing_with_agent);
    key_integer(b, ",\"ongoingChatsWithBot\":", v->ongoing_with_bot);
    key_integer(b, ",\"currentQueueLength\":", v->queue_length);
    key_integer(b, ",\"visitorOnSite\":", v->visitors_on_site);
    key_integer(b, ",\"loggedInAgents\":", v->logged_in_agents);
    key_ratio(b, ",\"chatUtilization\":", v->chat_utilization);
    buffer_append_char(b, '}');
}

void render_today(struct buffer *b, const struct today *v)
{
    key_integer(b, "{\"chatRequests\":", v->chat_requests);
    key_integer(b, ",\"totalChats\":", v->total_chats);
    key_integer(b, ",\"chats\":", v->chats);
    key_ratio(b, ",\"chatAcceptanceRate\":", v->acceptance_rate);
    key_integer(b, ",\"abandondedChats\":", v->abandoned);
    key_integer(b, ",\"switchedToMessageChats\":", v->switched_to_message);
    key_integer(b, ",\"missedChats\":", v->missed);
    key_ratio(b, ",\"avgWaitingTime\":", v->avg_waiting_s);
    key_ratio(b, ",\"avgChatTime\":", v->avg_chat_s);
    key_ratio(b, ",\"agentAvgResponseTime\":", v->avg_response_s);
    key_integer(b, ",\"acceptedInvitations\":", v->accepted_invitations);
    key_ratio(b, ",\"serviceAccessibilityRate\":", v->accessibility_rate);
    key_integer(b, ",\"departmentTransferredChats\":", v->department_transferred);
    key_integer(b, ",\"totalTransferredChats\":", v->total_transferred);
    key_ratio(b, ",\"uniqueChatRate\":", v->unique_chat_rate);
    key_ratio(b, ",\"agentUtilization\":", v->agent_utilization);
    key_ratio(b, ",\"avgScore\":", v->avg_score);
    buffer_append_char(b, '}');
}

static void render_agent_line(struct buffer *b, const struct agent_line *v)
{
    key_guid(b, "{\"agentId\":", true, &v->id);
    key_string(b, ",\"displayName\":", true, v->display_name);
    key_guid(b, ",\"currentStatusId\":", true, &v->status);
    key_integer(b, ",\"ongoingChats\":", v->ongoing_chats);
    key_integer(b, ",\"maxConcurrentChats\":", v->max_concurrent);
    key_integer(b, ",\"intradayChats\":", v->intraday_chats);
    key_timespan(b, ",\"intradayLinearChatTime\":", v->linear_chat_us);
    text(b, ",\"statusDistribution\":{");
    for (size_t i = 0; i < v->distribution_count; i++) {
        if (i > 0)
            buffer_append_char(b, ',');
        guid(b, &v->distribution[i].status);
        buffer_append_char(b, ':');
        timespan(b, v->distribution[i].us);
    }
    text(b, "}}");
}

void render_agents(struct buffer *b, const struct agents_page *v)
{
    key_integer(b, "{\"total\":", v->total);
    key_integer(b, ",\"pageCount\":", v->page_count);
    text(b, ",\"list\":[");
    for (size_t i = 0; i < v->line_count; i++) {
        if (i > 0)
            buffer_append_char(b, ',');
        render_agent_line(b, &v->lines[i]);
    }
    key_integer(b, "],\"pageIndex\":", v->page_index);
    key_integer(b, ",\"pageSize\":", v->page_size);
    buffer_append_char(b, '}');
}

static void render_department(struct buffer *b, const struct department_view *v, int64_t site_id)
{
    key_guid(b, "{\"id\":", true, &v->id);
    key_integer(b, ",\"siteId\":", site_id);
    key_string(b, ",\"name\":", true, v->name);
    key_string(b, ",\"description\":", v->has_description, v->description);
    key_bool(b, ",\"isAvailableInLiveChat\":", v->available_live_chat);
    key_bool(b, ",\"isAvailableInTicketingAndMessaging\":", v->available_ticketing);
    key_bool(b, ",\"isDeleted\":", v->is_deleted);
    buffer_append_char(b, '}');
}

static void render_agent(struct buffer *b, const struct agent_view *v, int64_t site_id)
{
    key_guid(b, "{\"id\":", true, &v->id);
    key_string(b, ",\"displayName\":", true, v->display_name);
    key_optional(b, ",\"email\":", &v->email);
    key_bool(b, ",\"isAdmin\":", v->is_admin);
    key_integer(b, ",\"siteId\":", site_id);
    key_optional(b, ",\"firstName\":", &v->first_name);
    key_optional(b, ",\"lastName\":", &v->last_name);
    key_bool(b, ",\"isActive\":", v->is_active);
    key_optional(b, ",\"phone\":", &v->phone);
    key_optional(b, ",\"title\":", &v->title);
    key_optional(b, ",\"bio\":", &v->bio);
    text(b, ",\"apiKey\":null"); /* a secret never leaves the server (metrics.md §8) */
    key_instant(b, ",\"createdTime\":", v->has_created, v->created_us);
    key_bool(b, ",\"isLocked\":", v->is_locked);
    key_instant(b, ",\"lockedTime\":", v->has_locked, v->locked_us);
    key_bool(b, ",\"isDeleted\":", v->is_deleted);
    text(b, ",\"systemAvatarId\":null");
    key_bool(b, ",\"ifCustomizeAvatar\":", v->avatar.set && v->avatar.text.len > 0);
    key_optional(b, ",\"customizeAvatar\":", &v->avatar);
    key_optional(b, ",\"avatar\":", &v->avatar);
    text(b, ",\"departmentIds\":[");
    for (size_t i = 0; i < v->department_count; i++) {
        if (i > 0)
            buffer_append_char(b, ',');
        guid(b, &v->department_ids[i]);
    }
    text(b, "]}");
}

static void render_queue_line(struct buffer *b, const struct queue_line *v, int64_t site_id)
{
    key_guid(b, "{\"routeToDepartmentId\":", v->to_department, &v->department.id);
    text(b, ",\"routeToDepartment\":");
    if (v->to_department)
        render_department(b, &v->department, site_id);
    else
        text(b, "null");
    key_guid(b, ",\"routeToAgentId\":", v->to_agent, &v->agent.id);
    text(b, ",\"routeToAgent\":");
    if (v->to_agent)
        render_agent(b, &v->agent, site_id);
    else
        text(b, "null");
    key_integer(b, ",\"ongoingChats\":", v->ongoing_chats);
    key_integer(b, ",\"maxConcurrentChats\":", v->max_concurrent);
    key_integer(b, ",\"currentQueueLength\":", v->queue_length);
    key_timespan(b, ",\"avgWaitTimeinLast30Mins\":", v->avg_wait_30_us);
    key_timespan(b, ",\"avgWaitTimeinLast60Mins\":", v->avg_wait_60_us);
    key_integer(b, ",\"abandonedChatsinLast30Mins\":", v->abandoned_30);
    key_integer(b, ",\"switchedToMessagesinLast30Mins\":", v->switched_30);
    text(b, ",\"visitors\":[");
    for (size_t i = 0; i < v->visitor_count; i++) {
        const struct waiting_visitor *w = &v->visitors[i];
        if (i > 0)
            buffer_append_char(b, ',');
        key_guid(b, "{\"visitorId\":", w->has_visitor, &w->visitor);
        key_guid(b, ",\"contactIdentityId\":", w->has_contact, &w->contact);
        key_timespan(b, ",\"waitTime\":", w->wait_us);
        buffer_append_char(b, '}');
    }
    text(b, "]}");
}

void render_queue(struct buffer *b, const struct queue_list *v, int64_t site_id)
{
    buffer_append_char(b, '[');
    for (size_t i = 0; i < v->line_count; i++) {
        if (i > 0)
            buffer_append_char(b, ',');
        render_queue_line(b, &v->lines[i], site_id);
    }
    buffer_append_char(b, ']');
}

#include "server/query.h"

#include "base/instant.h"
#include "event/decode.h"

/* Given twice, these contradict themselves; others (cache busters) are ignored. */
static const char *const KNOWN[] = {
    "startTime", "endTime",  "utcOffset", "departmentId", "agentId", "includeStatusDistribution",
    "pageIndex", "pageSize", "siteId",    "import",       "since",   "until",
    "after",     "limit",
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static int decode(struct span raw, struct arena *arena, struct span *out, struct problem *problem)
{
    char *text = arena_alloc(arena, raw.len + 1);
    size_t len = 0;
    if (text == NULL)
        return problem_set(problem, PROBLEM_BUSY, "There is no memory for this now.");
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.data[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int high = i + 2 < raw.len ? hex_value(raw.data[i + 1]) : -1;
            int low = i + 2 < raw.len ? hex_value(raw.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return problem_set(problem, PROBLEM_PARAMETER,
                                   "The query has a broken percent escape: write %%25 for a "
                                   "percent sign.");
            c = (char)(high << 4 | low);
            i += 2;
        }
        text[len++] = c;
    }
    *out = (struct span){text, len};
    if (!span_is_text(*out))
        return problem_set(problem, PROBLEM_PARAMETER,
                           "The query is not UTF-8 text: percent-encode UTF-8 bytes, without NUL.");
    return 0;
}

static bool is_known(struct span name)
{
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++)
        if (span_equal_nocase(name, span_of(KNOWN[i])))
            return true;
    return false;
}

static int add_item(struct span item, struct arena *arena, struct query *out,
                    struct problem *problem)
{
    const char *equals = memchr(item.data, '=', item.len);
    struct span name = {item.data, equals != NULL ? (size_t)(equals - item.data) : item.len};
    struct span value = {name.data + name.len, 0};
    if (equals != NULL)
        value = (struct span){equals + 1, item.len - name.len - 1};
    if (decode(name, arena, &name, problem) < 0 || decode(value, arena, &value, problem) < 0)
        return -1;
    if (!is_known(name))
        return 0;
    for (size_t i = 0; i < out->count; i++)
        if (span_equal_nocase(out->items[i].name, name))
            return problem_set(problem, PROBLEM_PARAMETER_TWICE,
                               "%.*s is given twice: give it once.", (int)name.len, name.data);
    out->items[out->count].name = name;
    out->items[out->count].value = value;
    out->count++;
    return 0;
}

int query_parse(struct span text, struct arena *arena, struct query *out, struct problem *problem)
{
    size_t parts = 0;
    out->count = 0;
    while (text.len > 0) {
        const char *end = memchr(text.data, '&', text.len);
        size_t len = end != NULL ? (size_t)(end - text.data) : text.len;
        if (++parts > LIMIT_QUERY_PARAMETERS)
            return problem_set(problem, PROBLEM_PARAMETER, "The query has more than %u parameters.",
                               LIMIT_QUERY_PARAMETERS);
        if (len > 0 && add_item((struct span){text.data, len}, arena, out, problem) < 0)
            return -1;
        text.data += len;
        text.len -= len;
        if (text.len > 0) {
            text.data++;
            text.len--;
        }
    }
    return 0;
}

const struct span *query_find(const struct query *q, const char *name)
{
    for (size_t i = 0; i < q->count; i++)
        if (span_equal_nocase(q->items[i].name, span_of(name)))
            return &q->items[i].value;
    return NULL;
}

/* As much of a value as a message should repeat. */
#define SHOWN(value) (int)((value)->len < 40 ? (value)->len : 40), (value)->data

static bool number_parse(struct span text, int64_t *out)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    int64_t value = 0;
    size_t i = negative ? 1 : 0;
    if (i == text.len || text.len > 19)
        return false;
    for (; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (text.data[i] - '0');
    }
    *out = negative ? -value : value;
    return true;
}

int query_number(const struct query *q, const char *name, int64_t least, int64_t most, int64_t *out,
                 struct problem *problem)
{
    const struct span *value = query_find(q, name);
    if (value == NULL)
        return 1;
    if (!number_parse(*value, out) || *out < least || *out > most)
        return problem_set(problem, PROBLEM_PARAMETER,
                           "%s is '%.*s': expected a whole number from %lld to %lld.", name,
                           SHOWN(value), (long long)least, (long long)most);
    return 0;
}

int query_bool(const struct query *q, const char *name, bool *out, struct problem *problem)
{
    const struct span *value = query_find(q, name);
    if (value == NULL)
        return 1;
    *out = span_equal_nocase(*value, SPAN("true"));
    if (!*out && !span_equal_nocase(*value, SPAN("false")))
        return problem_set(problem, PROBLEM_PARAMETER, "%s is '%.*s': expected true or false.",
                           name, SHOWN(value));
    return 0;
}

int query_instant(const struct query *q, const char *name, int32_t utc_offset_min, int64_t *out,
                  struct problem *problem)
{
    const struct span *value = query_find(q, name);
    bool had_zone;
    if (value == NULL)
        return 1;
    switch (instant_parse(*value, out, &had_zone)) {
    case INSTANT_MALFORMED:
        return problem_set(problem, PROBLEM_PARAMETER,
                           "%s is '%.*s': expected yyyy-MM-ddTHH:mm:ss, local by utcOffset, or "
                           "with Z or an offset such as %%2B02:00.",
                           name, SHOWN(value));
    case INSTANT_NO_SUCH:
        return problem_set(problem, PROBLEM_PARAMETER,
                           "%s is '%.*s': there is no such date, time or offset.", name,
                           SHOWN(value));
    case INSTANT_OK:
        break;
    }
    if (!had_zone)
        *out -= utc_offset_min * US_PER_MINUTE;
    return 0;
}

static int read_offset(const struct query *q, const struct question_context *context,
                       struct question *out, struct problem *problem)
{
    const struct span *value = query_find(q, "utcOffset");
    int64_t minutes;
    out->utc_offset_min = context->site_offset_min;
    if (value == NULL)
        return 0;
    if (!number_parse(*value, &minutes))
        return problem_set(problem, PROBLEM_PARAMETER,
                           "utcOffset is '%.*s': expected whole minutes, such as 480 for UTC+8.",
                           SHOWN(value));
    if (minutes != 0 && minutes >= -14 && minutes <= 14)
        return problem_set(problem, PROBLEM_PARAMETER,
                           "utcOffset is in minutes: for UTC%+lld write %lld.", (long long)minutes,
                           (long long)minutes * 60);
    if (minutes < -840 || minutes > 840 || minutes % 15 != 0)
        return problem_set(
            problem, PROBLEM_PARAMETER,
            "utcOffset is %lld: expected minutes from -840 to 840, a multiple of 15.",
            (long long)minutes);
    out->utc_offset_min = (int32_t)minutes;
    return 0;
}

static int read_id(const struct query *q, const char *name, int64_t site_id, bool *has,
                   struct guid *out, struct problem *problem)
{
    const struct span *value = query_find(q, name);
    if (value == NULL)
        return 0;
    if (value->len == 0 || value->len > LIMIT_ID_BYTES)
        return problem_set(problem, PROBLEM_PARAMETER,
                           "%s has %zu bytes: expected a GUID or an outside id of 1 to %u bytes.",
                           name, value->len, LIMIT_ID_BYTES);
    *has = true;
    *out = guid_of_id(site_id, *value);
    return 0;
}

static int read_window(enum view view, const struct query *q,
                       const struct question_context *context, struct question *out,
                       struct problem *problem)
{
    int found;
    if (view != VIEW_QUEUE) {
        found = query_instant(q, "startTime", out->utc_offset_min, &out->start_us, problem);
        if (found < 0)
            return -1;
        out->has_start = found == 0;
    }
    found = query_instant(q, "endTime", out->utc_offset_min, &out->end_us, problem);
    if (found < 0)
        return -1;
    out->has_end = found == 0;
    if (view == VIEW_TODAY && !out->has_start)
        return problem_set(problem, PROBLEM_PARAMETER,
                           "startTime is missing: write startTime=yyyy-MM-ddTHH:mm:ss.");
    if (out->has_start && out->has_end && out->end_us < out->start_us)
        return problem_set(problem, PROBLEM_PARAMETER,
                           "endTime is before startTime: a window ends at or after its start.");
    if (out->has_end && out->end_us < context->horizon_us) {
        char first[INSTANT_TEXT_BYTES];
        instant_format(context->horizon_us, first);
        return problem_set(problem, PROBLEM_BEFORE_RETENTION,
                           "endTime is before what is kept: the first instant held is %s.", first);
    }
    return 0;
}

static int read_page(const struct query *q, const struct question_context *context,
                     struct question *out, struct problem *problem)
{
    int64_t index = 1, size = context->default_page_size;
    if (query_number(q, "pageIndex", 1, INT32_MAX, &index, problem) < 0 ||
        query_number(q, "pageSize", 1, LIMIT_PAGE_SIZE, &size, problem) < 0 ||
        query_bool(q, "includeStatusDistribution", &out->status_distribution, problem) < 0)
        return -1;
    out->page_index = (int32_t)index;
    out->page_size = (int32_t)size;
    return 0;
}

int question_read(enum view view, const struct query *q, const struct question_context *context,
                  struct question *out, struct problem *problem)
{
    *out = (struct question){.now_us = context->now_us, .horizon_us = context->horizon_us};
    if (read_offset(q, context, out, problem) < 0 ||
        read_window(view, q, context, out, problem) < 0 ||
        read_id(q, "departmentId", context->site_id, &out->has_department, &out->department,
                problem) < 0)
        return -1;
    if ((view == VIEW_AGENTS || view == VIEW_QUEUE) &&
        read_id(q, "agentId", context->site_id, &out->has_agent, &out->agent, problem) < 0)
        return -1;
    return view == VIEW_AGENTS ? read_page(q, context, out, problem) : 0;
}

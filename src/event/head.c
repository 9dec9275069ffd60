/* Who, what, when and where: the members that every event has, from a native
 * event or from a CloudEvents 1.0 envelope. */
#include "base/instant.h"
#include "base/limits.h"
#include "event/decimal.h"
#include "event/media_type.h"
#include "event/reading.h"

#include <stdio.h>

/* Tags of an envelope's members. */
enum attribute {
    ATTRIBUTE_OTHER,
    ATTRIBUTE_SPEC_VERSION,
    ATTRIBUTE_ID,
    ATTRIBUTE_SOURCE,
    ATTRIBUTE_TYPE,
    ATTRIBUTE_TIME,
    ATTRIBUTE_CONTENT_TYPE,
    ATTRIBUTE_DATA,
    ATTRIBUTE_DATA_BASE64,
    ATTRIBUTE_SITE_ID,
    ATTRIBUTES
};

void head_vocabulary(struct names *attributes)
{
    names_add(attributes, SPAN("specversion"), ATTRIBUTE_SPEC_VERSION);
    names_add(attributes, SPAN("id"), ATTRIBUTE_ID);
    names_add(attributes, SPAN("source"), ATTRIBUTE_SOURCE);
    names_add(attributes, SPAN("type"), ATTRIBUTE_TYPE);
    names_add(attributes, SPAN("time"), ATTRIBUTE_TIME);
    names_add(attributes, SPAN("datacontenttype"), ATTRIBUTE_CONTENT_TYPE);
    names_add(attributes, SPAN("data"), ATTRIBUTE_DATA);
    names_add(attributes, SPAN("data_base64"), ATTRIBUTE_DATA_BASE64);
    names_add(attributes, SPAN("siteid"), ATTRIBUTE_SITE_ID);
}

static int twice(struct reading *r, const char *key)
{
    return problem_set(r->problem, PROBLEM_EVENT_FIELD, "%s is given twice: give it once", key);
}

/* Tags the members of the object at `index` with the keys they are. */
static void tag_keys(struct reading *r, uint32_t index)
{
    r->fields_from = index + 1;
    r->fields_end = r->nodes[index].end;
    for (uint32_t i = r->fields_from; i < r->fields_end; i = r->nodes[i].end)
        r->nodes[i].tag = names_find(&r->words->keys, r->nodes[i].key);
}

/* Numbers beyond a double are refused wherever they stand: whoever reads the
 * kept text later could not. */
static int check_numbers(struct reading *r)
{
    for (uint32_t i = 0; i < r->nodes[0].end; i++) {
        const struct json_node *n = &r->nodes[i];
        if (n->kind != JSON_NUMBER || !decimal_overflows_double(n->raw))
            continue;
        struct shown key = reading_show(n->key.len > 0 ? n->key : SPAN("a number"));
        return problem_set(r->problem, PROBLEM_EVENT_FIELD, "%s is %s: expected less than 1e308",
                           key.text, reading_show(n->raw).text);
    }
    return 0;
}

static int read_type(struct reading *r)
{
    const struct json_node *n = r->head[KEY_TYPE];
    if (n == NULL)
        return problem_set(r->problem, PROBLEM_EVENT_TYPE,
                           "type is missing: expected an event type such as chat.requested");
    uint32_t found = n->kind == JSON_STRING ? names_find(&r->words->types, n->text) : 0;
    if (found == 0)
        return problem_set(r->problem, PROBLEM_EVENT_TYPE,
                           "type is %s: expected an event type such as chat.requested",
                           reading_show(n->raw).text);
    r->event->type = (enum event_type)(found - 1);
    return 0;
}

/* A whole number from 1 on, of a number's text. */
static bool is_site(struct span number, int64_t *out)
{
    int above;
    return decimal_read(number, 0, out, &above) == DECIMAL_EXACT && *out >= 1;
}

/* The site that the event or else its surroundings name, in *event. */
static int read_site(struct reading *r)
{
    const struct decode_context *c = r->context;
    const struct json_node *n = r->head[KEY_SITE_ID];
    int64_t *site = &r->event->site_id;
    if (n != NULL && (n->kind != JSON_NUMBER || !is_site(n->raw, site)))
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "siteId is %s: expected a whole number from 1 on",
                           reading_show(n->raw).text);
    if (*site == 0 && c != NULL && c->has_site)
        *site = c->site_id;
    if (*site == 0)
        return problem_set(r->problem, PROBLEM_EVENT_SITE,
                           "siteId is missing: name the site in the event or with the request");
    if (c != NULL && c->only_site && *site != c->site_id)
        return problem_set(r->problem, PROBLEM_EVENT_SITE,
                           "siteId is %lld: expected %lld, the only site of this request",
                           (long long)*site, (long long)c->site_id);
    return 0;
}

static int read_id(struct reading *r)
{
    const struct json_node *n = r->head[KEY_ID];
    if (n == NULL && r->context == NULL)
        return problem_set(r->problem, PROBLEM_EVENT_FIELD, "id is missing from a kept event");
    if (n == NULL) {
        char *text = arena_alloc(r->arena, GUID_TEXT_BYTES);
        if (text == NULL)
            return reading_no_memory(r);
        struct guid fresh = guid_random();
        guid_format(&fresh, text);
        r->event->id = (struct span){text, GUID_TEXT_BYTES};
        return 0;
    }
    if (n->kind == JSON_STRING && n->text.len > LIMIT_ID_BYTES)
        return problem_set(r->problem, PROBLEM_EVENT_FIELD, "id has %zu bytes: expected at most %u",
                           n->text.len, LIMIT_ID_BYTES);
    if (n->kind != JSON_STRING || n->text.len == 0 || !reading_is_text(n))
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "id is %s: expected text of 1 to %u bytes without NUL",
                           reading_show(n->raw).text, LIMIT_ID_BYTES);
    r->event->id = n->text;
    return 0;
}

/* Refuses an instant that the surroundings do not accept. */
static int check_time(struct reading *r)
{
    const struct decode_context *c = r->context;
    int64_t us = r->event->time_us;
    char newest[INSTANT_TEXT_BYTES];
    if (c == NULL || (us >= c->oldest_us && us <= c->newest_us))
        return 0;
    struct shown shown = reading_show(r->head[KEY_TIME]->raw);
    if (us < c->oldest_us)
        return problem_set(r->problem, PROBLEM_EVENT_TOO_OLD, "time is %s: %s", shown.text,
                           c->oldest_why != NULL ? c->oldest_why
                                                 : "older than events are accepted here");
    instant_format(c->newest_us, newest);
    return problem_set(r->problem, PROBLEM_EVENT_AHEAD,
                       "time is %s: ahead of the server's clock, expected at most %s", shown.text,
                       newest);
}

/* Refuses a time that is none, or has no zone. */
static int refuse_time(struct reading *r, enum instant_status status)
{
    struct shown shown = reading_show(r->head[KEY_TIME]->raw);
    const char *why = ", without a zone: end it with Z or an offset such as +02:00";
    if (status == INSTANT_MALFORMED)
        why = ": expected yyyy-MM-ddTHH:mm:ss[.f] with Z or an offset such as +02:00";
    else if (status == INSTANT_NO_SUCH)
        why = ": there is no such date, time of day or zone";
    return problem_set(r->problem, PROBLEM_EVENT_TIME, "time is %s%s", shown.text, why);
}

static int read_time(struct reading *r)
{
    const struct json_node *n = r->head[KEY_TIME];
    enum instant_status status = INSTANT_MALFORMED;
    bool zone = false;
    if (n == NULL && r->context == NULL)
        return problem_set(r->problem, PROBLEM_EVENT_TIME, "time is missing from a kept event");
    if (n == NULL) {
        r->event->time_us = r->context->arrival_us;
        return 0;
    }
    /* A blank stands for '+' in forms only. */
    if (n->kind == JSON_STRING && n->text.len > 0 && memchr(n->text.data, ' ', n->text.len) == NULL)
        status = instant_parse(n->text, &r->event->time_us, &zone);
    if (status != INSTANT_OK || !zone)
        return refuse_time(r, status);
    return check_time(r);
}

int head_read(struct reading *r)
{
    uint32_t seen = 0;
    tag_keys(r, 0);
    for (uint32_t i = r->fields_from; i < r->fields_end; i = r->nodes[i].end) {
        const struct json_node *n = &r->nodes[i];
        if (n->tag < KEY_ID || n->tag > KEY_SITE_ID)
            continue;
        if (seen & 1u << n->tag)
            return twice(r, reading_show(n->key).text);
        seen |= 1u << n->tag;
        if (n->kind == JSON_NULL)
            r->head_null = true;
        else
            r->head[n->tag] = n;
    }
    if (check_numbers(r) != 0 || read_type(r) != 0 || read_id(r) != 0 || read_time(r) != 0)
        return -1;
    return read_site(r);
}

/* The envelope's attributes by tag; null is absent. */
static int find_attributes(struct reading *r, const struct json_node *found[ATTRIBUTES])
{
    uint32_t seen = 0;
    for (uint32_t i = 1; i < r->nodes[0].end; i = r->nodes[i].end) {
        const struct json_node *n = &r->nodes[i];
        uint32_t tag = names_find(&r->words->attributes, n->key);
        if (tag == ATTRIBUTE_OTHER)
            continue;
        if (seen & 1u << tag)
            return twice(r, reading_show(n->key).text);
        seen |= 1u << tag;
        found[tag] = n->kind == JSON_NULL ? NULL : n;
    }
    return 0;
}

/* A required attribute that is text. */
static int check_attribute(struct reading *r, const char *name, const struct json_node *n)
{
    if (n == NULL)
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "%s is missing: a CloudEvent needs specversion, id, source and type",
                           name);
    if (n->kind != JSON_STRING || n->text.len == 0 || !reading_is_text(n))
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "%s is %s: expected text that is not empty and has no NUL", name,
                           reading_show(n->raw).text);
    if (n->text.len > LIMIT_TEXT_BYTES)
        return problem_set(r->problem, PROBLEM_EVENT_FIELD, "%s has %zu bytes: expected at most %u",
                           name, n->text.len, LIMIT_TEXT_BYTES);
    return 0;
}

static int check_envelope(struct reading *r, const struct json_node *found[ATTRIBUTES])
{
    const struct json_node *version = found[ATTRIBUTE_SPEC_VERSION];
    const struct json_node *content = found[ATTRIBUTE_CONTENT_TYPE];
    const struct json_node *data = found[ATTRIBUTE_DATA];
    if (check_attribute(r, "specversion", version) != 0 ||
        check_attribute(r, "id", found[ATTRIBUTE_ID]) != 0 ||
        check_attribute(r, "source", found[ATTRIBUTE_SOURCE]) != 0 ||
        check_attribute(r, "type", found[ATTRIBUTE_TYPE]) != 0)
        return -1;
    if (!span_equal(version->text, SPAN("1.0")))
        return problem_set(r->problem, PROBLEM_EVENT_FIELD, "specversion is %s: expected \"1.0\"",
                           reading_show(version->raw).text);
    if (content != NULL &&
        (content->kind != JSON_STRING ||
         !span_equal_nocase(media_type_of(content->text), SPAN("application/json"))))
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "datacontenttype is %s: expected application/json",
                           reading_show(content->raw).text);
    if (found[ATTRIBUTE_DATA_BASE64] != NULL)
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "data_base64 cannot be read: expected data, an object");
    if (data != NULL && data->kind != JSON_OBJECT)
        return problem_set(r->problem, PROBLEM_EVENT_FIELD, "data is %s: expected an object",
                           reading_show(data->raw).text);
    return 0;
}

/* The site of the extension attribute `siteid`: a number, or digits as text
 * (attributes that came by way of headers are text). */
static int read_site_attribute(struct reading *r, const struct json_node *n)
{
    if (n == NULL)
        return 0;
    struct span number = n->kind == JSON_STRING ? n->text : n->raw;
    bool fine = n->kind == JSON_NUMBER || n->kind == JSON_STRING;
    if (n->kind == JSON_STRING) {
        fine = number.len > 0 && number.len < 20;
        for (size_t i = 0; i < number.len && fine; i++)
            fine = number.data[i] >= '0' && number.data[i] <= '9';
    }
    if (!fine || !is_site(number, &r->event->site_id))
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "siteid is %s: expected a whole number from 1 on",
                           reading_show(n->raw).text);
    return 0;
}

/* Tags the data's members; its siteId is the event's, its id, type and time give
 * way to the envelope's. */
static int read_data_head(struct reading *r, const struct json_node *data)
{
    int64_t outside = r->event->site_id;
    if (data == NULL)
        return 0;
    tag_keys(r, (uint32_t)(data - r->nodes));
    for (uint32_t i = r->fields_from; i < r->fields_end; i = r->nodes[i].end) {
        const struct json_node *n = &r->nodes[i];
        if (n->tag != KEY_SITE_ID || n->kind == JSON_NULL)
            continue;
        if (r->head[KEY_SITE_ID] != NULL)
            return twice(r, "siteId");
        r->head[KEY_SITE_ID] = n;
    }
    if (read_site(r) != 0)
        return -1;
    if (outside != 0 && outside != r->event->site_id)
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "siteid is %lld and data has siteId %lld: expected one site",
                           (long long)outside, (long long)r->event->site_id);
    return 0;
}

/* source#id names the event. Where that is too long, or the source has a # so that it could be cut
 * at two places, its version-5 GUID in the site's namespace does; in the second case of a text that
 * says where the source ends, which no other begins like. */
static int make_id(struct reading *r, struct span source, struct span id)
{
    char ends_at[24] = "";
    bool twofold = source.len > 0 && memchr(source.data, '#', source.len) != NULL;
    if (twofold)
        snprintf(ends_at, sizeof ends_at, "#%zu#", source.len);
    size_t before = strlen(ends_at), len = before + source.len + 1 + id.len;
    char *text = arena_alloc(r->arena, len > GUID_TEXT_BYTES ? len : GUID_TEXT_BYTES);
    if (text == NULL)
        return reading_no_memory(r);
    memcpy(text, ends_at, before);
    memcpy(text + before, source.data, source.len);
    text[before + source.len] = '#';
    memcpy(text + before + source.len + 1, id.data, id.len);
    if (twofold || len > LIMIT_ID_BYTES) {
        struct guid space = guid_site_space(r->event->site_id);
        struct guid made = guid_v5(&space, (struct span){text, len});
        guid_format(&made, text);
        len = GUID_TEXT_BYTES;
    }
    r->event->id = (struct span){text, len};
    return 0;
}

int head_read_enveloped(struct reading *r)
{
    const struct json_node *found[ATTRIBUTES] = {0};
    r->enveloped = true;
    if (check_numbers(r) != 0 || find_attributes(r, found) != 0 || check_envelope(r, found) != 0)
        return -1;
    r->head[KEY_TYPE] = found[ATTRIBUTE_TYPE];
    r->head[KEY_TIME] = found[ATTRIBUTE_TIME];
    if (read_type(r) != 0 || read_time(r) != 0)
        return -1;
    if (read_site_attribute(r, found[ATTRIBUTE_SITE_ID]) != 0 ||
        read_data_head(r, found[ATTRIBUTE_DATA]) != 0 || read_site(r) != 0)
        return -1;
    return make_id(r, found[ATTRIBUTE_SOURCE]->text, found[ATTRIBUTE_ID]->text);
}

/* Bodies of events. The first byte chooses the format and the surroundings
 * ('0' JSON, '1' NDJSON, '2' a CloudEvent, '3' a batch of them), the rest is the body.
 * Whatever it is: no crash, and every accepted event's normal text is one line that
 * decodes to the same event. */
#include "target.h"

#include "event/decode.h"

#include <stdlib.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool same_texts(const struct event *a, const struct event *b)
{
    return span_equal(a->id, b->id) && span_equal(a->name, b->name) &&
           span_equal(a->description, b->description) &&
           span_equal(a->display_name, b->display_name) && span_equal(a->email, b->email) &&
           span_equal(a->first_name, b->first_name) && span_equal(a->last_name, b->last_name) &&
           span_equal(a->title, b->title) && span_equal(a->bio, b->bio) &&
           span_equal(a->phone, b->phone) && span_equal(a->avatar, b->avatar);
}

static bool same_ids(const struct event *a, const struct event *b)
{
    return guid_equal(&a->chat, &b->chat) && guid_equal(&a->visitor, &b->visitor) &&
           guid_equal(&a->contact, &b->contact) && guid_equal(&a->department, &b->department) &&
           guid_equal(&a->agent, &b->agent) && guid_equal(&a->from_agent, &b->from_agent) &&
           guid_equal(&a->bot, &b->bot) && guid_equal(&a->invitation, &b->invitation) &&
           guid_equal(&a->status, &b->status);
}

static bool same_values(const struct event *a, const struct event *b)
{
    return a->type == b->type && a->fields == b->fields && a->time_us == b->time_us &&
           a->site_id == b->site_id && a->utc_offset_min == b->utc_offset_min &&
           a->max_concurrent == b->max_concurrent &&
           a->available_live_chat == b->available_live_chat &&
           a->available_ticketing == b->available_ticketing && a->is_admin == b->is_admin &&
           a->is_active == b->is_active && a->is_locked == b->is_locked && a->score == b->score &&
           a->kind == b->kind && a->sender == b->sender && a->source == b->source &&
           a->department_count == b->department_count;
}

static void check_accepted(struct decoder *d, const struct decoded_event *e)
{
    struct event again;
    struct problem problem = {0};
    must(memchr(e->json.data, '\n', e->json.len) == NULL);
    must(memchr(e->json.data, '\r', e->json.len) == NULL);
    must(decode_stored(d, e->json, &again, &problem) == 0);
    must(same_values(&e->event, &again) && same_ids(&e->event, &again) &&
         same_texts(&e->event, &again));
    for (uint32_t i = 0; i < again.department_count; i++)
        must(guid_equal(&again.department_ids[i], &e->event.department_ids[i]));
    must(e->event.id.len > 0 && e->event.id.len <= 128 && span_is_text(e->event.id));
    must(span_is_text(e->event.name) && span_is_text(e->event.display_name));
}

static void check_problem(const struct problem *p)
{
    must(p->code != 0 && p->code != PROBLEM_INTERNAL);
    must(p->message[0] != '\0' && span_is_text(span_of(p->message)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct decoder *decoder;
    static struct arena *arena;
    struct decoded_batch batch;
    struct problem problem = {0};
    if (size == 0)
        return 0;
    if (decoder == NULL) {
        decoder = decoder_new();
        arena = arena_new();
        must(decoder != NULL && arena != NULL);
    }
    struct decode_context context = {
        .has_site = (data[0] & 4) == 0,
        .site_id = 10000,
        .only_site = (data[0] & 8) != 0,
        .arrival_us = 1795435200000000,
        .oldest_us = (data[0] & 64) != 0 ? 1795348800000000 : INT64_MIN,
        .newest_us = 1795435500000000,
    };
    size_t len = size - 1;
    char *body = malloc(len + DECODE_PADDING);
    must(body != NULL);
    memcpy(body, data + 1, len);
    memset(body + len, (data[0] & 128) != 0 ? '}' : ']', DECODE_PADDING);
    arena_reset(arena);
    if (decode_body(decoder, (enum body_format)(data[0] & 3), (struct span){body, len}, &context,
                    arena, &batch, &problem) != 0)
        check_problem(&problem);
    free(body);
    for (size_t i = 0; i < batch.event_count; i++)
        check_accepted(decoder, &batch.events[i]);
    for (size_t i = 0; i < batch.refused_count; i++)
        check_problem(&batch.refused[i].problem);
    return 0;
}

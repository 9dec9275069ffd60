#include "decode_fixture.h"

#include "support/check.h"

int fixture_set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    f->decoder = decoder_new();
    f->again = decoder_new();
    f->arena = arena_new();
    f->context = (struct decode_context){
        .has_site = true,
        .site_id = 10000,
        .arrival_us = FIXTURE_NOW,
        .oldest_us = FIXTURE_NOW - 24 * US_PER_HOUR,
        .oldest_why = "events older than 24 hours are refused",
        .newest_us = FIXTURE_NOW + 5 * US_PER_MINUTE,
    };
    *state = f;
    return f->decoder == NULL || f->again == NULL || f->arena == NULL;
}

int fixture_tear_down(void **state)
{
    struct fixture *f = *state;
    decoder_free(f->decoder);
    decoder_free(f->again);
    arena_free(f->arena);
    free(f);
    return 0;
}

int fixture_decode(struct fixture *f, enum body_format format, struct span body)
{
    char *padded = malloc(body.len + DECODE_PADDING);
    assert_non_null(padded);
    if (body.len > 0)
        memcpy(padded, body.data, body.len);
    for (size_t i = 0; i < DECODE_PADDING; i++)
        padded[body.len + i] = "}]"[i % 2];
    arena_reset(f->arena);
    f->problem = (struct problem){0};
    int result = decode_body(f->decoder, format, (struct span){padded, body.len}, &f->context,
                             f->arena, &f->batch, &f->problem);
    /* Nothing of the answer may lie in the body. */
    memset(padded, 'x', body.len);
    free(padded);
    return result;
}

static void same_span(struct span a, struct span b)
{
    assert_int_equal(a.len, b.len);
    assert_true(span_equal(a, b));
}

static void same_event(const struct event *a, const struct event *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->fields, b->fields);
    assert_int_equal(a->time_us, b->time_us);
    assert_int_equal(a->site_id, b->site_id);
    assert_int_equal(a->utc_offset_min, b->utc_offset_min);
    assert_int_equal(a->max_concurrent, b->max_concurrent);
    assert_int_equal(a->score, b->score);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->sender, b->sender);
    assert_int_equal(a->source, b->source);
    assert_int_equal(a->available_live_chat, b->available_live_chat);
    assert_int_equal(a->available_ticketing, b->available_ticketing);
    assert_int_equal(a->is_admin, b->is_admin);
    assert_int_equal(a->is_active, b->is_active);
    assert_int_equal(a->is_locked, b->is_locked);
    assert_true(guid_equal(&a->chat, &b->chat) && guid_equal(&a->visitor, &b->visitor));
    assert_true(guid_equal(&a->contact, &b->contact) && guid_equal(&a->department, &b->department));
    assert_true(guid_equal(&a->agent, &b->agent) && guid_equal(&a->from_agent, &b->from_agent));
    assert_true(guid_equal(&a->bot, &b->bot) && guid_equal(&a->invitation, &b->invitation));
    assert_true(guid_equal(&a->status, &b->status));
    assert_int_equal(a->department_count, b->department_count);
    for (uint32_t i = 0; i < a->department_count; i++)
        assert_true(guid_equal(&a->department_ids[i], &b->department_ids[i]));
    same_span(a->id, b->id);
    same_span(a->name, b->name);
    same_span(a->description, b->description);
    same_span(a->display_name, b->display_name);
    same_span(a->email, b->email);
    same_span(a->first_name, b->first_name);
    same_span(a->last_name, b->last_name);
    same_span(a->title, b->title);
    same_span(a->bio, b->bio);
    same_span(a->phone, b->phone);
    same_span(a->avatar, b->avatar);
}

void fixture_check_kept(struct fixture *f, const struct decoded_event *e)
{
    struct event again;
    struct problem problem = {0};
    assert_null(memchr(e->json.data, '\n', e->json.len));
    assert_null(memchr(e->json.data, '\r', e->json.len));
    /* From memory of its very length, so that a read past it is seen. */
    char *copy = malloc(e->json.len);
    assert_non_null(copy);
    memcpy(copy, e->json.data, e->json.len);
    struct span json = {copy, e->json.len};
    if (decode_stored(f->again, json, &again, &problem) != 0)
        fail_msg("%.*s: %s", (int)json.len, json.data, problem.message);
    free(copy);
    same_event(&e->event, &again);
}

const struct decoded_event *fixture_accept(struct fixture *f, const char *json)
{
    if (fixture_decode(f, BODY_JSON, span_of(json)) != 0)
        fail_msg("%s: %s", json, f->problem.message);
    if (f->batch.refused_count != 0)
        fail_msg("%s: %s", json, f->batch.refused[0].problem.message);
    assert_int_equal(f->batch.event_count, 1);
    assert_int_equal(f->batch.events[0].index, 0);
    fixture_check_kept(f, &f->batch.events[0]);
    return &f->batch.events[0];
}

const struct problem *fixture_refuse(struct fixture *f, const char *json)
{
    if (fixture_decode(f, BODY_JSON, span_of(json)) != 0)
        fail_msg("%s: %s", json, f->problem.message);
    if (f->batch.refused_count != 1 || f->batch.event_count != 0)
        fail_msg("%s: accepted", json);
    assert_int_equal(f->batch.refused[0].index, 0);
    return &f->batch.refused[0].problem;
}

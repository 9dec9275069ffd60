#include "answer/names.h"

#include "floor/agent.h"
#include "floor/department.h"

static int guid_text(const struct guid *id, struct arena *arena, struct span *out)
{
    char text[GUID_TEXT_BYTES];
    guid_format(id, text);
    *out = arena_copy(arena, (struct span){text, sizeof text});
    return out->data == NULL ? -1 : 0;
}

int name_of_agent(const struct floor *f, uint32_t agent, int64_t t, struct arena *arena,
                  struct span *out)
{
    const struct agent_version *v = agent_version_at(&f->agents[agent], t);
    if (v == NULL || !(v->fields & FIELD_DISPLAY_NAME))
        return guid_text(&f->agent_ids.guids[agent], arena, out);
    *out = v->display_name;
    return 0;
}

int name_of_department(const struct floor *f, uint32_t department, int64_t t, struct arena *arena,
                       struct span *out)
{
    const struct department_version *v = department_version_at(&f->departments[department], t);
    if (v == NULL || !(v->fields & FIELD_NAME))
        return guid_text(&f->department_ids.guids[department], arena, out);
    *out = v->name;
    return 0;
}

static struct optional_text text_of(const struct agent_version *v, uint32_t field, struct span text)
{
    return (struct optional_text){(v->fields & field) != 0, text};
}

int view_of_agent(const struct floor *f, uint32_t agent, int64_t t, struct arena *arena,
                  struct agent_view *out)
{
    const struct agent *a = &f->agents[agent];
    const struct agent_version *v = agent_version_at(a, t);
    *out = (struct agent_view){.id = f->agent_ids.guids[agent], .is_active = true};
    if (v != NULL) {
        out->email = text_of(v, FIELD_EMAIL, v->email);
        out->first_name = text_of(v, FIELD_FIRST_NAME, v->first_name);
        out->last_name = text_of(v, FIELD_LAST_NAME, v->last_name);
        out->title = text_of(v, FIELD_TITLE, v->title);
        out->bio = text_of(v, FIELD_BIO, v->bio);
        out->phone = text_of(v, FIELD_PHONE, v->phone);
        out->avatar = text_of(v, FIELD_AVATAR, v->avatar);
        out->is_admin = v->is_admin;
        out->is_active = v->is_active;
        out->is_locked = v->is_locked;
        out->has_locked = v->is_locked;
        out->locked_us = v->locked_us;
        out->is_deleted = v->deleted;
        out->department_ids = v->department_ids;
        out->department_count = v->department_count;
    }
    int64_t since = agent_life_began(a, v);
    out->has_created = since <= t;
    out->created_us = since;
    return name_of_agent(f, agent, t, arena, &out->display_name);
}

int view_of_department(const struct floor *f, uint32_t department, int64_t t, struct arena *arena,
                       struct department_view *out)
{
    const struct department_version *v = department_version_at(&f->departments[department], t);
    *out = (struct department_view){.id = f->department_ids.guids[department],
                                    .available_live_chat = true};
    if (v != NULL) {
        out->has_description = (v->fields & FIELD_DESCRIPTION) != 0;
        out->description = v->description;
        out->available_live_chat = v->available_live_chat;
        out->available_ticketing = v->available_ticketing;
        out->is_deleted = v->deleted;
    }
    return name_of_department(f, department, t, arena, &out->name);
}

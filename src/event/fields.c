/* What each type of event calls for (metrics.md §4), and reading it. */
#include "base/limits.h"
#include "event/decimal.h"
#include "event/reading.h"

#include <stddef.h>
#include <stdio.h>

enum form {
    FORM_TEXT,
    FORM_ID,
    FORM_STATUS, /* an id, or a built-in status's name */
    FORM_BOOL,
    FORM_INT,
    FORM_SCORE,
    FORM_IDS,
    FORM_WORD,
};

/* A key's value: its form, and where in struct event it goes. */
struct rule {
    struct span name;
    enum form form;
    uint32_t bit;             /* enum event_field; 0: checked, not kept in the struct */
    size_t at;                /* offset in struct event */
    int64_t low, high;        /* FORM_INT, with */
    int64_t multiple;         /* … what it must be a multiple of */
    const char *const *words; /* FORM_WORD: in the order of the enum; NULL ends */
};

static const char *const STATUS_KINDS[] = {"online", "away", "offline", NULL};
static const char *const INVITATION_KINDS[] = {"manual", "auto", NULL};
static const char *const SENDERS[] = {"visitor", "agent", "bot", "system", NULL};
static const char *const SOURCES[] = {"visitor", "manualInvitation", "autoInvitation", NULL};

/* A JSON key and its length, for the table. */
#define NAME(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }
#define AT(member) offsetof(struct event, member)
#define ID(key, field, member)                                                                     \
    {                                                                                              \
        .name = NAME(key), .form = FORM_ID, .bit = field, .at = AT(member)                         \
    }
#define TEXT(key, field, member)                                                                   \
    {                                                                                              \
        .name = NAME(key), .form = FORM_TEXT, .bit = field, .at = AT(member)                       \
    }
#define BOOL(key, field, member)                                                                   \
    {                                                                                              \
        .name = NAME(key), .form = FORM_BOOL, .bit = field, .at = AT(member)                       \
    }
#define WORD(key, field, member, list)                                                             \
    {                                                                                              \
        .name = NAME(key), .form = FORM_WORD, .bit = field, .at = AT(member), .words = list        \
    }

static const struct rule RULES[KEYS] = {
    [KEY_NAME] = TEXT("name", FIELD_NAME, name),
    [KEY_UTC_OFFSET] = {.name = NAME("utcOffset"),
                        .form = FORM_INT,
                        .bit = FIELD_UTC_OFFSET,
                        .at = AT(utc_offset_min),
                        .low = -840,
                        .high = 840,
                        .multiple = 15},
    [KEY_DEPARTMENT_ID] = ID("departmentId", FIELD_DEPARTMENT, department),
    [KEY_DESCRIPTION] = TEXT("description", FIELD_DESCRIPTION, description),
    [KEY_AVAILABLE_LIVE_CHAT] =
        BOOL("isAvailableInLiveChat", FIELD_AVAILABLE_LIVE_CHAT, available_live_chat),
    [KEY_AVAILABLE_TICKETING] =
        BOOL("isAvailableInTicketingAndMessaging", FIELD_AVAILABLE_TICKETING, available_ticketing),
    [KEY_AGENT_ID] = ID("agentId", FIELD_AGENT, agent),
    [KEY_DISPLAY_NAME] = TEXT("displayName", FIELD_DISPLAY_NAME, display_name),
    [KEY_EMAIL] = TEXT("email", FIELD_EMAIL, email),
    [KEY_FIRST_NAME] = TEXT("firstName", FIELD_FIRST_NAME, first_name),
    [KEY_LAST_NAME] = TEXT("lastName", FIELD_LAST_NAME, last_name),
    [KEY_TITLE] = TEXT("title", FIELD_TITLE, title),
    [KEY_BIO] = TEXT("bio", FIELD_BIO, bio),
    [KEY_PHONE] = TEXT("phone", FIELD_PHONE, phone),
    [KEY_IS_ADMIN] = BOOL("isAdmin", FIELD_IS_ADMIN, is_admin),
    [KEY_IS_ACTIVE] = BOOL("isActive", FIELD_IS_ACTIVE, is_active),
    [KEY_IS_LOCKED] = BOOL("isLocked", FIELD_IS_LOCKED, is_locked),
    [KEY_MAX_CONCURRENT] = {.name = NAME("maxConcurrentChats"),
                            .form = FORM_INT,
                            .bit = FIELD_MAX_CONCURRENT,
                            .at = AT(max_concurrent),
                            .low = 0,
                            .high = LIMIT_MAX_CONCURRENT,
                            .multiple = 1},
    [KEY_DEPARTMENT_IDS] = {.name = NAME("departmentIds"),
                            .form = FORM_IDS,
                            .bit = FIELD_DEPARTMENT_IDS},
    [KEY_AVATAR] = TEXT("avatar", FIELD_AVATAR, avatar),
    [KEY_STATUS_ID] = {.name = NAME("statusId"),
                       .form = FORM_STATUS,
                       .bit = FIELD_STATUS,
                       .at = AT(status)},
    [KEY_KIND] = WORD("kind", FIELD_KIND, kind, STATUS_KINDS),
    [KEY_INVITATION_KIND] = {.name = NAME("kind"), .form = FORM_WORD, .words = INVITATION_KINDS},
    [KEY_VISITOR_ID] = ID("visitorId", FIELD_VISITOR, visitor),
    [KEY_CONTACT_ID] = ID("contactIdentityId", FIELD_CONTACT, contact),
    [KEY_CHAT_ID] = ID("chatId", FIELD_CHAT, chat),
    [KEY_BOT_ID] = ID("botId", FIELD_BOT, bot),
    [KEY_SOURCE] = WORD("source", FIELD_SOURCE, source, SOURCES),
    [KEY_FROM_AGENT_ID] = ID("fromAgentId", FIELD_FROM_AGENT, from_agent),
    [KEY_TO_AGENT_ID] = ID("toAgentId", FIELD_AGENT, agent),
    [KEY_TO_DEPARTMENT_ID] = ID("toDepartmentId", FIELD_DEPARTMENT, department),
    [KEY_SENDER] = WORD("sender", FIELD_SENDER, sender, SENDERS),
    [KEY_SCORE] = {.name = NAME("score"), .form = FORM_SCORE, .bit = FIELD_SCORE, .at = AT(score)},
    [KEY_INVITATION_ID] = ID("invitationId", FIELD_INVITATION, invitation),
    [KEY_ENDED_BY] = {.name = NAME("endedBy"), .form = FORM_WORD, .words = SENDERS},
};

void fields_vocabulary(struct names *keys)
{
    names_add(keys, SPAN("id"), KEY_ID);
    names_add(keys, SPAN("type"), KEY_TYPE);
    names_add(keys, SPAN("time"), KEY_TIME);
    names_add(keys, SPAN("siteId"), KEY_SITE_ID);
    for (uint32_t key = KEY_FIRST_FIELD; key < KEYS; key++) {
        if (key != KEY_INVITATION_KIND)
            names_add(keys, RULES[key].name, key);
    }
}

#define K(key) (UINT64_C(1) << KEY_##key)
#define INVITATION                                                                                 \
    {                                                                                              \
        K(INVITATION_ID) | K(VISITOR_ID), K(DEPARTMENT_ID) | K(INVITATION_KIND)                    \
    }

/* The keys of each type: those that it needs and those that it may have. */
static const struct {
    uint64_t needs, may;
} SPECS[EVENT_TYPES] = {
    [EVENT_SITE_UPDATED] = {0, K(NAME) | K(UTC_OFFSET)},
    [EVENT_DEPARTMENT_UPDATED] = {K(DEPARTMENT_ID), K(NAME) | K(DESCRIPTION) |
                                                        K(AVAILABLE_LIVE_CHAT) |
                                                        K(AVAILABLE_TICKETING)},
    [EVENT_AGENT_UPDATED] = {K(AGENT_ID), K(DISPLAY_NAME) | K(EMAIL) | K(FIRST_NAME) |
                                              K(LAST_NAME) | K(TITLE) | K(BIO) | K(PHONE) |
                                              K(IS_ADMIN) | K(IS_ACTIVE) | K(IS_LOCKED) |
                                              K(MAX_CONCURRENT) | K(DEPARTMENT_IDS) | K(AVATAR)},
    [EVENT_STATUS_UPDATED] = {K(STATUS_ID) | K(NAME) | K(KIND), 0},
    [EVENT_DEPARTMENT_DELETED] = {K(DEPARTMENT_ID), 0},
    [EVENT_AGENT_DELETED] = {K(AGENT_ID), 0},
    [EVENT_AGENT_STATUS_CHANGED] = {K(AGENT_ID) | K(STATUS_ID), 0},
    [EVENT_VISITOR_SEEN] = {K(VISITOR_ID), K(CONTACT_ID)},
    [EVENT_CHAT_BOT_STARTED] = {K(CHAT_ID) | K(VISITOR_ID), K(BOT_ID) | K(CONTACT_ID)},
    [EVENT_CHAT_REQUESTED] = {K(CHAT_ID) | K(VISITOR_ID),
                              K(CONTACT_ID) | K(DEPARTMENT_ID) | K(AGENT_ID) | K(SOURCE)},
    [EVENT_CHAT_TRANSFERRED] = {K(CHAT_ID),
                                K(FROM_AGENT_ID) | K(TO_AGENT_ID) | K(TO_DEPARTMENT_ID)},
    [EVENT_CHAT_ACCEPTED] = {K(CHAT_ID) | K(AGENT_ID), K(VISITOR_ID)},
    [EVENT_CHAT_MESSAGE] = {K(CHAT_ID) | K(SENDER), K(AGENT_ID)},
    [EVENT_CHAT_AGENT_LEFT] = {K(CHAT_ID) | K(AGENT_ID), 0},
    [EVENT_CHAT_RATED] = {K(CHAT_ID) | K(SCORE), 0},
    [EVENT_INVITATION_ACCEPTED] = INVITATION,
    [EVENT_INVITATION_SENT] = INVITATION,
    [EVENT_INVITATION_REFUSED] = INVITATION,
    [EVENT_OFFLINE_MESSAGE] = {0, K(VISITOR_ID) | K(DEPARTMENT_ID)},
    [EVENT_CHAT_ABANDONED] = {K(CHAT_ID), 0},
    [EVENT_CHAT_SWITCHED_TO_MESSAGE] = {K(CHAT_ID), 0},
    [EVENT_CHAT_REFUSED] = {K(CHAT_ID), K(AGENT_ID)},
    [EVENT_CHAT_MISSED] = {K(CHAT_ID), 0},
    [EVENT_CHAT_ENDED] = {K(CHAT_ID), K(ENDED_BY)},
    [EVENT_VISITOR_LEFT] = {K(VISITOR_ID), 0},
};

/* Refuses a value: the key, what it is, what was expected. */
static int expected(const struct reading *r, const struct rule *rule, const struct json_node *n,
                    const char *what)
{
    return problem_set(r->problem, PROBLEM_EVENT_FIELD, "%s is %s: expected %s", rule->name.data,
                       reading_show(n->raw).text, what);
}

/* Checks a string's kind, length and characters. */
static int check_string(const struct reading *r, const struct rule *rule, const struct json_node *n,
                        size_t most)
{
    if (n->kind != JSON_STRING)
        return expected(r, rule, n, "text");
    if (n->text.len > most)
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "%s has %zu bytes: expected at most %zu", rule->name.data, n->text.len,
                           most);
    if (!reading_is_text(n))
        return expected(r, rule, n, "text without NUL and in whole characters");
    return 0;
}

static int read_text(struct reading *r, const struct rule *rule, const struct json_node *n,
                     struct span *out)
{
    if (check_string(r, rule, n, LIMIT_TEXT_BYTES) != 0)
        return -1;
    *out = reading_keep(r, n);
    return out->data == NULL ? reading_no_memory(r) : 0;
}

static int read_id(struct reading *r, const struct rule *rule, const struct json_node *n,
                   struct guid *out)
{
    if (check_string(r, rule, n, LIMIT_ID_BYTES) != 0)
        return -1;
    if (n->text.len == 0)
        return expected(r, rule, n, "a GUID or another text that is not empty");
    *out = id_map_guid(r->ids, r->event->site_id, n->text);
    return 0;
}

static int read_status(struct reading *r, const struct rule *rule, const struct json_node *n,
                       struct guid *out)
{
    static const struct guid *const ids[] = {&STATUS_ID_ONLINE, &STATUS_ID_AWAY,
                                             &STATUS_ID_OFFLINE};
    for (int i = 0; n->kind == JSON_STRING && STATUS_KINDS[i] != NULL; i++) {
        if (span_equal_nocase(n->text, span_of(STATUS_KINDS[i]))) {
            *out = *ids[i];
            return 0;
        }
    }
    return read_id(r, rule, n, out);
}

static int read_bool(struct reading *r, const struct rule *rule, const struct json_node *n,
                     bool *out)
{
    if (n->kind != JSON_TRUE && n->kind != JSON_FALSE)
        return expected(r, rule, n, "true or false");
    *out = n->kind == JSON_TRUE;
    return 0;
}

static int read_int(struct reading *r, const struct rule *rule, const struct json_node *n,
                    int32_t *out)
{
    int64_t value = 0;
    int above;
    if (n->kind == JSON_NUMBER && decimal_read(n->raw, 0, &value, &above) == DECIMAL_EXACT &&
        value >= rule->low && value <= rule->high && value % rule->multiple == 0) {
        *out = (int32_t)value;
        return 0;
    }
    char what[80];
    int len = snprintf(what, sizeof what, "a whole number from %lld to %lld", (long long)rule->low,
                       (long long)rule->high);
    if (rule->multiple > 1)
        snprintf(what + len, sizeof what - (size_t)len, ", a multiple of %lld",
                 (long long)rule->multiple);
    return expected(r, rule, n, what);
}

static int read_score(struct reading *r, const struct rule *rule, const struct json_node *n,
                      int64_t *out)
{
    const int64_t most = 5 * SCORE_ONE;
    int above = 0;
    bool fine = n->kind == JSON_NUMBER && decimal_read(n->raw, 9, out, &above) != DECIMAL_HUGE;
    /* Digits past the unit are rounded away, but not into the range. */
    if (!fine || *out < 0 || *out > most || (*out == 0 && above < 0) || (*out == most && above > 0))
        return expected(r, rule, n, "a number from 0 to 5");
    return 0;
}

static int read_word(struct reading *r, const struct rule *rule, const struct json_node *n,
                     int *out)
{
    for (int i = 0; n->kind == JSON_STRING && rule->words[i] != NULL; i++) {
        if (span_equal(n->text, span_of(rule->words[i]))) {
            *out = i;
            return 0;
        }
    }
    char what[80];
    size_t len = 0;
    for (int i = 0; rule->words[i] != NULL; i++) {
        const char *comma = i == 0 ? "" : rule->words[i + 1] == NULL ? " or " : ", ";
        len += (size_t)snprintf(what + len, sizeof what - len, "%s%s", comma, rule->words[i]);
    }
    return expected(r, rule, n, what);
}

/* Is the GUID among the first `count`? The slots remember where each one is, so
 * that a long list costs no more for each than a short one. */
#define SEEN_SLOTS 2048u
_Static_assert(SEEN_SLOTS >= 2 * LIMIT_DEPARTMENTS_OF_AGENT, "the slots stay half empty");

static bool seen_before(uint16_t slots[SEEN_SLOTS], const struct guid *ids, uint32_t count,
                        const struct guid *wanted)
{
    uint32_t slot;
    memcpy(&slot, wanted->bytes + 12, sizeof slot);
    for (slot %= SEEN_SLOTS; slots[slot] != 0; slot = (slot + 1) % SEEN_SLOTS) {
        if (guid_equal(&ids[slots[slot] - 1], wanted))
            return true;
    }
    slots[slot] = (uint16_t)(count + 1);
    return false;
}

static int read_ids(struct reading *r, const struct rule *rule, const struct json_node *n)
{
    uint32_t count = 0, kept = 0, list = (uint32_t)(n - r->nodes);
    uint16_t slots[SEEN_SLOTS] = {0};
    if (n->kind != JSON_ARRAY)
        return expected(r, rule, n, "an array of ids");
    for (uint32_t i = list + 1; i < n->end; i = r->nodes[i].end)
        count++;
    if (count > LIMIT_DEPARTMENTS_OF_AGENT)
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "departmentIds has %u ids: expected at most %u", count,
                           LIMIT_DEPARTMENTS_OF_AGENT);
    struct guid *ids = arena_alloc(r->arena, count * sizeof *ids);
    if (ids == NULL)
        return reading_no_memory(r);
    for (uint32_t i = list + 1; i < n->end; i = r->nodes[i].end) {
        if (read_id(r, rule, &r->nodes[i], &ids[kept]) != 0)
            return -1;
        if (!seen_before(slots, ids, kept, &ids[kept]))
            kept++;
    }
    r->event->department_ids = ids;
    r->event->department_count = kept;
    return 0;
}

static int read_field(struct reading *r, const struct rule *rule, const struct json_node *n)
{
    /* `at` is the offset of a member of the type that the form says. */
    void *out = (char *)r->event + rule->at;
    int word = 0;
    switch (rule->form) {
    case FORM_TEXT:
        return read_text(r, rule, n, out);
    case FORM_ID:
        return read_id(r, rule, n, out);
    case FORM_STATUS:
        return read_status(r, rule, n, out);
    case FORM_BOOL:
        return read_bool(r, rule, n, out);
    case FORM_INT:
        return read_int(r, rule, n, out);
    case FORM_SCORE:
        return read_score(r, rule, n, out);
    case FORM_IDS:
        return read_ids(r, rule, n);
    case FORM_WORD:
        break;
    }
    if (read_word(r, rule, n, &word) != 0)
        return -1;
    if (rule->bit != 0)
        memcpy(out, &word, sizeof word);
    return 0;
}

_Static_assert(sizeof(enum status_kind) == sizeof(int) && sizeof(enum sender) == sizeof(int) &&
                   sizeof(enum chat_source) == sizeof(int),
               "words are written as int");

/* What the table cannot say: fields that are needed because of others. */
static int check_together(struct reading *r)
{
    const struct event *e = r->event;
    if (e->type == EVENT_CHAT_TRANSFERRED && !event_has(e, FIELD_AGENT | FIELD_DEPARTMENT))
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "toAgentId and toDepartmentId are missing: expected one or both");
    if (e->type == EVENT_CHAT_MESSAGE && e->sender == SENDER_AGENT && !event_has(e, FIELD_AGENT))
        return problem_set(r->problem, PROBLEM_EVENT_FIELD,
                           "agentId is missing: expected with sender agent");
    return 0;
}

int fields_read(struct reading *r)
{
    uint64_t needs = SPECS[r->event->type].needs, known = needs | SPECS[r->event->type].may;
    uint64_t seen = 0;
    for (uint32_t i = r->fields_from; i < r->fields_end; i = r->nodes[i].end) {
        const struct json_node *n = &r->nodes[i];
        uint32_t key = n->tag;
        if (key == KEY_KIND && (known & K(INVITATION_KIND)) != 0)
            key = KEY_INVITATION_KIND;
        if ((known >> key & 1) == 0)
            continue;
        if ((seen >> key & 1) != 0)
            return problem_set(r->problem, PROBLEM_EVENT_FIELD, "%s is given twice: give it once",
                               RULES[key].name.data);
        seen |= UINT64_C(1) << key;
        if (n->kind == JSON_NULL)
            continue;
        if (read_field(r, &RULES[key], n) != 0)
            return -1;
        r->event->fields |= RULES[key].bit;
        needs &= ~(UINT64_C(1) << key);
    }
    if (needs != 0)
        return problem_set(r->problem, PROBLEM_EVENT_FIELD, "%s is missing: %s needs it",
                           RULES[__builtin_ctzll(needs)].name.data,
                           event_type_name(r->event->type).data);
    return check_together(r);
}

/* The tokens are in an LMDB environment of their own, which several processes may
 * hold. Key: SHA-256 of the token's text. Value: version, scopes, site, when it was
 * made, its name; numbers little-endian. */
#include "auth/auth.h"

#include "base/instant.h"

#include <endian.h>
#include <errno.h>
#include <lmdb.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#define STORE_MAP_BYTES (64u << 20)
#define STORE_READERS 512u
#define RECORD_VERSION 1u
#define SECRET_BYTES 32u
#define SECRET_TEXT_BYTES 43u /* base64url without padding */

static const char PREFIX[] = "lf_";
#define PREFIX_BYTES (sizeof PREFIX - 1)

struct auth_store {
    MDB_env *env;
    MDB_dbi tokens;
    uint64_t serial; /* no other store of this process ever has it; from 1 on */
};

/* Offsets of a record; the name follows. */
enum { AT_VERSION = 0, AT_ALL = 1, AT_SCOPES = 4, AT_SITE = 8, AT_CREATED = 16, AT_NAME = 24 };

struct hash {
    unsigned char bytes[crypto_hash_sha256_BYTES];
};

static struct hash hash_of(struct span text)
{
    struct hash h;
    crypto_hash_sha256(h.bytes, (const unsigned char *)text.data, text.len);
    return h;
}

static void token_id_of(const struct hash *h, char out[17])
{
    sodium_bin2hex(out, 17, h->bytes, 8);
}

static int store_problem(int error, struct problem *problem)
{
    return problem_set(problem, PROBLEM_STORE, "The token store cannot be used: %s.",
                       mdb_strerror(error));
}

int auth_open(const char *directory, struct auth_store **out, struct problem *problem)
{
    if (sodium_init() < 0)
        return problem_set(problem, PROBLEM_INTERNAL, "The system gives no random numbers.");
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return problem_set(problem, PROBLEM_STORE, "The directory %s cannot be made: %s.",
                           directory, strerror(errno));
    struct auth_store *s = calloc(1, sizeof *s);
    MDB_txn *txn;
    if (s == NULL)
        return problem_set(problem, PROBLEM_STORE, "There is no memory for the token store.");
    static _Atomic uint64_t opened;
    s->serial = atomic_fetch_add(&opened, 1) + 1;
    int error = mdb_env_create(&s->env);
    if (error == 0) {
        mdb_env_set_maxreaders(s->env, STORE_READERS);
        mdb_env_set_mapsize(s->env, STORE_MAP_BYTES);
        error = mdb_env_open(s->env, directory, MDB_NOTLS, 0600);
    }
    if (error == 0) {
        int dead;
        mdb_reader_check(s->env, &dead); /* of processes that were killed */
        error = mdb_txn_begin(s->env, NULL, 0, &txn);
    }
    if (error == 0) {
        error = mdb_dbi_open(txn, NULL, 0, &s->tokens);
        if (error == 0)
            error = mdb_txn_commit(txn);
        else
            mdb_txn_abort(txn);
    }
    if (error != 0) {
        auth_close(s);
        return store_problem(error, problem);
    }
    *out = s;
    return 0;
}

void auth_close(struct auth_store *s)
{
    if (s == NULL)
        return;
    if (s->env != NULL)
        mdb_env_close(s->env);
    free(s);
}

static size_t record_write(const struct token_entry *e, uint8_t *out)
{
    uint32_t scopes = htole32(e->scopes);
    uint64_t site = htole64((uint64_t)e->site_id), created = htole64((uint64_t)e->created_us);
    size_t name = strnlen(e->name, TOKEN_NAME_BYTES);
    memset(out, 0, AT_NAME);
    out[AT_VERSION] = RECORD_VERSION;
    out[AT_ALL] = e->all_sites;
    memcpy(out + AT_SCOPES, &scopes, sizeof scopes);
    memcpy(out + AT_SITE, &site, sizeof site);
    memcpy(out + AT_CREATED, &created, sizeof created);
    memcpy(out + AT_NAME, e->name, name);
    return AT_NAME + name;
}

static bool record_read(const MDB_val *v, struct token_entry *out)
{
    const uint8_t *at = v->mv_data;
    uint32_t scopes;
    uint64_t site, created;
    if (v->mv_size < AT_NAME || v->mv_size > AT_NAME + TOKEN_NAME_BYTES ||
        at[AT_VERSION] != RECORD_VERSION)
        return false;
    memcpy(&scopes, at + AT_SCOPES, sizeof scopes);
    memcpy(&site, at + AT_SITE, sizeof site);
    memcpy(&created, at + AT_CREATED, sizeof created);
    *out = (struct token_entry){.scopes = le32toh(scopes),
                                .all_sites = at[AT_ALL] != 0,
                                .site_id = (int64_t)le64toh(site),
                                .created_us = (int64_t)le64toh(created)};
    memcpy(out->name, at + AT_NAME, v->mv_size - AT_NAME);
    return true;
}

static int end_write(MDB_txn *txn, int error, struct problem *problem)
{
    if (error == 0)
        error = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    return error == 0 ? 0 : store_problem(error, problem);
}

int auth_token_create(struct auth_store *s, const struct token_entry *wanted,
                      char text[TOKEN_TEXT_BYTES], struct token_entry *made,
                      struct problem *problem)
{
    unsigned char secret[SECRET_BYTES];
    uint8_t record[AT_NAME + TOKEN_NAME_BYTES];
    MDB_txn *txn;
    if (strnlen(wanted->name, TOKEN_NAME_BYTES + 1) > TOKEN_NAME_BYTES ||
        !span_is_text(span_of(wanted->name)))
        return problem_set(problem, PROBLEM_PARAMETER,
                           "The token's name must be UTF-8 text of at most %u bytes.",
                           TOKEN_NAME_BYTES);
    randombytes_buf(secret, sizeof secret);
    memcpy(text, PREFIX, PREFIX_BYTES);
    sodium_bin2base64(text + PREFIX_BYTES, TOKEN_TEXT_BYTES - PREFIX_BYTES, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
    struct hash hash = hash_of(span_of(text));
    *made = *wanted;
    made->created_us = clock_now_us();
    token_id_of(&hash, made->token_id);
    MDB_val key = {sizeof hash.bytes, hash.bytes}, value = {record_write(made, record), record};
    int error = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (error != 0)
        return store_problem(error, problem);
    return end_write(txn, mdb_put(txn, s->tokens, &key, &value, MDB_NOOVERWRITE), problem);
}

struct token_list {
    struct token_entry *items;
    size_t count;
};

static int by_created(const void *a, const void *b)
{
    int64_t x = ((const struct token_entry *)a)->created_us;
    int64_t y = ((const struct token_entry *)b)->created_us;
    return x < y ? -1 : x > y;
}

static int list_read(struct auth_store *s, MDB_txn *txn, struct token_list *list)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int error = mdb_cursor_open(txn, s->tokens, &cursor);
    if (error != 0)
        return error;
    while ((error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        struct token_entry entry;
        if (key.mv_size != crypto_hash_sha256_BYTES || !record_read(&value, &entry))
            continue;
        sodium_bin2hex(entry.token_id, sizeof entry.token_id, key.mv_data, 8);
        struct token_entry *grown = realloc(list->items, (list->count + 1) * sizeof *grown);
        if (grown == NULL) {
            error = ENOMEM;
            break;
        }
        list->items = grown;
        list->items[list->count++] = entry;
    }
    mdb_cursor_close(cursor);
    return error == MDB_NOTFOUND ? 0 : error;
}

int auth_token_list(struct auth_store *s, token_visit *visit, void *data, struct problem *problem)
{
    struct token_list list = {0};
    MDB_txn *txn;
    int error = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);
    if (error == 0) {
        error = list_read(s, txn, &list);
        mdb_txn_abort(txn);
    }
    if (error == 0 && list.count > 0)
        qsort(list.items, list.count, sizeof *list.items, by_created);
    for (size_t i = 0; i < list.count && error == 0; i++)
        visit(data, &list.items[i]);
    free(list.items);
    return error == 0 ? 0 : store_problem(error, problem);
}

int auth_token_revoke(struct auth_store *s, const char *token_id, struct problem *problem)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, value;
    bool found = false;
    int error = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (error != 0)
        return store_problem(error, problem);
    error = mdb_cursor_open(txn, s->tokens, &cursor);
    while (error == 0 && !found && (error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        char id[17];
        sodium_bin2hex(id, sizeof id, key.mv_data, 8);
        found = strcmp(id, token_id) == 0;
        if (found)
            error = mdb_cursor_del(cursor, 0);
    }
    mdb_cursor_close(cursor);
    int result = end_write(txn, error == MDB_NOTFOUND ? 0 : error, problem);
    return result == 0 && !found ? 1 : result;
}

/* --- verification --- */

/* Tokens that this thread has found valid, so that a request costs no hash and no
 * search. An entry holds while the store has had no change since: the number of its
 * last transaction, which all processes see, is looked at each time. */
#define REMEMBERED 64u

struct remembered {
    uint64_t store;  /* serial of the store; 0: free */
    uint64_t change; /* auth_change */
    struct credential credential;
    char text[PREFIX_BYTES + SECRET_TEXT_BYTES];
};

static _Thread_local struct remembered memory[REMEMBERED];

/* By two of the random characters: which token shares a place with which says nothing. */
static struct remembered *place_of(struct span text)
{
    unsigned char a = (unsigned char)text.data[PREFIX_BYTES],
                  b = (unsigned char)text.data[PREFIX_BYTES + 1];
    return &memory[(a + 7u * b) % REMEMBERED];
}

static bool look_up(struct auth_store *s, struct span text, struct credential *out)
{
    struct token_entry entry;
    MDB_txn *txn;
    struct hash hash = hash_of(text);
    MDB_val key = {sizeof hash.bytes, hash.bytes}, value;
    if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) != 0)
        return false;
    /* The search goes by the hash of 256 random bits: its time tells nothing of a secret. */
    bool known = mdb_get(txn, s->tokens, &key, &value) == 0 && record_read(&value, &entry);
    mdb_txn_abort(txn);
    if (!known)
        return false;
    *out = (struct credential){
        .scopes = entry.scopes, .all_sites = entry.all_sites, .site_id = entry.site_id};
    token_id_of(&hash, out->token_id);
    return true;
}

uint64_t auth_change(struct auth_store *s)
{
    MDB_envinfo info;
    return mdb_env_info(s->env, &info) == 0 ? info.me_last_txnid + 1 : 0;
}

bool auth_token_verify(struct auth_store *s, struct span text, struct credential *out)
{
    if (text.len != PREFIX_BYTES + SECRET_TEXT_BYTES ||
        memcmp(text.data, PREFIX, PREFIX_BYTES) != 0)
        return false;
    struct remembered *r = place_of(text);
    /* Before the search: a change during it makes the entry stale at once. */
    uint64_t change = auth_change(s);
    if (change != 0 && r->store == s->serial && r->change == change &&
        sodium_memcmp(r->text, text.data, sizeof r->text) == 0) {
        *out = r->credential;
        return true;
    }
    if (!look_up(s, text, out))
        return false;
    if (change != 0) {
        *r = (struct remembered){.store = s->serial, .change = change, .credential = *out};
        memcpy(r->text, text.data, sizeof r->text);
    }
    return true;
}

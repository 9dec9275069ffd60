/* Credentials: API tokens with scopes, stored hashed (api.md §2, first half). */
#ifndef LIVEFLOOR_AUTH_AUTH_H
#define LIVEFLOOR_AUTH_AUTH_H

#include "base/problem.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum scope { SCOPE_READ = 1, SCOPE_INGEST = 2, SCOPE_ADMIN = 4, SCOPE_ALL = 7 };

/* What a caller may do. */
struct credential {
    uint32_t scopes; /* enum scope, or-ed */
    bool all_sites;
    int64_t site_id;   /* when not all_sites */
    char token_id[17]; /* public short name of the token, hexadecimal */
};

#define TOKEN_NAME_BYTES 128u
#define TOKEN_TEXT_BYTES 64u /* room for "lf_" + 43 characters of base64url and a terminator */

struct token_entry {
    char token_id[17];
    char name[TOKEN_NAME_BYTES + 1];
    uint32_t scopes;
    bool all_sites;
    int64_t site_id;
    int64_t created_us;
};

struct auth_store;

/* Opens (or creates, mode 0700) the store in `directory`; several processes may
 * hold it, so `livefloor token` works beside a running server. 0 or -1. */
int auth_open(const char *directory, struct auth_store **out, struct problem *problem);
void auth_close(struct auth_store *s);

/* Makes a token of 256 random bits, stores its SHA-256 with what it may do, and
 * writes its text, which is shown once and never kept. */
int auth_token_create(struct auth_store *s, const struct token_entry *wanted,
                      char text[TOKEN_TEXT_BYTES], struct token_entry *made,
                      struct problem *problem);

/* Calls back for each token, oldest first. */
typedef void token_visit(void *data, const struct token_entry *entry);
int auth_token_list(struct auth_store *s, token_visit *visit, void *data, struct problem *problem);

/* Revokes by token id. 0; 1 when there is none such; -1. */
int auth_token_revoke(struct auth_store *s, const char *token_id, struct problem *problem);

/* Is this text a valid token now? Constant-time in the secret; sees tokens made
 * or revoked by other processes at once. Thread-safe, about a microsecond. */
bool auth_token_verify(struct auth_store *s, struct span text, struct credential *out);

/* A number that is another one after each change of the store, by whichever process; 0 when it
 * cannot be told. */
uint64_t auth_change(struct auth_store *s);

/* "read,ingest" to scopes; false when a word is none of read, ingest, admin. */
bool scopes_parse(struct span text, uint32_t *out);
/* Scopes to "read,ingest"; out holds at least 32 bytes. */
void scopes_format(uint32_t scopes, char out[32]);

#endif

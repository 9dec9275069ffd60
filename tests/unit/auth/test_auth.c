/* Tokens: made, known, listed, revoked; from another process too. */
#include "auth/auth.h"
#include "support/check.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];

static struct auth_store *open_store(void)
{
    struct auth_store *s = NULL;
    struct problem problem = {0};
    if (auth_open(directory, &s, &problem) != 0)
        fail_msg("%s", problem.message);
    return s;
}

static void make(struct auth_store *s, uint32_t scopes, int64_t site, char text[TOKEN_TEXT_BYTES],
                 struct token_entry *made)
{
    struct problem problem = {0};
    struct token_entry wanted = {
        .name = "a name", .scopes = scopes, .all_sites = site == 0, .site_id = site};
    assert_int_equal(auth_token_create(s, &wanted, text, made, &problem), 0);
}

static void count(void *data, const struct token_entry *e)
{
    assert_string_equal(e->name, "a name");
    ++*(int *)data;
}

static void tokens_live_and_go(void **state)
{
    char text[TOKEN_TEXT_BYTES], other[TOKEN_TEXT_BYTES];
    struct token_entry made, made_other;
    struct credential c;
    struct problem problem;
    struct stat mode;
    int listed = 0;
    (void)state;
    struct auth_store *s = open_store();
    assert_int_equal(stat(directory, &mode), 0);
    assert_int_equal(mode.st_mode & 0777, 0700);
    make(s, SCOPE_READ, 10000, text, &made);
    make(s, SCOPE_ALL, 0, other, &made_other);
    assert_string_not_equal(text, other);
    assert_true(auth_token_verify(s, span_of(text), &c));
    assert_int_equal(c.scopes, SCOPE_READ);
    assert_false(c.all_sites);
    assert_int_equal(c.site_id, 10000);
    assert_string_equal(c.token_id, made.token_id);
    assert_true(auth_token_verify(s, span_of(other), &c));
    assert_true(c.all_sites);
    assert_int_equal(auth_token_list(s, count, &listed, &problem), 0);
    assert_int_equal(listed, 2);
    assert_int_equal(auth_token_revoke(s, made.token_id, &problem), 0);
    assert_int_equal(auth_token_revoke(s, made.token_id, &problem), 1);
    assert_false(auth_token_verify(s, span_of(text), &c));
    assert_true(auth_token_verify(s, span_of(other), &c));
    auth_close(s);
}

static void wrong_tokens(void **state)
{
    char text[TOKEN_TEXT_BYTES];
    struct token_entry made;
    struct credential c;
    uint64_t seed = 5;
    (void)state;
    struct auth_store *s = open_store();
    make(s, SCOPE_READ, 1, text, &made);
    size_t len = strlen(text);
    for (size_t cut = 0; cut < len; cut++)
        assert_false(auth_token_verify(s, (struct span){text, cut}, &c));
    for (int i = 0; i < 5000; i++) {
        char wrong[TOKEN_TEXT_BYTES];
        memcpy(wrong, text, sizeof wrong);
        wrong[3 + dice(&seed, (uint32_t)len - 3)] ^= 1;
        assert_false(auth_token_verify(s, (struct span){wrong, len}, &c));
    }
    assert_true(auth_token_verify(s, (struct span){text, len}, &c));
    auth_close(s);
}

static void another_process_is_seen_at_once(void **state)
{
    char text[TOKEN_TEXT_BYTES];
    struct credential c;
    int ends[2], status;
    (void)state;
    struct auth_store *s = open_store();
    assert_int_equal(pipe(ends), 0);
    /* A store must not cross a fork: the child opens its own after letting go. */
    auth_close(s);
    pid_t child = fork();
    if (child == 0) {
        struct token_entry made;
        struct auth_store *mine = open_store();
        make(mine, SCOPE_INGEST, 2, text, &made);
        if (write(ends[1], text, sizeof text) != sizeof text)
            _exit(1);
        auth_close(mine);
        _exit(0);
    }
    s = open_store();
    assert_int_equal(read(ends[0], text, sizeof text), sizeof text);
    assert_true(auth_token_verify(s, span_of(text), &c));
    assert_int_equal(c.scopes, SCOPE_INGEST);
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    auth_close(s);
}

static void scopes(void **state)
{
    uint32_t got;
    char text[32];
    (void)state;
    assert_true(scopes_parse(SPAN("read"), &got));
    assert_int_equal(got, SCOPE_READ);
    assert_true(scopes_parse(SPAN("admin,read,ingest,read"), &got));
    assert_int_equal(got, SCOPE_ALL);
    scopes_format(got, text);
    assert_string_equal(text, "read,ingest,admin");
    assert_false(scopes_parse(SPAN(""), &got));
    assert_false(scopes_parse(SPAN("read,"), &got));
    assert_false(scopes_parse(SPAN("Read"), &got));
    assert_false(scopes_parse(SPAN("read write"), &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_live_and_go),
        cmocka_unit_test(wrong_tokens),
        cmocka_unit_test(another_process_is_seen_at_once),
        cmocka_unit_test(scopes),
    };
    snprintf(directory, sizeof directory, "/tmp/livefloor-auth-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char path[128];
    snprintf(path, sizeof path, "%s/data.mdb", directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/lock.mdb", directory);
    unlink(path);
    rmdir(directory);
    return failed;
}

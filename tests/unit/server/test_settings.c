/* Settings by name, and from YAML. */
#include "server/settings.h"
#include "support/check.h"

#include <string.h>
#include <unistd.h>

static int set(struct settings *s, const char *pair)
{
    struct problem problem;
    return settings_set_pair(s, pair, &problem);
}

static void defaults_and_pairs(void **state)
{
    struct settings s;
    (void)state;
    assert_int_equal(settings_init(&s), 0);
    assert_int_equal(s.retention_days, 400);
    assert_int_equal(s.max_lateness_hours, 24);
    assert_int_equal(s.visitor_timeout_seconds, 120);
    assert_int_equal(s.default_page_size, 5);
    assert_string_equal(s.listen_host, "127.0.0.1");
    assert_int_equal(s.listen_port, 8080);
    assert_int_equal(set(&s, "listen=[::1]:0"), 0);
    assert_string_equal(s.listen_host, "::1");
    assert_int_equal(set(&s, "listen=:81"), 0);
    assert_string_equal(s.listen_host, "0.0.0.0");
    assert_int_equal(set(&s, "corsOrigins=a, b,,c"), 0);
    assert_int_equal(s.cors_origin_count, 3);
    assert_string_equal(s.cors_origins[1], "b");
    assert_int_equal(set(&s, "logLevel=Warning"), 0);
    assert_int_equal(s.log_level, 2);
    static const char *const wrong[] = {
        "retentionDays=-1",     "retentionDays=36501", "retentionDays=",
        "retentionDays=1.5",    "listen=8080",         "listen=h:70000",
        "defaultPageSize=1001", "defaultPageSize=0",   "logLevel=loud",
        "RetentionDays=1",      "nothing=1",           "novalue"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (set(&s, wrong[i]) != -1)
            fail_msg("%s", wrong[i]);
    settings_clear(&s);
}

static int load(const char *yaml, struct settings *s, struct problem *problem)
{
    char path[] = "/tmp/livefloor-yaml-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
    close(fd);
    assert_int_equal(settings_init(s), 0);
    int result = settings_load_yaml(s, path, problem);
    unlink(path);
    return result;
}

static void yaml(void **state)
{
    struct settings s;
    struct problem problem = {0};
    (void)state;
    assert_int_equal(load("# all of it\nretentionDays: 0\nlisten: \"127.0.0.1:0\"\n"
                          "corsOrigins:\n  - https://a\n  - https://b\n",
                          &s, &problem),
                     0);
    assert_int_equal(s.retention_days, 0);
    assert_int_equal(s.cors_origin_count, 2);
    settings_clear(&s);
    assert_int_equal(load("", &s, &problem), 0);
    settings_clear(&s);
    static const struct {
        const char *yaml, *words;
    } wrong[] = {
        {"retentionDays: 1\nretentionDays: 2\n", "line 2"},
        {"workers: 1\nnothing: 2\n", "line 2"},
        {"workers: many\n", "line 1"},
        {"- a\n- b\n", "NAME: VALUE"},
        {"workers: {a: b}\n", "line 1"},
        {"workers: [1\n", "line"},
        {"just text\n", "NAME: VALUE"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(load(wrong[i].yaml, &s, &problem), -1);
        if (strstr(problem.message, wrong[i].words) == NULL)
            fail_msg("%s: %s", wrong[i].yaml, problem.message);
        settings_clear(&s);
    }
}

static void help_names_them_all(void **state)
{
    char *help = settings_help();
    (void)state;
    assert_non_null(strstr(help, "retentionDays"));
    assert_non_null(strstr(help, "maxLatenessHours"));
    assert_non_null(strstr(help, "retentionDays (400)"));
    free(help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_and_pairs),
        cmocka_unit_test(yaml),
        cmocka_unit_test(help_names_them_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

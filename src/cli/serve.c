/* livefloor serve */
#include "base/log.h"
#include "cli/commands.h"
#include "server/app.h"

#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

/* The command line in its order: read again on SIGHUP. */
struct serve_options {
    const char *config;
    struct {
        const char *name; /* NULL: value is NAME=VALUE */
        const char *value;
    } given[256];
    size_t given_count;
};

enum { KEY_SET = 's', KEY_CONFIG = 'c', KEY_DATA = 'd', KEY_LISTEN = 'l' };

static const struct argp_option OPTIONS[] = {
    {"config", KEY_CONFIG, "FILE", 0, "Read settings from a YAML file", 0},
    {"data", KEY_DATA, "DIR", 0, "Where everything is kept (default ./livefloor-data)", 0},
    {"listen", KEY_LISTEN, "HOST:PORT", 0, "Where to listen (default 127.0.0.1:8080; port 0: any)",
     0},
    {"set", KEY_SET, "NAME=VALUE", 0, "Set one setting; over the file; repeatable", 0},
    {0},
};

static int add(struct serve_options *o, const char *name, const char *value)
{
    if (o->given_count == sizeof o->given / sizeof o->given[0])
        return ENOMEM;
    o->given[o->given_count].name = name;
    o->given[o->given_count++].value = value;
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct serve_options *o = state->input;
    switch (key) {
    case KEY_CONFIG:
        o->config = arg;
        return 0;
    case KEY_DATA:
        return add(o, "data", arg);
    case KEY_LISTEN:
        return add(o, "listen", arg);
    case KEY_SET:
        return add(o, NULL, arg);
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is not an option of serve", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The settings that the file and the command line say; NULL with *problem. */
static struct settings *read_settings(const struct serve_options *o, struct problem *problem)
{
    struct settings *s = calloc(1, sizeof *s);
    if (s == NULL || settings_init(s) < 0) {
        free(s);
        problem_set(problem, PROBLEM_INTERNAL, "There is no memory to start.");
        return NULL;
    }
    int failed = o->config != NULL ? settings_load_yaml(s, o->config, problem) : 0;
    for (size_t i = 0; i < o->given_count && failed == 0; i++)
        failed = o->given[i].name == NULL ? settings_set_pair(s, o->given[i].value, problem)
                                          : settings_set(s, span_of(o->given[i].name),
                                                         span_of(o->given[i].value), problem);
    if (failed == 0)
        return s;
    settings_clear(s);
    free(s);
    return NULL;
}

static void reload(struct app *app, const struct serve_options *o)
{
    struct problem problem = {0};
    struct settings *s = read_settings(o, &problem);
    if (s == NULL) {
        log_write(LOG_ERROR, "the settings stay as they were: %s", problem.message);
        return;
    }
    app_reload(app, s);
    log_write(LOG_INFO, "settings read again");
}

/* Many connections; a full file-size limit is an error to report, not a death; and how a child
 * ended is known, also where whoever started the server ignores that of its own. */
static void prepare_process(sigset_t *signals)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static void announce(const struct settings *s, const struct http_server *http)
{
    bool v6 = strchr(s->listen_host, ':') != NULL;
    printf("livefloor: listening on http://%s%s%s:%u\n", v6 ? "[" : "", s->listen_host,
           v6 ? "]" : "", http_port(http));
    fflush(stdout);
}

int cmd_serve(int argc, char **argv)
{
    struct serve_options options = {0};
    struct problem problem = {0};
    struct app *app;
    sigset_t signals;
    int got;
    char *names = settings_help();
    const struct argp argp = {OPTIONS, parse, NULL, names, NULL, NULL, NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    free(names);
    struct settings *settings = read_settings(&options, &problem);
    if (settings == NULL) {
        fprintf(stderr, "livefloor: %s\n", problem.message);
        return 2;
    }
    prepare_process(&signals);
    if (app_start(settings, &app, &problem) < 0) {
        fprintf(stderr, "livefloor: %s\n", problem.message);
        return 1;
    }
    announce(app->settings, app->http);
    while (sigwait(&signals, &got) == 0 && got == SIGHUP)
        reload(app, &options);
    log_write(LOG_INFO, "stopping");
    app_stop(app);
    return 0;
}

/* livefloor token create|list|revoke */
#include "auth/auth.h"
#include "base/instant.h"
#include "base/paths.h"
#include "cli/commands.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct token_options {
    const char *action, *token, *data; /* token: its id or its text */
    struct token_entry wanted;
};

static const struct argp_option OPTIONS[] = {
    {"data", 'd', "DIR", 0, "The server's directory (default ./livefloor-data)", 0},
    {"site", 's', "N", 0, "create: only for this site (default: all sites)", 0},
    {"scope", 'c', "SCOPES", 0, "create: read, ingest, admin, comma-separated (default read)", 0},
    {"name", 'n', "TEXT", 0, "create: what it is for", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct token_options *o = state->input;
    switch (key) {
    case 'd':
        o->data = arg;
        return 0;
    case 's':
        if (!site_parse(arg, &o->wanted.site_id))
            argp_error(state, "--site is '%s': expected the number of a site", arg);
        o->wanted.all_sites = false;
        return 0;
    case 'c':
        if (!scopes_parse(span_of(arg), &o->wanted.scopes))
            argp_error(state, "--scope is '%s': expected words of read,ingest,admin", arg);
        return 0;
    case 'n':
        if (strlen(arg) > TOKEN_NAME_BYTES)
            argp_error(state, "--name is longer than %u bytes", TOKEN_NAME_BYTES);
        for (const char *c = arg; *c != '\0'; c++)
            if ((unsigned char)*c < ' ' || *c == 0x7f)
                argp_error(state, "--name has a line's end or another control character");
        memcpy(o->wanted.name, arg, strlen(arg) + 1);
        return 0;
    case ARGP_KEY_ARG:
        if (o->action == NULL)
            o->action = arg;
        else if (o->token == NULL && strcmp(o->action, "revoke") == 0)
            o->token = arg;
        else
            argp_error(state, "'%s' is one argument too many", arg);
        return 0;
    case ARGP_KEY_END:
        if (o->action == NULL ||
            (strcmp(o->action, "create") != 0 && strcmp(o->action, "list") != 0 &&
             strcmp(o->action, "revoke") != 0))
            argp_error(state, "say create, list or revoke");
        if (strcmp(o->action, "revoke") == 0 && o->token == NULL)
            argp_error(state, "which token? `livefloor token list` shows their ids");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int failed(const struct problem *problem)
{
    fprintf(stderr, "livefloor: %s\n", problem->message);
    return 1;
}

static int create(struct auth_store *store, const struct token_options *o)
{
    char text[TOKEN_TEXT_BYTES], scopes[32];
    struct token_entry made;
    struct problem problem;
    if (auth_token_create(store, &o->wanted, text, &made, &problem) < 0)
        return failed(&problem);
    scopes_format(made.scopes, scopes);
    fprintf(stderr, "token %s, scopes %s; its text is shown this once:\n", made.token_id, scopes);
    signal(SIGPIPE, SIG_IGN); /* nobody may be there to see it */
    if (puts(text) != EOF && fflush(stdout) == 0)
        return 0;
    if (auth_token_revoke(store, made.token_id, &problem) < 0)
        return failed(&problem);
    fputs("livefloor: it could not be shown and was revoked.\n", stderr);
    return 1;
}

static void print_token(void *data, const struct token_entry *e)
{
    char scopes[32], created[INSTANT_TEXT_BYTES], site[24] = "all";
    (void)data;
    scopes_format(e->scopes, scopes);
    instant_format(e->created_us / US_PER_SECOND * US_PER_SECOND, created);
    if (!e->all_sites)
        snprintf(site, sizeof site, "%lld", (long long)e->site_id);
    printf("%-16s  %-17s  %-8s  %-20s  %s\n", e->token_id, scopes, site, created, e->name);
}

static int list(struct auth_store *store)
{
    struct problem problem;
    printf("%-16s  %-17s  %-8s  %-20s  %s\n", "TOKEN", "SCOPES", "SITE", "CREATED", "NAME");
    return auth_token_list(store, print_token, NULL, &problem) < 0 ? failed(&problem) : 0;
}

static int revoke_token(struct auth_store *store, const struct token_options *o)
{
    struct problem problem;
    struct credential whose;
    bool is_text = auth_token_verify(store, span_of(o->token), &whose);
    int result = auth_token_revoke(store, is_text ? whose.token_id : o->token, &problem);
    if (result < 0)
        return failed(&problem);
    if (result == 1)
        fputs("livefloor: there is no such token: `livefloor token list` shows their ids.\n",
              stderr);
    return result;
}

/* The store of the server's tokens; NULL, with a message, where no server was started yet. */
static struct auth_store *open_store(const struct token_options *o)
{
    struct auth_store *store = NULL;
    struct problem problem;
    struct stat there;
    char *path = path_join(o->data, "auth");
    int error = path == NULL ? ENOMEM : stat(path, &there) != 0 ? errno : 0;
    if (error != 0 && error != ENOENT)
        fprintf(stderr, "livefloor: the tokens in %s cannot be used: %s.\n", o->data,
                strerror(error));
    else if (error == ENOENT)
        fprintf(stderr,
                "livefloor: no server has kept anything in %s: start it there once, or give "
                "--data.\n",
                o->data);
    else if (auth_open(path, &store, &problem) < 0)
        failed(&problem);
    free(path);
    return store;
}

int cmd_token(int argc, char **argv)
{
    struct token_options o = {.data = "livefloor-data",
                              .wanted = {.scopes = SCOPE_READ, .all_sites = true}};
    const struct argp argp = {OPTIONS,
                              parse,
                              "create|list|revoke [TOKEN]",
                              "Create, list and revoke API tokens; also beside a running server, "
                              "which knows of it at once.",
                              NULL,
                              NULL,
                              NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    struct auth_store *store = open_store(&o);
    if (store == NULL)
        return 1;
    int status = strcmp(o.action, "create") == 0 ? create(store, &o)
                 : strcmp(o.action, "list") == 0 ? list(store)
                                                 : revoke_token(store, &o);
    auth_close(store);
    return status;
}

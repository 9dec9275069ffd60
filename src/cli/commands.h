/* The commands of livefloor: one file each. */
#ifndef LIVEFLOOR_CLI_COMMANDS_H
#define LIVEFLOOR_CLI_COMMANDS_H

#include "base/span.h"

#include <stdint.h>

/* Each takes the arguments from its own name on and returns the exit status: 0 done,
 * 1 failed (2, usage, is argp's). */
int cmd_serve(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_check(int argc, char **argv);

/* A server to talk to, and what it takes. */
struct remote {
    const char *url;   /* LIVEFLOOR_URL when not given */
    const char *token; /* LIVEFLOOR_TOKEN when not given */
};

/* Whether the options or the environment name a server. */
bool remote_named(const struct remote *r);

/* Fills in what the environment says, and takes slashes at the URL's end away. False, with a
 * message, when something lacks. */
bool remote_complete(struct remote *r);

/* A positive site number; false when the text is none. */
bool site_parse(const char *text, int64_t *out);

#endif

/* livefloor: dispatches to its commands. */
#include "cli/commands.h"

#include <argp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} COMMANDS[] = {
    {"serve", cmd_serve, "run the server"},
    {"token", cmd_token, "create, list and revoke API tokens"},
    {"import", cmd_import, "send recorded events (NDJSON, plain or gzip) to a server"},
    {"export", cmd_export, "write the stored events as NDJSON"},
    {"check", cmd_check, "verify a store"},
};
#define COMMAND_COUNT (sizeof COMMANDS / sizeof COMMANDS[0])

static void usage(FILE *to)
{
    fputs("Usage: livefloor COMMAND [OPTION...]\n\n"
          "The real-time floor of a live-chat operation.\n\n",
          to);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %-8s %s\n", COMMANDS[i].name, COMMANDS[i].help);
    fputs("\n`livefloor COMMAND --help` tells the rest. Exit status: 0 done, 1 failed, 2 usage.\n",
          to);
}

/* Where the caller has closed input, output or error, a file of the store would take its number,
 * and the log's lines would be written into it. What is written to a closed output still fails. */
static void fill_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY); /* takes that number */
}

/* A mapped file that is shorter than it should be, or that a full disk gives no room for. */
static void on_bus_error(int signal_number)
{
    static const char TEXT[] =
        "livefloor: a file of the directory ends too early, or its disk is full or failing: "
        "nothing more was kept; see to it, or restore all files together\n";
    (void)signal_number;
    ssize_t ignored = write(STDERR_FILENO, TEXT, sizeof TEXT - 1);
    (void)ignored;
    _exit(1);
}

/* What could not be written was not done. */
static int written(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fputs("livefloor: standard output could not be written to its end (closed, or a full disk?)\n",
          stderr);
    return 1;
}

int main(int argc, char **argv)
{
    fill_standard_files();
    signal(SIGBUS, on_bus_error);
    argp_err_exit_status = 2;
    if (argc < 2) {
        usage(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("livefloor " LIVEFLOOR_VERSION);
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], COMMANDS[i].name) != 0)
            continue;
        char name[32];
        snprintf(name, sizeof name, "livefloor %s", COMMANDS[i].name);
        argv[1] = name;
        int status = COMMANDS[i].run(argc - 1, argv + 1);
        return COMMANDS[i].run == cmd_serve ? status : written(status);
    }
    fprintf(stderr, "livefloor: there is no command '%s'.\n\n", argv[1]);
    usage(stderr);
    return 2;
}

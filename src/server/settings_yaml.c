/* The YAML file, by libyaml's events: a flat mapping into the one table of settings.
 * (libcyaml wants a C schema beside the table, and knows no lines for its errors.) */
#include "base/buffer.h"
#include "server/settings.h"

#include <stdio.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    struct settings *settings;
    const char *path;
    struct problem *problem;
    struct buffer seen; /* names read so far, each after a NUL and before one */
};

static int bad(struct reader *r, size_t line, const char *what)
{
    return problem_set(r->problem, PROBLEM_PARAMETER, "%s, line %zu: %s", r->path, line + 1, what);
}

static int next(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return 0;
    return bad(r, r->parser.problem_mark.line,
               r->parser.problem != NULL ? r->parser.problem : "this is not YAML");
}

static struct span scalar_of(const yaml_event_t *event)
{
    return (struct span){(const char *)event->data.scalar.value, event->data.scalar.length};
}

/* Is the name new? Remembers it. */
static int name_check(struct reader *r, struct span name, size_t line)
{
    struct buffer mark = {0};
    buffer_append_char(&mark, '\0');
    buffer_append_span(&mark, name);
    buffer_append_char(&mark, '\0');
    bool twice = r->seen.len > 0 && mark.len > 0 &&
                 memmem(r->seen.data, r->seen.len, mark.data, mark.len) != NULL;
    buffer_append_span(&r->seen, buffer_span(&mark));
    buffer_free(&mark);
    return twice ? bad(r, line, "this setting is given twice") : 0;
}

/* The items of a sequence, as one comma-separated text. */
static int read_sequence(struct reader *r, struct buffer *value)
{
    for (;;) {
        yaml_event_t event;
        if (next(r, &event) < 0)
            return -1;
        yaml_event_type_t type = event.type;
        if (type == YAML_SCALAR_EVENT) {
            if (value->len > 0)
                buffer_append_char(value, ',');
            buffer_append_span(value, scalar_of(&event));
        }
        size_t line = event.start_mark.line;
        yaml_event_delete(&event);
        if (type == YAML_SEQUENCE_END_EVENT)
            return 0;
        if (type != YAML_SCALAR_EVENT)
            return bad(r, line, "expected a list of texts");
    }
}

static int read_value(struct reader *r, struct buffer *value)
{
    yaml_event_t event;
    if (next(r, &event) < 0)
        return -1;
    int failed = 0;
    if (event.type == YAML_SCALAR_EVENT)
        buffer_append_span(value, scalar_of(&event));
    else if (event.type == YAML_SEQUENCE_START_EVENT)
        failed = read_sequence(r, value);
    else
        failed = bad(r, event.start_mark.line, "expected one value");
    yaml_event_delete(&event);
    return failed;
}

static int read_pair(struct reader *r, const yaml_event_t *name)
{
    struct buffer value = {0};
    struct problem problem;
    size_t line = name->start_mark.line;
    int failed = name_check(r, scalar_of(name), line);
    if (failed == 0)
        failed = read_value(r, &value);
    if (failed == 0 &&
        settings_set(r->settings, scalar_of(name), buffer_span(&value), &problem) < 0)
        failed = bad(r, line, problem.message);
    buffer_free(&value);
    return failed;
}

static int read_document(struct reader *r)
{
    bool in_mapping = false;
    for (;;) {
        yaml_event_t event;
        if (next(r, &event) < 0)
            return -1;
        yaml_event_type_t type = event.type;
        int failed = 0;
        if (type == YAML_MAPPING_START_EVENT && !in_mapping)
            in_mapping = true;
        else if (type == YAML_SCALAR_EVENT && in_mapping)
            failed = read_pair(r, &event);
        else if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
                 type == YAML_MAPPING_START_EVENT)
            failed = bad(r, event.start_mark.line, "expected lines of the form NAME: VALUE");
        yaml_event_delete(&event);
        if (failed != 0 || type == YAML_STREAM_END_EVENT)
            return failed;
    }
}

int settings_load_yaml(struct settings *s, const char *path, struct problem *problem)
{
    struct reader r = {.settings = s, .path = path, .problem = problem};
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return problem_set(problem, PROBLEM_PARAMETER, "The file %s cannot be read.", path);
    if (!yaml_parser_initialize(&r.parser)) {
        fclose(file);
        return problem_set(problem, PROBLEM_INTERNAL, "There is no memory for the settings.");
    }
    yaml_parser_set_input_file(&r.parser, file);
    int failed = read_document(&r);
    yaml_parser_delete(&r.parser);
    buffer_free(&r.seen);
    fclose(file);
    return failed;
}

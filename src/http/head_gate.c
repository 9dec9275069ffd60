#include "http/head_gate.h"

/* Sets of bytes, a bit for each of the 256 values. */
struct byte_set {
    uint64_t bits[4];
};

/* Letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, token). */
static const struct byte_set TOKEN = {{UINT64_C(0x03ff6cfa00000000), UINT64_C(0x57ffffffc7fffffe)}};
/* All but control characters; the tab is none. */
static const struct byte_set VALUE = {
    {UINT64_C(0xffffffff00000200), UINT64_C(0x7fffffffffffffff), UINT64_MAX, UINT64_MAX}};
/* Visible ASCII but '#'. */
static const struct byte_set TARGET = {
    {UINT64_C(0xfffffff600000000), UINT64_C(0x7fffffffffffffff)}};

static bool all_of(struct span s, const struct byte_set *set)
{
    uint64_t in = 1;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        in &= set->bits[c >> 6] >> (c & 63);
    }
    return in != 0;
}

enum head_progress head_find_end(struct span bytes, size_t *seen, size_t *length)
{
    for (size_t i = *seen; i < bytes.len; i++) {
        char c = bytes.data[i];
        if (c == '\0')
            return HEAD_BAD;
        if (c == '\n' && (i == 0 || bytes.data[i - 1] != '\r'))
            return HEAD_BAD;
        if (c != '\n' && i > 0 && bytes.data[i - 1] == '\r')
            return HEAD_BAD;
        if (c == '\n' && i >= 3 && bytes.data[i - 2] == '\n') {
            *length = i + 1;
            return HEAD_WHOLE;
        }
    }
    *seen = bytes.len;
    return HEAD_MORE;
}

/* A token of RFC 9110: names and methods. */
static bool all_token(struct span s)
{
    return s.len > 0 && all_of(s, &TOKEN);
}

static int refuse(int code, const char **why, const char *sentence)
{
    *why = sentence;
    return code;
}

static enum http_method method_of(struct span name)
{
    static const struct {
        const char *name;
        enum http_method method;
    } known[] = {{"GET", METHOD_GET},         {"HEAD", METHOD_HEAD}, {"POST", METHOD_POST},
                 {"OPTIONS", METHOD_OPTIONS}, {"PUT", METHOD_PUT},   {"DELETE", METHOD_DELETE},
                 {"PATCH", METHOD_PATCH}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (span_equal(name, span_of(known[i].name)))
            return known[i].method;
    return METHOD_OTHER;
}

/* Takes the line up to CRLF off the front. */
static struct span next_line(struct span *rest)
{
    const char *end = memchr(rest->data, '\r', rest->len);
    struct span line = {rest->data, (size_t)(end - rest->data)};
    rest->data += line.len + 2;
    rest->len -= line.len + 2;
    return line;
}

/* The target: origin form, or * for OPTIONS; of an absolute form the path counts. */
static int read_target(struct span target, struct head *out, const char **why)
{
    if (!all_of(target, &TARGET))
        return refuse(PROBLEM_BAD_REQUEST, why,
                      "The request target has a character that must be percent-encoded.");
    out->request.target = target;
    if (target.len > 7 && span_equal_nocase((struct span){target.data, 7}, SPAN("http://"))) {
        const char *slash = memchr(target.data + 7, '/', target.len - 7);
        if (slash == NULL)
            return refuse(PROBLEM_BAD_REQUEST, why, "The request target has no path.");
        target = (struct span){slash, target.len - (size_t)(slash - target.data)};
    }
    bool star = target.len == 1 && target.data[0] == '*' && out->request.method == METHOD_OPTIONS;
    if (!star && (target.len == 0 || target.data[0] != '/'))
        return refuse(PROBLEM_BAD_REQUEST, why, "The request target must begin with a slash.");
    const char *mark = memchr(target.data, '?', target.len);
    out->request.path = target;
    out->request.query = (struct span){target.data + target.len, 0};
    if (mark != NULL) {
        out->request.path.len = (size_t)(mark - target.data);
        out->request.query = (struct span){mark + 1, target.len - out->request.path.len - 1};
    }
    return 0;
}

static int read_request_line(struct span line, struct head *out, const char **why)
{
    const char *first = memchr(line.data, ' ', line.len);
    if (first == NULL)
        return refuse(PROBLEM_BAD_REQUEST, why, "The request line is malformed.");
    struct span method = {line.data, (size_t)(first - line.data)};
    struct span rest = {first + 1, line.len - method.len - 1};
    const char *second = memchr(rest.data, ' ', rest.len);
    if (second == NULL || !all_token(method))
        return refuse(PROBLEM_BAD_REQUEST, why, "The request line is malformed.");
    struct span target = {rest.data, (size_t)(second - rest.data)};
    struct span version = {second + 1, rest.len - target.len - 1};
    if (version.len != 8 || memcmp(version.data, "HTTP/", 5) != 0)
        return refuse(PROBLEM_BAD_REQUEST, why, "The request line is malformed.");
    out->minor_0 = memcmp(version.data + 5, "1.0", 3) == 0;
    if (!out->minor_0 && memcmp(version.data + 5, "1.1", 3) != 0)
        return refuse(PROBLEM_HTTP_VERSION, why, "This server speaks HTTP/1.1 and HTTP/1.0.");
    if (target.len > LIMIT_TARGET_BYTES)
        return refuse(PROBLEM_HEAD_TOO_LARGE, why, "The request target is too long.");
    out->request.method = method_of(method);
    return read_target(target, out, why);
}

/* One field line; folded lines, blanks before the colon and control characters are
 * refused. */
static int read_field(struct span line, struct head *out, const char **why)
{
    const char *colon = memchr(line.data, ':', line.len);
    if (colon == NULL)
        return refuse(PROBLEM_BAD_REQUEST, why, "A header line has no colon.");
    struct span name = {line.data, (size_t)(colon - line.data)};
    struct span value = {colon + 1, line.len - name.len - 1};
    if (!all_token(name))
        return refuse(PROBLEM_BAD_REQUEST, why,
                      "A header's name is malformed, or a line is folded.");
    if (!all_of(value, &VALUE))
        return refuse(PROBLEM_BAD_REQUEST, why, "A header has a control character.");
    while (value.len > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value.data++;
        value.len--;
    }
    while (value.len > 0 && (value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\t'))
        value.len--;
    if (out->request.field_count == LIMIT_HEAD_FIELDS)
        return refuse(PROBLEM_HEAD_TOO_LARGE, why, "There are too many header lines.");
    out->fields[out->request.field_count++] = (struct http_field){name, value};
    return 0;
}

static int read_length(struct span value, struct head *out, const char **why)
{
    if (out->has_length || value.len == 0 || value.len > 18)
        return refuse(PROBLEM_BAD_REQUEST, why, "Content-Length is given twice or malformed.");
    out->has_length = true;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return refuse(PROBLEM_BAD_REQUEST, why, "Content-Length is malformed.");
        out->content_length = out->content_length * 10 + (uint64_t)(value.data[i] - '0');
    }
    return 0;
}

/* The fields on which the framing rests, each at most once. */
static int read_framing(struct head *out, const char **why)
{
    unsigned hosts = 0, codings = 0, authorizations = 0;
    for (size_t i = 0; i < out->request.field_count; i++) {
        const struct http_field *f = &out->fields[i];
        if (span_equal_nocase(f->name, SPAN("host"))) {
            hosts++;
        } else if (span_equal_nocase(f->name, SPAN("authorization"))) {
            authorizations++;
        } else if (span_equal_nocase(f->name, SPAN("content-length"))) {
            int code = read_length(f->value, out, why);
            if (code != 0)
                return code;
        } else if (span_equal_nocase(f->name, SPAN("transfer-encoding"))) {
            codings++;
            out->chunked = span_equal_nocase(f->value, SPAN("chunked"));
            if (!out->chunked || codings > 1 || out->minor_0)
                return refuse(PROBLEM_BAD_REQUEST, why,
                              "The only Transfer-Encoding is chunked, once, in HTTP/1.1.");
        } else if (span_equal_nocase(f->name, SPAN("expect"))) {
            out->expects_continue =
                !out->minor_0 && span_equal_nocase(f->value, SPAN("100-continue"));
        }
    }
    if (hosts > 1 || (hosts == 0 && !out->minor_0))
        return refuse(PROBLEM_BAD_REQUEST, why, "There must be exactly one Host header.");
    if (authorizations > 1)
        return refuse(PROBLEM_BAD_REQUEST, why, "There is more than one Authorization header.");
    if (out->chunked && out->has_length)
        return refuse(PROBLEM_BAD_REQUEST, why,
                      "Content-Length and Transfer-Encoding contradict each other.");
    return 0;
}

int head_gate_read(struct span bytes, struct head *out, const char **why)
{
    struct span rest = {bytes.data, bytes.len};
    out->request = (struct http_request){.fields = out->fields};
    out->minor_0 = out->chunked = out->has_length = out->expects_continue = false;
    out->content_length = 0;
    int code = read_request_line(next_line(&rest), out, why);
    while (code == 0 && rest.len > 2)
        code = read_field(next_line(&rest), out, why);
    return code == 0 ? read_framing(out, why) : code;
}

/* Request heads. Whatever the bytes: no crash, and what the gate lets through has spans
 * within the head, exactly one Host in HTTP/1.1, and one way of framing. */
#include "target.h"

#include "http/head_gate.h"

#include <stdlib.h>

static void inside(struct span part, struct span whole)
{
    if (part.len > 0 && (part.data < whole.data || part.data + part.len > whole.data + whole.len))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct head head;
    struct span bytes = {(const char *)data, size};
    size_t seen = 0, length = 0;
    const char *why = NULL;
    if (head_find_end(bytes, &seen, &length) != HEAD_WHOLE)
        return 0;
    bytes.len = length;
    if (head_gate_read(bytes, &head, &why) != 0) {
        if (why == NULL)
            abort();
        return 0;
    }
    inside(head.request.path, bytes);
    inside(head.request.query, bytes);
    for (size_t i = 0; i < head.request.field_count; i++) {
        inside(head.fields[i].name, bytes);
        inside(head.fields[i].value, bytes);
    }
    if (head.chunked && head.has_length)
        abort();
    if (!head.minor_0 && http_find_field(&head.request, "host") == NULL)
        abort();
    return 0;
}

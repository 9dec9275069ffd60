#include "event/decode.h"
#include "event/media_type.h"

struct span media_type_of(struct span content_type)
{
    size_t end = 0;
    while (end < content_type.len && content_type.data[end] != ';')
        end++;
    size_t start = 0;
    while (start < end && (content_type.data[start] == ' ' || content_type.data[start] == '\t'))
        start++;
    while (end > start && (content_type.data[end - 1] == ' ' || content_type.data[end - 1] == '\t'))
        end--;
    return (struct span){content_type.len == 0 ? "" : content_type.data + start, end - start};
}

bool body_format_find(struct span content_type, enum body_format *out)
{
    static const struct {
        struct span name;
        enum body_format format;
    } formats[] = {
        {{"application/json", 16}, BODY_JSON},
        {{"application/x-ndjson", 20}, BODY_NDJSON},
        {{"application/cloudevents+json", 28}, BODY_CLOUDEVENT},
        {{"application/cloudevents-batch+json", 34}, BODY_CLOUDEVENT_BATCH},
    };
    struct span type = media_type_of(content_type);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (span_equal_nocase(type, formats[i].name)) {
            *out = formats[i].format;
            return true;
        }
    }
    return false;
}

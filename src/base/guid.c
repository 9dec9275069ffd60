#include "base/guid.h"

#include <stdio.h>
#include <uuid/uuid.h>

/* The URL namespace of RFC 4122, appendix C. */
static const uuid_t URL_SPACE = {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1,
                                 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

/* The value of a hexadecimal digit, or a number above 15. */
static unsigned hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    return 16;
}

/* Does a dash stand before this byte (of 16) in the 8-4-4-4-12 form? */
static bool dash_before(unsigned byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool guid_parse(struct span text, struct guid *out)
{
    if (text.len >= 2 && text.data[0] == '{' && text.data[text.len - 1] == '}') {
        text.data++;
        text.len -= 2;
    }
    if (text.len != GUID_TEXT_BYTES && text.len != 32)
        return false;
    bool dashes = text.len == GUID_TEXT_BYTES;
    const char *p = text.data;
    struct guid parsed;
    for (unsigned i = 0; i < 16; i++) {
        if (dashes && dash_before(i) && *p++ != '-')
            return false;
        unsigned high = hex_value(p[0]), low = hex_value(p[1]);
        if ((high | low) > 15)
            return false;
        parsed.bytes[i] = (uint8_t)(high << 4 | low);
        p += 2;
    }
    *out = parsed;
    return true;
}

void guid_format(const struct guid *g, char out[GUID_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 16; i++) {
        if (dash_before(i))
            *out++ = '-';
        *out++ = digits[g->bytes[i] >> 4];
        *out++ = digits[g->bytes[i] & 15];
    }
}

static struct guid sha1_guid(const uuid_t space, const char *name, size_t len)
{
    uuid_t made;
    struct guid g;
    uuid_generate_sha1(made, space, name, len);
    memcpy(g.bytes, made, sizeof g.bytes);
    return g;
}

struct guid guid_v5(const struct guid *space, struct span name)
{
    return sha1_guid(space->bytes, name.len == 0 ? "" : name.data, name.len);
}

struct guid guid_site_space(int64_t site_id)
{
    char name[32];
    int len = snprintf(name, sizeof name, "site:%lld", (long long)site_id);
    return sha1_guid(URL_SPACE, name, (size_t)len);
}

struct guid guid_random(void)
{
    uuid_t made;
    struct guid g;
    uuid_generate_random(made);
    memcpy(g.bytes, made, sizeof g.bytes);
    return g;
}

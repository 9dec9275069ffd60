#include "base/guid.h"

#include <stdio.h>
#include <uuid/uuid.h>

/* The URL namespace of RFC 4122, appendix C. */
static const uuid_t URL_SPACE = {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1,
                                 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

/* The value of a hexadecimal digit; NOT_HEX for any other byte. */
#define NOT_HEX 0x80u
static uint8_t hex_values[256];

__attribute__((constructor)) static void learn_hex(void)
{
    memset(hex_values, NOT_HEX, sizeof hex_values);
    for (unsigned i = 0; i < 16; i++) {
        hex_values[(unsigned char)"0123456789abcdef"[i]] = (uint8_t)i;
        hex_values[(unsigned char)"0123456789ABCDEF"[i]] = (uint8_t)i;
    }
}

/* Reads `count` bytes of two digits each; what is in the result with NOT_HEX tells
 * whether one was none. */
static inline unsigned read_hex(const char *text, uint8_t *out, unsigned count)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned high = hex_values[(uint8_t)text[2 * i]];
        unsigned low = hex_values[(uint8_t)text[2 * i + 1]];
        seen |= high | low;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return seen;
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
    const char *p = text.data;
    struct guid parsed;
    unsigned seen;
    if (text.len == 32) {
        seen = read_hex(p, parsed.bytes, 16);
    } else {
        if (p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
            return false;
        seen = read_hex(p, parsed.bytes, 4) | read_hex(p + 9, parsed.bytes + 4, 2) |
               read_hex(p + 14, parsed.bytes + 6, 2) | read_hex(p + 19, parsed.bytes + 8, 2) |
               read_hex(p + 24, parsed.bytes + 10, 6);
    }
    if ((seen & NOT_HEX) != 0)
        return false;
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

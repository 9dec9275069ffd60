#include "base/guid.h"

#include <stdio.h>
#include <uuid/uuid.h>

/* The URL namespace of RFC 4122, appendix C. */
static const uuid_t URL_SPACE = {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1,
                                 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

/* Sixteen bytes at once, and the same as four pieces of four. */
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint32_t pieces4 __attribute__((vector_size(16)));
typedef uint64_t halves2 __attribute__((vector_size(16)));

static inline uint32_t piece(const char *text)
{
    uint32_t four;
    memcpy(&four, text, sizeof four);
    return four;
}

/* The values of sixteen hexadecimal digits; what is none is not 0 in *bad. */
static inline bytes16 hex_values(pieces4 pieces, bool capitals, bytes16 *bad)
{
    const bytes16 text = (bytes16)pieces;
    const bytes16 digit = text - '0', letter = (capitals ? text | 0x20 : text) - 'a';
    const bytes16 is_digit = (bytes16)(digit < 10), is_letter = (bytes16)(letter < 6);
    *bad |= ~(is_digit | is_letter);
    return (digit & is_digit) | ((letter + 10) & is_letter);
}

/* Reads 32 digits. Writes all of *out at once: it is read at once, soon. */
static inline bool read_hex(pieces4 first, pieces4 second, bool capitals, struct guid *out)
{
    bytes16 bad = {0};
    const bytes16 a = hex_values(first, capitals, &bad), b = hex_values(second, capitals, &bad);
    const bytes16 high =
        __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const bytes16 low =
        __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    const bytes16 read = high << 4 | low;
    if ((((halves2)bad)[0] | ((halves2)bad)[1]) != 0)
        return false;
    memcpy(out->bytes, &read, sizeof out->bytes);
    return true;
}

/* The 8-4-4-4-12 form. */
static inline bool read_dashed(const char *p, bool capitals, struct guid *out)
{
    if (p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
        return false;
    const pieces4 first = {piece(p), piece(p + 4), piece(p + 9), piece(p + 14)};
    const pieces4 second = {piece(p + 19), piece(p + 24), piece(p + 28), piece(p + 32)};
    return read_hex(first, second, capitals, out);
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
    if (text.len == GUID_TEXT_BYTES)
        return read_dashed(text.data, true, out);
    if (text.len != 32)
        return false;
    const char *p = text.data;
    const pieces4 first = {piece(p), piece(p + 4), piece(p + 8), piece(p + 12)};
    const pieces4 second = {piece(p + 16), piece(p + 20), piece(p + 24), piece(p + 28)};
    return read_hex(first, second, true, out);
}

bool guid_parse_usual(struct span text, struct guid *out)
{
    return text.len == GUID_TEXT_BYTES && read_dashed(text.data, false, out);
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

/* bits: numbers of any width up to 64 bits, one behind the other in an array of words,
 * lowest bit first. Reading touches the word after the one it begins in, so an array of b
 * bits has b / 64 + 2 words. */
#ifndef LIVEFLOOR_TIMELINE_BITS_H
#define LIVEFLOOR_TIMELINE_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A function that counts many bits is made twice, with the processor's instruction for that and
 * without; which of them runs is decided when the program starts. Not under a sanitizer, whose
 * runtime is not ready by then. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define BITS_COUNTED __attribute__((target_clones("popcnt", "default")))
#else
#define BITS_COUNTED
#endif

/* How many bits a number needs; 0 for 0. */
static inline unsigned bits_width(uint64_t value)
{
    return value == 0 ? 0 : 64u - (unsigned)__builtin_clzll(value);
}

/* The lowest `count` bits set; count <= 64. */
static inline uint64_t bits_mask(unsigned count)
{
    return count == 0 ? 0 : UINT64_MAX >> (64 - count);
}

static inline uint64_t bits_get(const uint64_t *words, size_t at, unsigned count)
{
    if (count <= 57 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) { /* one load is enough */
        uint64_t near;
        memcpy(&near, (const char *)words + at / 8, sizeof near);
        return near >> at % 8 & bits_mask(count);
    }
    unsigned shift = at % 64;
    uint64_t value = words[at / 64] >> shift | words[at / 64 + 1] << 1 << (63 - shift);
    return value & bits_mask(count);
}

/* Writes into bits that are still 0; the value has no more than `count` bits. */
static inline void bits_put(uint64_t *words, size_t at, unsigned count, uint64_t value)
{
    unsigned shift = at % 64;
    words[at / 64] |= value << shift;
    if (shift + count > 64)
        words[at / 64 + 1] |= value >> 1 >> (63 - shift);
}

/* How many bits of a word are set. Not __builtin_popcountll: without an instruction for
 * it, which plain x86-64 does not promise, that is a call and a table. With one the compiler knows
 * what this is (BITS_COUNTED). */
static inline uint32_t bits_ones(uint64_t word)
{
    word -= word >> 1 & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)(word * UINT64_C(0x0101010101010101) >> 56);
}

/* How many of the `count` bits from `at` on are set. */
static inline uint32_t bits_ones_in(const uint64_t *words, size_t at, uint32_t count)
{
    uint32_t ones = 0;
    for (; count >= 64; count -= 64, at += 64)
        ones += bits_ones(bits_get(words, at, 64));
    return count == 0 ? ones : ones + bits_ones(bits_get(words, at, count));
}

/* The place of the n-th set bit of a word (from 1), which must be there. */
static inline unsigned bits_select(uint64_t word, uint32_t n)
{
    unsigned at = 0;
    for (unsigned half = 32; half >= 8; half /= 2) {
        uint32_t ones = bits_ones(word & bits_mask(half));
        if (n > ones) {
            n -= ones;
            word >>= half;
            at += half;
        }
    }
    for (; n > 1; n--)
        word &= word - 1;
    return at + (unsigned)__builtin_ctzll(word);
}

#endif

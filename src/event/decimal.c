#include "event/decimal.h"

#define MOST_EXPONENT 100000

/* A number taken apart: digits (with a point somewhere in them) and an exponent. */
struct parts {
    struct span digits; /* "12.5" of -12.5e3 */
    int exponent;       /* 3; held within ±MOST_EXPONENT, where all is 0 or huge */
    bool negative;
};

static struct parts take_apart(struct span number)
{
    struct parts p = {number, 0, false};
    if (p.digits.len > 0 && p.digits.data[0] == '-') {
        p.negative = true;
        p.digits.data++;
        p.digits.len--;
    }
    for (size_t i = 0; i < p.digits.len; i++) {
        char c = p.digits.data[i];
        if (c != 'e' && c != 'E')
            continue;
        bool minus = i + 1 < p.digits.len && p.digits.data[i + 1] == '-';
        for (size_t j = i + 1; j < p.digits.len; j++) {
            char d = p.digits.data[j];
            if (d >= '0' && d <= '9' && p.exponent < MOST_EXPONENT)
                p.exponent = p.exponent * 10 + (d - '0');
        }
        if (minus)
            p.exponent = -p.exponent;
        p.digits.len = i;
    }
    return p;
}

static int digits_before_point(struct span digits)
{
    size_t i = 0;
    while (i < digits.len && digits.data[i] != '.')
        i++;
    return i < MOST_EXPONENT ? (int)i : MOST_EXPONENT;
}

/* Rounds half to even by the first digit cut off and whether others follow. */
static int64_t round_up(int64_t value, int first_cut, bool more_cut)
{
    return first_cut > 5 || (first_cut == 5 && (more_cut || value % 2 != 0));
}

/* Nothing but digits, few enough for an int64_t: nearly all numbers. */
static bool read_whole(struct span number, int64_t *out)
{
    int64_t value = 0;
    if (number.len > 18)
        return false;
    for (size_t i = 0; i < number.len; i++) {
        if (number.data[i] < '0' || number.data[i] > '9')
            return false;
        value = value * 10 + (number.data[i] - '0');
    }
    *out = value;
    return true;
}

enum decimal_status decimal_read(struct span number, unsigned places, int64_t *out, int *above)
{
    *above = 0;
    if (places == 0 && read_whole(number, out))
        return DECIMAL_EXACT;
    struct parts p = take_apart(number);
    /* How many of the digits count as whole units; negative: zeros come first. */
    int64_t whole = (int64_t)digits_before_point(p.digits) + p.exponent + (int)places;
    int64_t value = 0, at = 0;
    int first_cut = 0;
    bool more_cut = false;
    for (size_t i = 0; i < p.digits.len; i++) {
        if (p.digits.data[i] == '.')
            continue;
        int digit = p.digits.data[i] - '0';
        if (at < whole) {
            if (value > (INT64_MAX - 9) / 10)
                return DECIMAL_HUGE;
            value = value * 10 + digit;
        } else if (at == whole) {
            first_cut = digit;
        } else {
            more_cut = more_cut || digit != 0;
        }
        at++;
    }
    for (; value != 0 && at < whole; at++) {
        if (value > (INT64_MAX - 9) / 10)
            return DECIMAL_HUGE;
        value *= 10;
    }
    int64_t up = round_up(value, first_cut, more_cut);
    bool cut = first_cut != 0 || more_cut;
    *above = !cut ? 0 : (up != 0) == p.negative ? 1 : -1;
    value += up;
    *out = p.negative ? -value : value;
    return cut ? DECIMAL_ROUNDED : DECIMAL_EXACT;
}

bool decimal_overflows_double(struct span number)
{
    int64_t whole;
    if (read_whole(number, &whole))
        return false;
    struct parts p = take_apart(number);
    int64_t magnitude = (int64_t)digits_before_point(p.digits) + p.exponent;
    for (size_t i = 0; i < p.digits.len; i++) {
        if (p.digits.data[i] == '.')
            continue;
        if (p.digits.data[i] != '0')
            break;
        magnitude--;
        if (i + 1 == p.digits.len)
            return false; /* zero, whatever its exponent */
    }
    /* d.ddd * 10^308 may still fit, up to 1.797…; nobody's event needs it. */
    return magnitude > 308;
}

#include "base/instant.h"

#include <time.h>

/* Instants between the first and the last of these can be written with a year
 * of four digits. */
#define FIRST_YEAR 1
#define LAST_YEAR 9999
/* 0001-01-01 and 10000-01-01, in days from 1970-01-01. */
#define FIRST_DAY (-719162LL)
#define END_DAY 2932897LL

/* Days from 0000-03-01 to 1970-01-01 in the proleptic Gregorian calendar. */
#define DAYS_BEFORE_1970 719468LL
#define DAYS_IN_400_YEARS 146097LL

struct civil {
    int64_t year;
    int month, day;
};

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Years are counted from March on here, so that a leap day is a year's last
 * day and the lengths of the months before it follow one formula:
 * (153 m + 2) / 5 days precede month m (0 is March). */
static int64_t days_of_civil(struct civil c)
{
    int64_t year = c.month <= 2 ? c.year - 1 : c.year;
    int64_t month = c.month <= 2 ? c.month + 9 : c.month - 3;
    int64_t cycle = floor_divide(year, 400), in_cycle = year - cycle * 400;
    int64_t day_of_year = (153 * month + 2) / 5 + c.day - 1;
    int64_t day = in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + day_of_year;
    return cycle * DAYS_IN_400_YEARS + day - DAYS_BEFORE_1970;
}

static struct civil civil_of_days(int64_t days)
{
    days += DAYS_BEFORE_1970;
    int64_t cycle = floor_divide(days, DAYS_IN_400_YEARS);
    int64_t day = days - cycle * DAYS_IN_400_YEARS; /* 0..146096 */
    /* Leap days before this one taken out, each year has 365 days: one in
     * 1,461 days, none in 36,524, one more as the last day of the cycle. */
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    struct civil c;
    c.day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    c.month = (int)(month < 10 ? month + 3 : month - 9);
    c.year = cycle * 400 + year + (c.month <= 2);
    return c;
}

static int days_in_month(int year, int month)
{
    static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        return 29;
    return days[month - 1];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads exactly `digits` digits from *at on; -1 when they are not there. */
static int read_number(struct span text, size_t *at, size_t digits)
{
    int value = 0;
    if (text.len - *at < digits)
        return -1;
    for (size_t i = 0; i < digits; i++) {
        char c = text.data[*at + i];
        if (!is_digit(c))
            return -1;
        value = value * 10 + (c - '0');
    }
    *at += digits;
    return value;
}

static bool read_char(struct span text, size_t *at, char wanted, char or_this)
{
    if (*at >= text.len || (text.data[*at] != wanted && text.data[*at] != or_this))
        return false;
    (*at)++;
    return true;
}

/* The optional fraction: its first six digits count. False when a dot has no digit. */
static bool read_fraction(struct span text, size_t *at, int64_t *us)
{
    *us = 0;
    if (!read_char(text, at, '.', '.'))
        return true;
    size_t start = *at;
    int64_t weight = US_PER_SECOND / 10;
    for (; *at < text.len && is_digit(text.data[*at]); (*at)++) {
        *us += weight * (text.data[*at] - '0');
        weight /= 10;
    }
    return *at > start;
}

/* The optional zone, in minutes east, and that nothing follows. */
static enum instant_status read_zone(struct span text, size_t at, bool *had, int *minutes)
{
    *minutes = 0;
    *had = at < text.len;
    if (!*had)
        return INSTANT_OK;
    if (read_char(text, &at, 'Z', 'z'))
        return at == text.len ? INSTANT_OK : INSTANT_MALFORMED;
    bool west = text.data[at] == '-';
    if (!west && text.data[at] != '+' && text.data[at] != ' ')
        return INSTANT_MALFORMED;
    at++;
    int hour = read_number(text, &at, 2);
    if (hour < 0 || !read_char(text, &at, ':', ':'))
        return INSTANT_MALFORMED;
    int minute = read_number(text, &at, 2);
    if (minute < 0 || at != text.len)
        return INSTANT_MALFORMED;
    *minutes = hour * 60 + minute;
    if (minute > 59 || *minutes > 14 * 60 || *minutes % 15 != 0)
        return INSTANT_NO_SUCH;
    if (west)
        *minutes = -*minutes;
    return INSTANT_OK;
}

#define DATE_AND_CLOCK_BYTES 19u

/* yyyy-MM-ddTHH:mm:ss, in one go: every event has one. False when a digit or a mark is
 * not where it must be. */
static bool read_date_and_clock(const char *t, int value[6])
{
    static const unsigned char pair_at[7] = {0, 2, 5, 8, 11, 14, 17};
    int pair[7];
    unsigned bad = 0;
#pragma GCC unroll 7
    for (unsigned i = 0; i < 7; i++) {
        unsigned tens = (unsigned char)t[pair_at[i]] - (unsigned)'0';
        unsigned ones = (unsigned char)t[pair_at[i] + 1] - (unsigned)'0';
        bad |= (unsigned)(tens > 9) | (unsigned)(ones > 9);
        pair[i] = (int)(tens * 10 + ones);
    }
    if (bad != 0 || t[4] != '-' || t[7] != '-' || (t[10] | 0x20) != 't' || t[13] != ':' ||
        t[16] != ':')
        return false;
    value[0] = pair[0] * 100 + pair[1];
    /* One by one: what has just been written in pieces is slow to read as a whole. */
    value[1] = pair[2];
    value[2] = pair[3];
    value[3] = pair[4];
    value[4] = pair[5];
    value[5] = pair[6];
    return true;
}

enum instant_status instant_parse(struct span text, int64_t *out_us, bool *had_zone)
{
    int value[6], zone;
    int64_t fraction;
    size_t at = DATE_AND_CLOCK_BYTES;
    *had_zone = false;
    if (text.len < DATE_AND_CLOCK_BYTES || !read_date_and_clock(text.data, value) ||
        !read_fraction(text, &at, &fraction))
        return INSTANT_MALFORMED;
    int year = value[0], month = value[1], day = value[2];
    int hour = value[3], minute = value[4], second = value[5];
    enum instant_status status = read_zone(text, at, had_zone, &zone);
    if (status != INSTANT_OK)
        return status;
    if (year < FIRST_YEAR || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59)
        return INSTANT_NO_SUCH;
    int64_t us = days_of_civil((struct civil){year, month, day}) * US_PER_DAY;
    us += hour * US_PER_HOUR + (minute - zone) * US_PER_MINUTE + second * US_PER_SECOND + fraction;
    /* A zone can carry the first and the last hours out of the years that have
     * a text in UTC. */
    if (us < FIRST_DAY * US_PER_DAY || us >= END_DAY * US_PER_DAY)
        return INSTANT_NO_SUCH;
    *out_us = us;
    return INSTANT_OK;
}

/* Writes a number with at least `width` digits; returns where the next goes. */
static char *put_number(char *at, int64_t value, int width)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0 || count < width);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

size_t instant_format(int64_t us, char out[INSTANT_TEXT_BYTES])
{
    int64_t days = floor_divide(us, US_PER_DAY);
    int64_t of_day = us % US_PER_DAY < 0 ? us % US_PER_DAY + US_PER_DAY : us % US_PER_DAY;
    int64_t fraction = of_day % US_PER_SECOND;
    struct civil c = civil_of_days(days);
    char *at = out;
    if (c.year < 0)
        *at++ = '-';
    at = put_number(at, c.year < 0 ? -c.year : c.year, 4);
    *at++ = '-';
    at = put_number(at, c.month, 2);
    *at++ = '-';
    at = put_number(at, c.day, 2);
    *at++ = 'T';
    at = put_number(at, of_day / US_PER_HOUR, 2);
    *at++ = ':';
    at = put_number(at, of_day / US_PER_MINUTE % 60, 2);
    *at++ = ':';
    at = put_number(at, of_day / US_PER_SECOND % 60, 2);
    if (fraction != 0) {
        *at++ = '.';
        at =
            fraction % 1000 == 0 ? put_number(at, fraction / 1000, 3) : put_number(at, fraction, 6);
    }
    *at++ = 'Z';
    *at = '\0';
    return (size_t)(at - out);
}

size_t timespan_format(int64_t us, char out[TIMESPAN_TEXT_BYTES])
{
    char *at = out;
    /* The magnitude of INT64_MIN is no int64_t: leave its sign out before dividing. */
    uint64_t magnitude = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    int64_t days = (int64_t)(magnitude / (uint64_t)US_PER_DAY);
    int64_t of_day = (int64_t)(magnitude % (uint64_t)US_PER_DAY);
    if (us < 0)
        *at++ = '-';
    if (days > 0) {
        at = put_number(at, days, 1);
        *at++ = '.';
    }
    at = put_number(at, of_day / US_PER_HOUR, 2);
    *at++ = ':';
    at = put_number(at, of_day / US_PER_MINUTE % 60, 2);
    *at++ = ':';
    at = put_number(at, of_day / US_PER_SECOND % 60, 2);
    if (of_day % US_PER_SECOND != 0) {
        *at++ = '.';
        /* Ticks of 100 ns are the type's unit: seven digits, the last one always 0 here. */
        at = put_number(at, of_day % US_PER_SECOND * 10, 7);
    }
    *at = '\0';
    return (size_t)(at - out);
}

int64_t clock_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

/* GUIDs: spellings, texts, version 5 against values computed elsewhere (Python's uuid). */
#include "base/guid.h"
#include "support/check.h"

#include <ctype.h>
#include <string.h>

static void assert_text(const struct guid *g, const char *wanted)
{
    char text[GUID_TEXT_BYTES + 1] = {0};
    guid_format(g, text);
    assert_string_equal(text, wanted);
}

static void reads_every_spelling(void **state)
{
    (void)state;
    static const char *const spellings[] = {
        "b102aafc-b90e-5f11-90e9-9d1b4da60ad3",   "B102AAFC-B90E-5F11-90E9-9D1B4DA60AD3",
        "{b102aafc-b90e-5f11-90e9-9d1b4da60ad3}", "b102aafcb90e5f1190e99d1b4da60ad3",
        "{B102aafcB90e5F1190e99d1b4DA60ad3}",
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        struct guid g;
        assert_true(guid_parse(span_of(spellings[i]), &g));
        assert_text(&g, spellings[0]);
    }
}

static void refuses_the_rest(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        "{}",
        "{",
        "dept-0",
        "b102aafc-b90e-5f11-90e9-9d1b4da60ad",
        "b102aafc-b90e-5f11-90e9-9d1b4da60ad30",
        "b102aafc-b90e-5f11-90e9-9d1b4da60adg",
        "b102aafc-b90e-5f1190e9--9d1b4da60ad3",
        "b102aafc-b90e-5f11-90e99d1b4da60ad3",
        "{b102aafc-b90e-5f11-90e9-9d1b4da60ad3",
        "b102aafc-b90e-5f11-90e9-9d1b4da60ad3}",
        "(b102aafc-b90e-5f11-90e9-9d1b4da60ad3)",
        "b102aafcb90e5f1190e99d1b4da60ad3    ",
        "{{b102aafcb90e5f1190e99d1b4da60ad3}}",
        "b102aafc_b90e_5f11_90e9_9d1b4da60ad3",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct guid g;
        assert_false(guid_parse(span_of(others[i]), &g));
    }
}

/* Every byte at every place of every spelling is read as a plain loop reads it. */
static void reads_every_byte(void **state)
{
    (void)state;
    static const char *const spellings[] = {"b102aafc-b90e-5f11-90e9-9d1b4da60ad3",
                                            "b102aafcb90e5f1190e99d1b4da60ad3"};
    for (unsigned s = 0; s < 2; s++)
        for (size_t at = 0; at < strlen(spellings[s]); at++)
            for (int byte = 0; byte < 256; byte++) {
                char text[GUID_TEXT_BYTES + 1];
                memcpy(text, spellings[s], strlen(spellings[s]) + 1);
                bool was_digit = isxdigit((unsigned char)text[at]) != 0;
                text[at] = (char)byte;
                bool fine = was_digit ? byte < 128 && isxdigit(byte) : byte == '-';
                struct span span = {text, strlen(spellings[s])};
                struct guid g = {{1}};
                char out[GUID_TEXT_BYTES], wanted[GUID_TEXT_BYTES + 1];
                assert_int_equal(guid_parse(span, &g), fine);
                assert_int_equal(guid_parse_usual(span, &g),
                                 fine && s == 0 && !(byte >= 'A' && byte <= 'F'));
                if (!fine) {
                    assert_int_equal(g.bytes[0], 1); /* untouched */
                    continue;
                }
                guid_format(&g, out);
                memcpy(wanted, spellings[0], sizeof wanted);
                wanted[s == 0 ? at : at + (at >= 8) + (at >= 12) + (at >= 16) + (at >= 20)] =
                    (char)tolower(byte);
                assert_memory_equal(out, wanted, sizeof out);
            }
}

static void makes_version_5(void **state)
{
    (void)state;
    struct guid space = guid_site_space(10000);
    assert_text(&space, "b102aafc-b90e-5f11-90e9-9d1b4da60ad3");
    struct guid g = guid_v5(&space, SPAN("dept-0"));
    assert_text(&g, "f1f821eb-90ab-52f2-8a7c-ab38db8c1a38");
    g = guid_v5(&space, SPAN("\xC3\x9C"
                             "berraschung"));
    assert_text(&g, "02cee574-4985-5fa5-ae28-6b4071ac4749");
    space = guid_site_space(7);
    assert_text(&space, "a560fad4-78f6-563a-a309-22fa9cbbd168");
    g = guid_v5(&space, SPAN("dept-0"));
    assert_text(&g, "3b26af27-2548-5192-a059-3a8baca55b65");
}

static void makes_random_ones(void **state)
{
    (void)state;
    struct guid a = guid_random(), b = guid_random();
    assert_false(guid_equal(&a, &b));
    assert_int_equal(a.bytes[6] >> 4, 4);
    assert_int_equal(a.bytes[8] >> 6, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_spelling), cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(reads_every_byte),     cmocka_unit_test(makes_version_5),
        cmocka_unit_test(makes_random_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The head gate alone: where heads end, and what is read out of them. (What is refused
 * is tested with raw bytes against the real server: tests/integration/test_http.py.) */
#include "http/head_gate.h"
#include "support/check.h"

static void the_end_is_found_however_it_comes(void **state)
{
    const struct span bytes = SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\nmore");
    size_t seen = 0, length = 0;
    (void)state;
    for (size_t have = 0; have < 27; have++)
        assert_int_equal(head_find_end((struct span){bytes.data, have}, &seen, &length), HEAD_MORE);
    assert_int_equal(head_find_end(bytes, &seen, &length), HEAD_WHOLE);
    assert_int_equal(length, 27);
    seen = 0;
    assert_int_equal(head_find_end(SPAN("GET /\n"), &seen, &length), HEAD_BAD);
    seen = 0;
    assert_int_equal(head_find_end(SPAN("GET /\rX"), &seen, &length), HEAD_BAD);
}

static void the_parts_are_read(void **state)
{
    static struct head head;
    const char *why = NULL;
    (void)state;
    assert_int_equal(head_gate_read(SPAN("POST /a/b?c=d&e HTTP/1.1\r\nhOsT: x:1\r\n"
                                         "Content-Length: 12\r\nX-A: \t two words \t\r\n\r\n"),
                                    &head, &why),
                     0);
    assert_int_equal(head.request.method, METHOD_POST);
    assert_true(span_equal(head.request.path, SPAN("/a/b")));
    assert_true(span_equal(head.request.query, SPAN("c=d&e")));
    assert_int_equal(head.content_length, 12);
    assert_true(span_equal(*http_find_field(&head.request, "x-a"), SPAN("two words")));
    assert_null(http_find_field(&head.request, "x-b"));
    assert_int_equal(
        head_gate_read(SPAN("GET http://h:8/p?q HTTP/1.1\r\nHost: h:8\r\n\r\n"), &head, &why), 0);
    assert_true(span_equal(head.request.path, SPAN("/p")));
    assert_int_equal(head_gate_read(SPAN("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), &head, &why), 0);
    assert_int_equal(head_gate_read(SPAN("GET * HTTP/1.1\r\nHost: h\r\n\r\n"), &head, &why),
                     PROBLEM_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_is_found_however_it_comes),
        cmocka_unit_test(the_parts_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Answers out, and the end of a connection. */
#include "http/connection.h"
#include "http/worker.h"

#include <errno.h>
#include <sys/socket.h>

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct http_exchange *x = request->data;
    if (status < 0)
        connection_close(x);
}

void connection_linger(struct http_exchange *x)
{
    if (x->closing || x->phase == PHASE_LINGER)
        return;
    connection_phase(x, PHASE_LINGER);
    x->body_raw = 0;
    x->shutdown_request.data = x;
    if (uv_shutdown(&x->shutdown_request, (uv_stream_t *)&x->tcp, on_shutdown) != 0)
        connection_close(x);
    else
        connection_read_on(x);
}

static void on_written(uv_write_t *request, int status)
{
    struct http_exchange *x = request->data;
    x->writing = false;
    buffer_reset(&x->sending);
    if (status < 0) {
        connection_close(x);
        return;
    }
    connection_process(x);
}

size_t connection_send(struct http_exchange *x, struct span bytes)
{
    ssize_t sent;
    do
        sent = send(x->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return (size_t)sent;
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS)
        connection_close(x);
    return 0;
}

void connection_flush(struct http_exchange *x)
{
    if (x->closing || x->writing || x->out.len == 0)
        return;
    size_t done = connection_send(x, buffer_span(&x->out));
    if (x->closing)
        return;
    if (done == x->out.len) {
        buffer_reset(&x->out);
        return;
    }
    struct buffer empty = x->sending;
    x->sending = x->out;
    x->out = empty;
    buffer_reset(&x->out);
    uv_buf_t buf = uv_buf_init(x->sending.data + done, (unsigned)(x->sending.len - done));
    x->write_request.data = x;
    x->writing = true;
    x->progress_ms = uv_now(&x->worker->loop);
    x->write_left = x->sending.len - done;
    if (uv_write(&x->write_request, (uv_stream_t *)&x->tcp, &buf, 1, on_written) != 0)
        connection_close(x);
}

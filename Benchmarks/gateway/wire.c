#define _GNU_SOURCE
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

WireSettings wire_settings = {.host = "127.0.0.1", .port = 9000, .subprotocol = "ocpp1.6"};
static char refusal[128];
static uint32_t mask = 2463534242u;

const char *wire_refusal(void) { return refusal; }

static SSL_CTX *context(void) {
    static SSL_CTX *shared;
    if (!shared) {
        // Whom it speaks with does not matter here: the server is measured, not trusted.
        shared = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_session_cache_mode(shared, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_mode(shared, SSL_MODE_RELEASE_BUFFERS);
    }
    return shared;
}

void wire_identify(const char *certificate, const char *key) {
    if (SSL_CTX_use_certificate_chain_file(context(), certificate) != 1 || SSL_CTX_use_PrivateKey_file(context(), key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
}

void wire_connect(Wire *wire, int number, void *user) {
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(wire_settings.port)};
    inet_pton(AF_INET, wire_settings.host, &to.sin_addr);
    wire->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (wire->fd < 0) {
        perror("load: socket");
        exit(1);
    }
    int one = 1;
    setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (ntohl(to.sin_addr.s_addr) >> 24 == 127) {
        // 28 000 ports a source address: spread over 127.0.0.2, .3 …
        from.sin_addr.s_addr = htonl(0x7F000002 + number / 10000);
        setsockopt(wire->fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one);
        if (bind(wire->fd, (struct sockaddr *)&from, sizeof from)) {
            perror("load: bind");
            exit(1);
        }
    }
    wire->used = 0;
    wire->deflates = 0;
    wire->state = WIRE_CONNECTING;
    if (connect(wire->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
        perror("load: connect");
        exit(1);
    }
    if (wire_settings.secure) {
        SSL *ssl = SSL_new(context());
        SSL_set_fd(ssl, wire->fd);
        wire->ssl = ssl;
    }
    // Edge for writing only until it is connected; see wire_advance.
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = user};
    epoll_ctl(wire_settings.poller, EPOLL_CTL_ADD, wire->fd, &event);
}

void wire_close(Wire *wire) {
    if (wire->state == WIRE_GONE) return;
    if (wire->ssl) {
        if (wire->state > WIRE_SECURING) SSL_shutdown(wire->ssl);
        SSL_free(wire->ssl);
    }
    close(wire->fd);
    wire->ssl = NULL;
    wire->state = WIRE_GONE;
}

static int gone(Wire *wire, const char *why) {
    snprintf(refusal, sizeof refusal, "%.100s", why);
    wire_close(wire);
    return 0;
}

static void send_all(Wire *wire, const char *bytes, size_t length) {
    while (length) {
        ssize_t done = wire->ssl ? SSL_write(wire->ssl, bytes, (int)length) : send(wire->fd, bytes, length, MSG_NOSIGNAL);
        if (done <= 0) {
            if (wire->ssl ? SSL_get_error(wire->ssl, (int)done) == SSL_ERROR_WANT_WRITE : errno == EAGAIN) continue;
            return;  // its end is seen when it is read
        }
        bytes += done;
        length -= done;
    }
}

// Of `length` bytes; `nothing` when it does not get shorter. Each message by itself.
static size_t deflated(const char *text, size_t length, char *target, size_t room) {
    static z_stream stream;
    if (!stream.state) deflateInit2(&stream, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    deflateReset(&stream);
    stream.next_in = (Bytef *)text;
    stream.avail_in = length;
    stream.next_out = (Bytef *)target;
    stream.avail_out = room;
    if (deflate(&stream, Z_SYNC_FLUSH) != Z_OK || stream.avail_in || !stream.avail_out) return 0;
    size_t written = room - stream.avail_out - 4;
    return written < length ? written : 0;
}
static size_t inflated(const char *data, size_t length, char *target, size_t room) {
    static z_stream stream;
    static char source[WIRE_CAPACITY + 4];
    if (!stream.state) inflateInit2(&stream, -15);
    inflateReset(&stream);
    memcpy(source, data, length);
    memcpy(source + length, "\0\0\xff\xff", 4);
    stream.next_in = (Bytef *)source;
    stream.avail_in = length + 4;
    stream.next_out = (Bytef *)target;
    stream.avail_out = room;
    int code = inflate(&stream, Z_SYNC_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) return 0;
    return room - stream.avail_out;
}

void wire_send(Wire *wire, const char *text, size_t length) {
    static char frame[4096], packed[4096];
    unsigned char *head = (unsigned char *)frame;
    head[0] = 0x81;
    if (wire->deflates && length >= 200) {
        size_t shorter = deflated(text, length, packed, sizeof packed);
        if (shorter) {
            text = packed;
            length = shorter;
            head[0] = 0xC1;
        }
    }
    size_t start = 2;
    if (length < 126) head[1] = 0x80 | length;
    else {
        head[1] = 0x80 | 126;
        head[2] = length >> 8;
        head[3] = length & 255;
        start = 4;
    }
    mask ^= mask << 13;
    mask ^= mask >> 17;
    mask ^= mask << 5;
    unsigned char key[4];
    memcpy(key, &mask, 4);
    memcpy(frame + start, key, 4);
    for (size_t i = 0; i < length; i++) frame[start + 4 + i] = text[i] ^ key[i & 3];
    send_all(wire, frame, start + 4 + length);
}

static void upgrade(Wire *wire, const char *identity, const char *password) {
    char head[1024], credentials[256] = "", plain[160];
    if (password) {
        unsigned char coded[220];
        int length = snprintf(plain, sizeof plain, "%s:%s", identity, password);
        EVP_EncodeBlock(coded, (unsigned char *)plain, length);
        snprintf(credentials, sizeof credentials, "Authorization: Basic %s\r\n", coded);
    }
    int length = snprintf(
        head, sizeof head,
        "GET /ocpp/%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n%s%s\r\n",
        identity, wire_settings.host, wire_settings.subprotocol, credentials,
        wire_settings.deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
    send_all(wire, head, length);
    wire->state = WIRE_UPGRADING;
}

static int secure(Wire *wire) {
    int code = SSL_connect(wire->ssl);
    if (code == 1) return 1;
    int error = SSL_get_error(wire->ssl, code);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

int wire_advance(Wire *wire, const char *identity, const char *password, void (*message)(void *user, char *text, size_t length), void *user) {
    if (wire->state == WIRE_GONE) return 1;
    if (wire->state == WIRE_CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) return gone(wire, strerror(error));
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = user};
        epoll_ctl(wire_settings.poller, EPOLL_CTL_MOD, wire->fd, &event);
        wire->state = WIRE_SECURING;
        if (!wire->ssl) upgrade(wire, identity, password);
    }
    if (wire->state == WIRE_SECURING) {
        int done = secure(wire);
        if (done < 0) return gone(wire, "TLS failed");
        if (!done) return 1;
        upgrade(wire, identity, password);
    }
    static char text[65536];
    for (;;) {
        ssize_t got = wire->ssl ? SSL_read(wire->ssl, wire->in + wire->used, WIRE_CAPACITY - wire->used - 1)
                                : recv(wire->fd, wire->in + wire->used, WIRE_CAPACITY - wire->used - 1, 0);
        if (got <= 0) {
            int again = wire->ssl ? SSL_get_error(wire->ssl, (int)got) == SSL_ERROR_WANT_READ : got < 0 && errno == EAGAIN;
            return again ? 1 : gone(wire, "the server closed it");
        }
        wire->used += got;
        char *at = wire->in, *end = wire->in + wire->used;
        if (wire->state == WIRE_UPGRADING) {
            char *head = memmem(wire->in, wire->used, "\r\n\r\n", 4);
            if (!head) continue;
            *head = 0;
            if (strncmp(wire->in, "HTTP/1.1 101", 12)) {
                wire->in[strcspn(wire->in, "\r")] = 0;
                return gone(wire, wire->in);
            }
            wire->deflates = strcasestr(wire->in, "permessage-deflate") != NULL;
            wire->state = WIRE_OPEN;
            at = head + 4;
            message(user, NULL, 0);  // it is open
        }
        while (wire->state == WIRE_OPEN && end - at >= 2) {
            unsigned char *frame = (unsigned char *)at;
            size_t length = frame[1] & 127, header = 2;
            if (length == 126) {
                if (end - at < 4) break;
                length = frame[2] << 8 | frame[3];
                header = 4;
            }
            if ((size_t)(end - at) < header + length) break;
            if ((frame[0] & 15) == 1 && frame[0] & 0x40) {
                size_t whole = inflated(at + header, length, text, sizeof text - 1);
                message(user, text, whole);
            } else if ((frame[0] & 15) == 1) message(user, at + header, length);
            at += header + length;
        }
        if (wire->state == WIRE_GONE) return 1;  // closed by what it was told
        wire->used = (int)(end - at);
        memmove(wire->in, at, wire->used);
        if (!wire->ssl) return 1;  // level-triggered; TLS may hold more than the socket shows
    }
}

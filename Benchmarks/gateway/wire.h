// One WebSocket connection of a simulated station: TCP, TLS where asked for, permessage-deflate where agreed.
// Non-blocking: `wire_advance` is called when its socket is readable or writable.
#pragma once
#include <stddef.h>

enum { WIRE_CAPACITY = 8192 };
enum wire_state { WIRE_GONE, WIRE_CONNECTING, WIRE_SECURING, WIRE_UPGRADING, WIRE_OPEN };

typedef struct {
    int fd;
    enum wire_state state;
    int deflates;  // agreed
    void *ssl;     // SSL *, or none
    int used;
    char in[WIRE_CAPACITY];
} Wire;

// What holds for all connections of a run.
typedef struct {
    const char *host;
    int port;
    const char *subprotocol;
    int secure;   // TLS
    int deflate;  // offer permessage-deflate
    int poller;   // epoll
} WireSettings;
extern WireSettings wire_settings;

// Certificate and key (PEM) that the station proves itself with; once for each station, before it connects.
void wire_identify(const char *certificate, const char *key);

// Begins to connect as `identity`; `number` spreads source addresses, `user` is the epoll data.
void wire_connect(Wire *wire, int number, void *user);
// Goes on with what is under way. `message` is called for each text message, which it may change in place.
// Returns 0 when the connection is gone or was refused; `wire_refusal` then says how.
int wire_advance(Wire *wire, const char *identity, const char *password, void (*message)(void *user, char *text, size_t length), void *user);
const char *wire_refusal(void);
void wire_send(Wire *wire, const char *text, size_t length);
void wire_close(Wire *wire);

// Load for an OCPP 1.6J central system: many stations on one epoll loop, the server's own CPU time and memory read from
// /proc. C, so that the generator costs less than what it measures.
//
//   cc -O2 -o load load.c
//   ./load --port 9000 --pid PID --connections 200 --pattern mixed --messages 100000
//   ./load --port 9000 --pid PID --connections 2000 --pattern session --hold
//
// Patterns: `heartbeat`; `meter` (MeterValues of 685 bytes inside a transaction); `mixed` (6 meter, 3 heartbeat, 1 status
// of 10); `session` (boot, two connectors, a session that ends: for the memory of a connection). Each station has one
// call outstanding at most (OCPP-J 1.6 §4.1.1). Calls from the server are answered Accepted.
// One line of JSON on stdout.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CAPACITY = 8192, SAMPLES = 1 << 20 };

typedef struct {
    int fd;
    int step;         // of the set-up; see next_call
    int open;         // handshake done
    int ready;        // set-up done
    long transaction;
    uint64_t number;  // of the last message
    double sent;
    int used;
    char in[CAPACITY];
} Station;

static const char *pattern = "heartbeat", *host = "127.0.0.1", *prefix = "LOAD";
static int port = 9000, count = 200, window = 0, hold = 0;
static long pid = 0, wanted = 100000;
static Station *stations;
static int poller;
static uint64_t noise = 88172645463325252ULL;
static long answered, errors;
static float *latencies;
static int measuring, ready_count, in_flight;
static int *idle, idle_head, idle_count;

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}
static uint64_t next_noise(void) {
    noise ^= noise << 13;
    noise ^= noise >> 7;
    return noise ^= noise << 17;
}

// User and system time of the server, seconds.
static void cpu(double *user, double *system) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    *user = *system = 0;
    if (!file) return;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    char *rest = strrchr(text, ')');  // the name may hold spaces
    unsigned long u, s;
    if (rest && sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s) == 2) {
        *user = u / (double)sysconf(_SC_CLK_TCK);
        *system = s / (double)sysconf(_SC_CLK_TCK);
    }
}
static long rss(void) {
    char path[64], line[256];
    long kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &kilobytes) == 1) break;
    if (file) fclose(file);
    return kilobytes;
}

static void send_all(Station *s, const char *bytes, size_t length) {
    while (length) {
        ssize_t done = send(s->fd, bytes, length, MSG_NOSIGNAL);
        if (done < 0 && errno == EAGAIN) continue;
        if (done <= 0) die("send");
        bytes += done;
        length -= done;
    }
}
static void send_text(Station *s, const char *format, ...) {
    char frame[2048], *text = frame + 8;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof frame - 8, format, arguments);
    va_end(arguments);
    unsigned char *head = (unsigned char *)frame, key[4];
    uint32_t random = next_noise();
    memcpy(key, &random, 4);
    int start = length < 126 ? 2 : 0;
    head[start] = 0x81;
    head[start + 1] = 0x80 | (length < 126 ? length : 126);
    if (length >= 126) {
        head[2] = length >> 8;
        head[3] = length & 255;
    }
    memcpy(head + 4, key, 4);
    for (int i = 0; i < length; i++) text[i] ^= key[i & 3];
    send_all(s, frame + start, length + 8 - start);
}

static const char *stamp(Station *s) {
    static char text[32];
    struct tm parts;
    time_t seconds = 1767225600 + (time_t)s->number;  // every message of a station has a second of its own
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}
static void heartbeat(Station *s) { send_text(s, "[2,\"%d-%lu\",\"Heartbeat\",{}]", (int)(s - stations), s->number); }
static void status(Station *s, int connector, const char *value) {
    send_text(s, "[2,\"%d-%lu\",\"StatusNotification\",{\"connectorId\":%d,\"errorCode\":\"NoError\",\"status\":\"%s\","
                 "\"timestamp\":\"%s\"}]", (int)(s - stations), s->number, connector, value, stamp(s));
}
static void meter(Station *s) {
    unsigned long wh = 100000 + s->number * 3;
    send_text(s, "[2,\"%d-%lu\",\"MeterValues\",{\"connectorId\":1,\"transactionId\":%ld,\"meterValue\":[{\"timestamp\":\"%s\","
                 "\"sampledValue\":["
                 "{\"value\":\"%lu\",\"context\":\"Sample.Periodic\",\"format\":\"Raw\",\"measurand\":\"Energy.Active.Import.Register\",\"location\":\"Outlet\",\"unit\":\"Wh\"},"
                 "{\"value\":\"6912.4\",\"context\":\"Sample.Periodic\",\"measurand\":\"Power.Active.Import\",\"location\":\"Outlet\",\"unit\":\"W\"},"
                 "{\"value\":\"31.42\",\"context\":\"Sample.Periodic\",\"measurand\":\"Current.Import\",\"phase\":\"L1\",\"location\":\"Outlet\",\"unit\":\"A\"},"
                 "{\"value\":\"219.9\",\"context\":\"Sample.Periodic\",\"measurand\":\"Voltage\",\"phase\":\"L1\",\"unit\":\"V\"},"
                 "{\"value\":\"32\",\"context\":\"Sample.Periodic\",\"measurand\":\"Current.Offered\",\"unit\":\"A\"}]}]}]",
              (int)(s - stations), s->number, s->transaction, stamp(s), wh);
}

// The next call of a station; 0 when it has nothing to say any more.
static int next_call(Station *s) {
    int id = (int)(s - stations);
    int wants_transaction = strcmp(pattern, "heartbeat") != 0;
    s->number++;
    s->sent = now();
    if (!s->ready) {
        switch (s->step++) {
        case 0:
            send_text(s, "[2,\"%d-%lu\",\"BootNotification\",{\"chargePointVendor\":\"Load\",\"chargePointModel\":\"L1\","
                         "\"chargePointSerialNumber\":\"%d\",\"firmwareVersion\":\"1.0\"}]", id, s->number, id);
            return 1;
        case 1: status(s, 1, wants_transaction ? "Preparing" : "Available"); return 1;
        case 2: status(s, 2, "Available"); return 1;
        case 3:
            if (!wants_transaction) break;
            send_text(s, "[2,\"%d-%lu\",\"StartTransaction\",{\"connectorId\":1,\"idTag\":\"TAG%d\",\"meterStart\":100000,"
                         "\"timestamp\":\"%s\"}]", id, s->number, id, stamp(s));
            return 1;
        case 4:
            if (strcmp(pattern, "session") != 0) break;
            meter(s);
            return 1;
        case 5:
            send_text(s, "[2,\"%d-%lu\",\"StopTransaction\",{\"transactionId\":%ld,\"meterStop\":105000,\"timestamp\":\"%s\","
                         "\"reason\":\"Local\"}]", id, s->number, s->transaction, stamp(s));
            return 1;
        case 6: status(s, 1, "Available"); return 1;
        }
        s->ready = 1;
        ready_count++;
        return 0;
    }
    if (!strcmp(pattern, "heartbeat")) heartbeat(s);
    else if (!strcmp(pattern, "meter")) meter(s);
    else {
        int choice = s->number % 10;
        if (choice < 6) meter(s);
        else if (choice < 9) heartbeat(s);
        else status(s, 1, s->number % 20 < 10 ? "Charging" : "SuspendedEV");
    }
    return 1;
}

static void rest(Station *s) { idle[(idle_head + idle_count++) % count] = (int)(s - stations); }

static void message(Station *s, char *text, size_t length) {
    char last = text[length];
    text[length] = 0;
    if (!strncmp(text, "[2,", 3)) {
        char *id = strchr(text, '"'), *end = id ? strchr(id + 1, '"') : NULL;
        if (end) {
            *end = 0;
            send_text(s, "[3,\"%s\",{\"status\":\"Accepted\"}]", id + 1);
        }
    } else {
        char *field = strstr(text, "\"transactionId\"");
        if (field) s->transaction = strtol(strchr(field, ':') + 1, NULL, 10);
        if (!strncmp(text, "[4,", 3)) {
            if (!errors++) fprintf(stderr, "load: first error: %s\n", text);
        }
        if (s->ready) {
            if (measuring && answered < SAMPLES) latencies[answered] = (float)(now() - s->sent);
            answered++;
            in_flight--;
            rest(s);
        } else if (!next_call(s)) {
            rest(s);
        }
    }
    text[length] = last;
}

static void receive(Station *s) {
    ssize_t got = recv(s->fd, s->in + s->used, CAPACITY - s->used - 1, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        fprintf(stderr, "load: the server closed station %d\n", (int)(s - stations));
        exit(1);
    }
    s->used += got;
    char *at = s->in, *end = s->in + s->used;
    if (!s->open) {
        char *head = memmem(s->in, s->used, "\r\n\r\n", 4);
        if (!head) return;
        if (strncmp(s->in, "HTTP/1.1 101", 12)) {
            fprintf(stderr, "load: refused: %.60s\n", s->in);
            exit(1);
        }
        s->open = 1;
        at = head + 4;
        next_call(s);
    }
    while (end - at >= 2) {
        unsigned char *frame = (unsigned char *)at;
        size_t length = frame[1] & 127, header = 2;
        if (length == 126) {
            if (end - at < 4) break;
            length = frame[2] << 8 | frame[3];
            header = 4;
        }
        if ((size_t)(end - at) < header + length) break;
        if ((frame[0] & 15) == 1) message(s, at + header, length);
        at += header + length;
    }
    s->used = (int)(end - at);
    memmove(s->in, at, s->used);
}

static void connect_station(Station *s) {
    int id = (int)(s - stations);
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, host, &to.sin_addr);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (s->fd < 0) die("socket");
    int one = 1;
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (ntohl(to.sin_addr.s_addr) >> 24 == 127) {
        // 28 000 ports a source address: spread over 127.0.0.2, .3 …
        from.sin_addr.s_addr = htonl(0x7F000002 + id / 20000);
        setsockopt(s->fd, IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, &one, sizeof one);
        if (bind(s->fd, (struct sockaddr *)&from, sizeof from)) die("bind");
    }
    if (connect(s->fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    fcntl(s->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
    epoll_ctl(poller, EPOLL_CTL_ADD, s->fd, &event);
    char head[512];
    int length = snprintf(head, sizeof head,
                          "GET /ocpp/%s%d HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n", prefix, id, host);
    send_all(s, head, length);
}

static void poll_once(int timeout) {
    struct epoll_event events[256];
    int got = epoll_wait(poller, events, 256, timeout);
    for (int i = 0; i < got; i++) receive(events[i].data.ptr);
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

// Keeps `window` calls in flight, rotating over all stations, until `messages` more are answered.
static void run(long messages) {
    long goal = answered + messages;
    while (answered < goal) {
        while (in_flight < window && idle_count > 0 && answered + in_flight < goal) {
            Station *s = &stations[idle[idle_head]];
            idle_head = (idle_head + 1) % count;
            idle_count--;
            in_flight++;
            next_call(s);
        }
        poll_once(1000);
    }
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--hold")) { hold = 1; continue; }
        if (!strcmp(argv[i], "--host")) host = value;
        else if (!strcmp(argv[i], "--port")) port = atoi(value);
        else if (!strcmp(argv[i], "--pid")) pid = atol(value);
        else if (!strcmp(argv[i], "--connections")) count = atoi(value);
        else if (!strcmp(argv[i], "--pattern")) pattern = value;
        else if (!strcmp(argv[i], "--messages")) wanted = atol(value);
        else if (!strcmp(argv[i], "--window")) window = atoi(value);
        else if (!strcmp(argv[i], "--prefix")) prefix = value;
        else { fprintf(stderr, "load: unknown option %s; see the head of load.c\n", argv[i]); return 2; }
        i++;
    }
    if (!window || window > count) window = count;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    stations = calloc(count, sizeof *stations);
    idle = calloc(count, sizeof *idle);
    latencies = calloc(SAMPLES, sizeof *latencies);
    poller = epoll_create1(0);

    long rss_before = rss();
    double setup = now(), user0, system0, user1, system1;
    cpu(&user0, &system0);
    for (int i = 0; i < count; i++) {
        connect_station(&stations[i]);
        poll_once(0);
        while (i - ready_count > 64) poll_once(1000);
    }
    while (ready_count < count) poll_once(1000);
    setup = now() - setup;
    cpu(&user1, &system1);
    long rss_after = rss();
    printf("{\"pattern\": \"%s\", \"connections\": %d, \"setup_seconds\": %.2f, \"setup_cpu_us_per_station\": %.0f, "
           "\"rss_kb_per_connection\": %.2f, \"rss_kb\": %ld", pattern, count, setup,
           1e6 * (user1 - user0 + system1 - system0) / count, (rss_after - rss_before) / (double)count, rss_after);
    if (strcmp(pattern, "session")) {
        run(wanted / 10);  // warm
        answered = 0;
        measuring = 1;
        cpu(&user0, &system0);
        double start = now();
        run(wanted);
        double seconds = now() - start;
        cpu(&user1, &system1);
        long samples = answered < SAMPLES ? answered : SAMPLES;
        qsort(latencies, samples, sizeof *latencies, ascending);
        printf(", \"messages\": %ld, \"user_us\": %.2f, \"system_us\": %.2f, \"cpu_us\": %.2f, \"per_second\": %.0f, "
               "\"p50_ms\": %.2f, \"p99_ms\": %.2f, \"errors\": %ld", answered, 1e6 * (user1 - user0) / answered,
               1e6 * (system1 - system0) / answered, 1e6 * (user1 - user0 + system1 - system0) / answered,
               answered / seconds, 1e3 * latencies[samples / 2], 1e3 * latencies[samples * 99 / 100], errors);
    }
    printf("}\n");
    fflush(stdout);
    // Answers calls until the caller has seen enough and closes our input.
    while (hold) {
        poll_once(100);
        fcntl(0, F_SETFL, O_NONBLOCK);
        char byte;
        if (read(0, &byte, 1) == 0) break;
    }
    return errors ? 1 : 0;
}

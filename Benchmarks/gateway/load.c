// Load for an OCPP-J central system: many stations on one epoll loop, the server's own CPU time and memory read from
// /proc. C, so that the generator costs less than what it measures.
//
//   cc -O2 -o load load.c wire.c -lssl -lcrypto -lz
//   ./load --port 9000 --pid PID --connections 200 --pattern mixed --messages 100000
//   ./load --port 9000 --pid PID --connections 2000 --pattern session --hold
//   ./load … --protocol ocpp2.0.1 --deflate --tls --keys FILE --certificates DIRECTORY
//
// Patterns: `heartbeat`; `meter` (five samples inside a transaction: MeterValues of 685 bytes in 1.6, TransactionEvent Updated
// of 790 in 2.x); `mixed` (6 meter, 3 heartbeat, 1 status of 10); `session` (boot, two connectors, a session that ends: for the
// memory of a connection); `connect` (nothing but connections made and left, `--messages` in all); `storm` (all stations come
// at once, and again after a growing wait when they are not let in, until all have booted).
// Each station has one call outstanding at most (OCPP-J 1.6 §4.1.1). Calls from the server are answered.
// `--keys`: a line a station, its password; `--certificates`: PEM files IDENTITY.pem with certificate and key.
// One line of JSON on stdout.
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 1 << 20 };

typedef struct {
    Wire wire;
    int step;         // of the set-up; see next_call
    int ready;        // set-up done
    long transaction;
    uint64_t number;  // of the last message
    double sent;
    double comes_again;  // storm: when it tries again; 0: it does not wait
    int tries;
    char password[64];
} Station;

static const char *pattern = "heartbeat", *prefix = "LOAD", *keys, *certificates;
static int count = 200, window = 0, hold = 0, is_v2 = 0;
static long pid = 0, wanted = 100000;
static Station *stations;
static uint64_t noise = 88172645463325252ULL;
static long answered, errors;
static float *latencies;
static int measuring, ready_count, in_flight;
static long tries, refused;
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

static void send_text(Station *s, const char *format, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    wire_send(&s->wire, text, length);
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
    if (is_v2) {
        send_text(s, "[2,\"%d-%lu\",\"StatusNotification\",{\"timestamp\":\"%s\",\"connectorStatus\":\"%s\",\"evseId\":%d,\"connectorId\":1}]",
                  (int)(s - stations), s->number, stamp(s), value, connector);
        return;
    }
    send_text(s, "[2,\"%d-%lu\",\"StatusNotification\",{\"connectorId\":%d,\"errorCode\":\"NoError\",\"status\":\"%s\","
                 "\"timestamp\":\"%s\"}]", (int)(s - stations), s->number, connector, value, stamp(s));
}
// 2.x: what a transaction says; `samples`: with the readings of `meter`.
static void transaction_event(Station *s, const char *type, const char *trigger, const char *state, int samples) {
    char values[640] = "";
    if (samples)
        snprintf(values, sizeof values,
                 ",\"meterValue\":[{\"timestamp\":\"%s\",\"sampledValue\":["
                 "{\"value\":%lu,\"context\":\"Sample.Periodic\",\"measurand\":\"Energy.Active.Import.Register\",\"location\":\"Outlet\",\"unitOfMeasure\":{\"unit\":\"Wh\"}},"
                 "{\"value\":6912.4,\"context\":\"Sample.Periodic\",\"measurand\":\"Power.Active.Import\",\"location\":\"Outlet\",\"unitOfMeasure\":{\"unit\":\"W\"}},"
                 "{\"value\":31.42,\"context\":\"Sample.Periodic\",\"measurand\":\"Current.Import\",\"phase\":\"L1\",\"unitOfMeasure\":{\"unit\":\"A\"}},"
                 "{\"value\":219.9,\"measurand\":\"Voltage\",\"phase\":\"L1\",\"unitOfMeasure\":{\"unit\":\"V\"}},"
                 "{\"value\":32,\"measurand\":\"Current.Offered\",\"unitOfMeasure\":{\"unit\":\"A\"}}]}]",
                 stamp(s), 100000 + s->number * 3);
    int id = (int)(s - stations), starts = !strcmp(type, "Started");
    char token[96] = "";
    if (starts) snprintf(token, sizeof token, ",\"evse\":{\"id\":1,\"connectorId\":1},\"idToken\":{\"idToken\":\"TAG%d\",\"type\":\"ISO14443\"}", id);
    if (starts) s->transaction = -1;
    s->transaction++;  // its number in the transaction
    send_text(s, "[2,\"%d-%lu\",\"TransactionEvent\",{\"eventType\":\"%s\",\"timestamp\":\"%s\",\"triggerReason\":\"%s\",\"seqNo\":%ld,"
                 "\"transactionInfo\":{\"transactionId\":\"%s%d-1\",\"chargingState\":\"%s\"}%s%s}]",
              id, s->number, type, stamp(s), trigger, s->transaction, prefix, id, state, token, values);
}
static void meter(Station *s) {
    if (is_v2) {
        transaction_event(s, "Updated", "MeterValuePeriodic", "Charging", 1);
        return;
    }
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
            if (is_v2) {
                send_text(s, "[2,\"%d-%lu\",\"BootNotification\",{\"reason\":\"PowerUp\",\"chargingStation\":{\"vendorName\":\"Load\","
                             "\"model\":\"L1\",\"serialNumber\":\"%d\",\"firmwareVersion\":\"1.0\"}}]", id, s->number, id);
                return 1;
            }
            send_text(s, "[2,\"%d-%lu\",\"BootNotification\",{\"chargePointVendor\":\"Load\",\"chargePointModel\":\"L1\","
                         "\"chargePointSerialNumber\":\"%d\",\"firmwareVersion\":\"1.0\"}]", id, s->number, id);
            return 1;
        case 1:
            if (!strcmp(pattern, "storm")) break;
            status(s, 1, !wants_transaction ? "Available" : is_v2 ? "Occupied" : "Preparing");
            return 1;
        case 2: status(s, 2, "Available"); return 1;
        case 3:
            if (!wants_transaction) break;
            if (is_v2) {
                transaction_event(s, "Started", "Authorized", "Charging", 1);
                return 1;
            }
            send_text(s, "[2,\"%d-%lu\",\"StartTransaction\",{\"connectorId\":1,\"idTag\":\"TAG%d\",\"meterStart\":100000,"
                         "\"timestamp\":\"%s\"}]", id, s->number, id, stamp(s));
            return 1;
        case 4:
            if (strcmp(pattern, "session") != 0) break;
            meter(s);
            return 1;
        case 5:
            if (is_v2) {
                transaction_event(s, "Ended", "StopAuthorized", "Idle", 1);
                return 1;
            }
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
        else status(s, 1, is_v2 ? "Occupied" : s->number % 20 < 10 ? "Charging" : "SuspendedEV");
    }
    return 1;
}

static void rest(Station *s) { idle[(idle_head + idle_count++) % count] = (int)(s - stations); }

// A text message of the server; without one: the connection is open.
static void message(void *user, char *text, size_t length) {
    Station *s = user;
    if (!text) {
        if (!strcmp(pattern, "connect")) {
            wire_close(&s->wire);
            if (measuring && answered < SAMPLES) latencies[answered] = (float)(now() - s->sent);
            answered++;
            in_flight--;
            rest(s);
        } else if (!next_call(s)) rest(s);
        return;
    }
    char last = text[length];
    text[length] = 0;
    if (!strncmp(text, "[2,", 3)) {
        char *id = strchr(text, '"'), *end = id ? strchr(id + 1, '"') : NULL;
        if (end) {
            const char *answer = strstr(end + 1, "\"GetVariables\"") ? "\"getVariableResult\":[]" : "\"status\":\"Accepted\"";
            *end = 0;
            send_text(s, "[3,\"%s\",{%s}]", id + 1, answer);
        }
    } else {
        char *field = is_v2 ? NULL : strstr(text, "\"transactionId\"");
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

static void come(Station *s) {
    int id = (int)(s - stations);
    if (certificates) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s%d.pem", certificates, prefix, id);
        wire_identify(path, path);
    }
    s->step = 0;
    s->comes_again = 0;
    s->sent = now();
    tries++;
    wire_connect(&s->wire, id, s);
}

static void advance(Station *s) {
    char identity[64];
    snprintf(identity, sizeof identity, "%s%d", prefix, (int)(s - stations));
    if (wire_advance(&s->wire, identity, *s->password ? s->password : NULL, message, s)) return;
    if (strcmp(pattern, "storm") || s->ready) {
        fprintf(stderr, "load: station %s: %s\n", identity, wire_refusal());
        exit(1);
    }
    // As 2.x stations do (RetryBackOff): a random part, doubled each time, here from a second to a minute.
    if (!refused++) fprintf(stderr, "load: first refusal: %s\n", wire_refusal());
    int doubled = s->tries < 5 ? s->tries++ : 5;
    s->comes_again = now() + (1 << doubled) * (1 + next_noise() % 1000 / 1000.0);
}

static void poll_once(int timeout) {
    struct epoll_event events[256];
    int got = epoll_wait(wire_settings.poller, events, 256, timeout);
    for (int i = 0; i < got; i++) advance(events[i].data.ptr);
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

// Keeps `window` calls (or connections) in flight, rotating over all stations, until `messages` more are answered.
static void run(long messages) {
    long goal = answered + messages;
    while (answered < goal) {
        while (in_flight < window && idle_count > 0 && answered + in_flight < goal) {
            Station *s = &stations[idle[idle_head]];
            idle_head = (idle_head + 1) % count;
            idle_count--;
            in_flight++;
            if (!strcmp(pattern, "connect")) come(s);
            else next_call(s);
        }
        poll_once(1000);
    }
}

static void come_all(void) {
    int is_storm = !strcmp(pattern, "storm");
    for (int i = 0; i < count; i++) {
        come(&stations[i]);
        if (is_storm) continue;
        poll_once(0);
        while (i - ready_count > 64) poll_once(1000);
    }
    double looked = now();
    while (ready_count < count) {
        poll_once(50);
        if (!is_storm || now() - looked < 0.05) continue;
        looked = now();
        for (int i = 0; i < count; i++)
            if (stations[i].comes_again && stations[i].comes_again <= looked) come(&stations[i]);
    }
}

static void read_keys(void) {
    FILE *file = fopen(keys, "r");
    if (!file) die(keys);
    for (int i = 0; i < count; i++)
        if (fscanf(file, "%63s", stations[i].password) != 1) die(keys);
    fclose(file);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--hold")) { hold = 1; continue; }
        if (!strcmp(argv[i], "--tls")) { wire_settings.secure = 1; continue; }
        if (!strcmp(argv[i], "--deflate")) { wire_settings.deflate = 1; continue; }
        if (!strcmp(argv[i], "--host")) wire_settings.host = value;
        else if (!strcmp(argv[i], "--port")) wire_settings.port = atoi(value);
        else if (!strcmp(argv[i], "--protocol")) wire_settings.subprotocol = value;
        else if (!strcmp(argv[i], "--keys")) keys = value;
        else if (!strcmp(argv[i], "--certificates")) certificates = value;
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
    wire_settings.poller = epoll_create1(0);
    is_v2 = strcmp(wire_settings.subprotocol, "ocpp1.6") != 0;
    if (keys) read_keys();

    long rss_before = rss();
    double setup = now(), user0, system0, user1, system1;
    cpu(&user0, &system0);
    if (!strcmp(pattern, "connect"))
        for (int i = 0; i < count; i++) rest(&stations[i]);
    else come_all();
    setup = now() - setup;
    cpu(&user1, &system1);
    long rss_after = rss();
    printf("{\"pattern\": \"%s\", \"connections\": %d, \"setup_seconds\": %.2f, \"setup_cpu_us_per_station\": %.0f, "
           "\"rss_kb_per_connection\": %.2f, \"rss_kb\": %ld", pattern, count, setup,
           1e6 * (user1 - user0 + system1 - system0) / count, (rss_after - rss_before) / (double)count, rss_after);
    if (!strcmp(pattern, "storm")) printf(", \"connects\": %ld, \"refused\": %ld", tries, refused);
    else if (strcmp(pattern, "session")) {
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

/* The limit of a durable redirect on this machine: one process, one epoll loop, no interpreter.

   It does for each click what the edge does: parse the request, open the sealed token (AES-SIV, zstd, MessagePack), write
   the event as JSON in a frame of the journal (version 2 in server/journal/frames.py), sync it, and only then answer with
   302. Everything that a click of the bench does not need is left out: every other request ends the connection.

   limit_server PORT SEGMENT KEY LAST_CHARACTER DICTIONARY
   SEGMENT is the journal file to create, KEY the hexadecimal key, LAST_CHARACTER that of its sealed tokens, DICTIONARY a
   file with the zstd dictionary. Needs an x86 processor with AES instructions. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include <wmmintrin.h>
#include <tmmintrin.h>

typedef uint8_t u8;
typedef __m128i block;

/* Declared here, because only the libraries, not their headers, are on every machine. */
unsigned long crc32(unsigned long crc, const u8 *data, unsigned size);
void *ZSTD_createDCtx(void);
void *ZSTD_createDDict(const void *dictionary, size_t size);
size_t ZSTD_decompress_usingDDict(void *context, void *to, size_t room, const void *from, size_t size, const void *dict);
unsigned ZSTD_isError(size_t code);

#define ASSOCIATED_DATA "clicktrail sealed token"
#define REDIRECT "HTTP/1.1 302 Found\r\nCache-Control: private, no-store\r\n" \
    "Referrer-Policy: strict-origin-when-cross-origin\r\nX-Robots-Tag: noindex\r\nContent-Length: 0\r\nLocation: "
enum { MAX_TOKEN = 2048, MAX_PAYLOAD = 4096, MAX_REQUEST = 8192, MAX_BATCH = 1024, MAX_EVENTS = 256, PREALLOCATED = 1 << 18 };

static void fail(const char *what) { perror(what); exit(1); }

/* ---- AES-SIV (RFC 5297) with AES-128, one string of associated data ---- */

static block mac_keys[11], counter_keys[11], subkey_1, subkey_2, associated;

#define EXPAND(i, round_constant) do { \
    block key = keys[i - 1], mix = _mm_shuffle_epi32(_mm_aeskeygenassist_si128(key, round_constant), 0xff); \
    for (int shift = 0; shift < 3; shift++) key = _mm_xor_si128(key, _mm_slli_si128(key, 4)); \
    keys[i] = _mm_xor_si128(key, mix); } while (0)

static void expand_key(block *keys, const u8 *key) {
    keys[0] = _mm_loadu_si128((const block *)key);
    for (int i = 1; i <= 10; i++) switch (i) {
        case 1: EXPAND(1, 0x01); break;
        case 2: EXPAND(2, 0x02); break;
        case 3: EXPAND(3, 0x04); break;
        case 4: EXPAND(4, 0x08); break;
        case 5: EXPAND(5, 0x10); break;
        case 6: EXPAND(6, 0x20); break;
        case 7: EXPAND(7, 0x40); break;
        case 8: EXPAND(8, 0x80); break;
        case 9: EXPAND(9, 0x1b); break;
        case 10: EXPAND(10, 0x36); break;
    }
}

static block encrypt(const block *keys, block data) {
    data = _mm_xor_si128(data, keys[0]);
    for (int round = 1; round < 10; round++) data = _mm_aesenc_si128(data, keys[round]);
    return _mm_aesenclast_si128(data, keys[10]);
}

static block double_block(block value) {
    u8 bytes[16];
    _mm_storeu_si128((block *)bytes, value);
    u8 carry = bytes[0] >> 7 ? 0x87 : 0;
    for (int i = 0; i < 15; i++) bytes[i] = bytes[i] << 1 | bytes[i + 1] >> 7;
    bytes[15] = bytes[15] << 1 ^ carry;
    return _mm_loadu_si128((block *)bytes);
}

static block cmac(const u8 *data, size_t size) { /* RFC 4493 */
    block state = _mm_setzero_si128();
    for (; size > 16; data += 16, size -= 16)
        state = encrypt(mac_keys, _mm_xor_si128(state, _mm_loadu_si128((const block *)data)));
    u8 last[16] = {0};
    memcpy(last, data, size);
    if (size < 16) last[size] = 0x80;
    block subkey = size < 16 ? subkey_2 : subkey_1;
    return encrypt(mac_keys, _mm_xor_si128(state, _mm_xor_si128(subkey, _mm_loadu_si128((block *)last))));
}

static void set_key(const u8 *key) {
    expand_key(mac_keys, key);
    expand_key(counter_keys, key + 16);
    subkey_1 = double_block(encrypt(mac_keys, _mm_setzero_si128()));
    subkey_2 = double_block(subkey_1);
    u8 zero[16] = {0};
    associated = double_block(cmac(zero, 16));
    associated = _mm_xor_si128(associated, cmac((const u8 *)ASSOCIATED_DATA, strlen(ASSOCIATED_DATA)));
}

/* Decrypt into `plain`, at least 16 bytes. Returns whether the key sealed it. */
static int open_siv(const u8 *sealed, size_t size, u8 *plain) {
    u8 counter[16];
    memcpy(counter, sealed, 16);
    counter[8] &= 0x7f, counter[12] &= 0x7f;
    uint32_t number = (uint32_t)counter[12] << 24 | counter[13] << 16 | counter[14] << 8 | counter[15];
    size -= 16;
    for (size_t start = 0; start < size; start += 64) { /* four blocks at once hide the latency of the instructions */
        block stream[4];
        for (int i = 0; i < 4; i++, number++) {
            uint32_t big_endian = htonl(number);
            memcpy(counter + 12, &big_endian, 4);
            stream[i] = _mm_xor_si128(_mm_loadu_si128((block *)counter), counter_keys[0]);
        }
        for (int round = 1; round < 10; round++)
            for (int i = 0; i < 4; i++) stream[i] = _mm_aesenc_si128(stream[i], counter_keys[round]);
        for (int i = 0; i < 4; i++) stream[i] = _mm_aesenclast_si128(stream[i], counter_keys[10]);
        for (size_t i = 0; i < 64 && start + i < size; i++) plain[start + i] = sealed[16 + start + i] ^ ((u8 *)stream)[i];
    }
    block *end = (block *)(plain + size - 16);
    _mm_storeu_si128(end, _mm_xor_si128(_mm_loadu_si128(end), associated));
    block tag = cmac(plain, size);
    _mm_storeu_si128(end, _mm_xor_si128(_mm_loadu_si128(end), associated));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(tag, _mm_loadu_si128((const block *)sealed))) == 0xffff;
}

/* ---- tokens ---- */

typedef struct { const u8 *text; size_t size; } string;
typedef struct { string destination, message_id, recipient, campaign; unsigned position; u8 payload[MAX_PAYLOAD]; } link_t;

static signed char base64_values[256];
static u8 last_character;
static void *zstd_context, *zstd_dictionary;

static size_t decode_base64url(const u8 *text, size_t size, u8 *to) { /* 0 if invalid */
    u8 *start = to;
    int bits = 0;
    uint32_t value = 0;
    for (size_t i = 0; i < size; i++) {
        int digit = base64_values[text[i]];
        if (digit < 0) return 0;
        value = value << 6 | (uint32_t)digit;
        if ((bits += 6) >= 8) *to++ = (u8)(value >> (bits -= 8));
    }
    return value & ((1u << bits) - 1) ? 0 : (size_t)(to - start);
}

static int read_string(const u8 **at, const u8 *end, string *to) {
    if (*at >= end) return 0;
    u8 type = *(*at)++;
    size_t bytes = type == 0xd9 ? 1 : type == 0xda ? 2 : 0;
    if (!bytes && (type & 0xe0) != 0xa0) return 0;
    to->size = bytes ? 0 : type & 0x1f;
    for (; bytes && *at < end; bytes--) to->size = to->size << 8 | *(*at)++;
    to->text = *at;
    if (to->size > (size_t)(end - *at)) return 0;
    *at += to->size;
    for (size_t i = 0; i < to->size; i++)
        if (to->text[i] < 0x21 || to->text[i] > 0x7e || to->text[i] == '"' || to->text[i] == '\\') return 0;
    return 1;
}

static int open_token(const u8 *token, size_t size, link_t *link) {
    u8 sealed[MAX_TOKEN], frame[MAX_TOKEN + 6] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x30}, *plain = frame + 5;
    if (size > MAX_TOKEN || token[size - 1] != last_character) return 0;
    size_t sealed_size = decode_base64url(token, size - 1, sealed);
    if (sealed_size < 33 || !open_siv(sealed, sealed_size, plain)) return 0;
    size_t payload_size = sealed_size - 17;
    if (plain[0] == 1) { /* compressed; the frame's header is the same for every token */
        plain[0] = 0x30;
        payload_size = ZSTD_decompress_usingDDict(
            zstd_context, link->payload, MAX_PAYLOAD, frame, payload_size + 6, zstd_dictionary);
        if (ZSTD_isError(payload_size)) return 0;
    } else {
        memcpy(link->payload, plain + 1, payload_size);
    }
    const u8 *at = link->payload + 1, *end = link->payload + payload_size;
    if (!payload_size || link->payload[0] != 0x97) return 0;
    if (!read_string(&at, end, &link->destination) || !read_string(&at, end, &link->message_id)) return 0;
    if (!read_string(&at, end, &link->recipient) || !read_string(&at, end, &link->campaign)) return 0;
    link->position = at < end ? *at : 0x80;
    return link->position < 0x80 && link->destination.size > 8 && !memcmp(link->destination.text, "https://", 8);
}

/* ---- requests and events ---- */

static const char *const RECORDED[] = {
    "accept", "accept-encoding", "accept-language", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-fetch-dest",
    "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user"};

static u8 *batch;
static size_t batch_size;
static char event_time[32], date[64];

static u8 *put(u8 *to, const void *data, size_t size) { memcpy(to, data, size); return to + size; }
#define PUT(to, text) put(to, text, sizeof(text) - 1)

static u8 *put_json(u8 *to, const u8 *text, size_t size) {
    *to++ = '"';
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"' || text[i] == '\\') *to++ = '\\';
        *to++ = text[i];
    }
    *to++ = '"';
    return to;
}

static int is_recorded(const char *name, size_t size) {
    for (size_t i = 0; i < sizeof RECORDED / sizeof *RECORDED; i++)
        if (strlen(RECORDED[i]) == size && !memcmp(RECORDED[i], name, size)) return 1;
    return 0;
}

/* Put User-Agent and the recorded headers. Returns NULL if a line is no header. */
static u8 *put_headers(u8 *to, const u8 *line, const u8 *end) {
    const u8 *user_agent = NULL;
    size_t user_agent_size = 0;
    u8 headers[MAX_REQUEST * 2], *next = headers;
    for (const u8 *stop; line < end; line = stop + 2) {
        char name[64];
        stop = memmem(line, (size_t)(end - line), "\r\n", 2);
        const u8 *colon = memchr(line, ':', (size_t)(stop - line));
        if (!colon || colon - line >= (int)sizeof name || colon[1] != ' ') return NULL;
        size_t name_size = (size_t)(colon - line), value_size = (size_t)(stop - colon - 2);
        for (size_t i = 0; i < name_size; i++) name[i] = (char)(line[i] | (line[i] >= 'A' && line[i] <= 'Z' ? 32 : 0));
        if (name_size == 10 && !memcmp(name, "user-agent", 10)) {
            user_agent = colon + 2, user_agent_size = value_size;
        } else if (is_recorded(name, name_size)) {
            *next++ = ',';
            next = put_json(next, (u8 *)name, name_size);
            *next++ = ':';
            next = put_json(next, colon + 2, value_size);
        }
    }
    if (next == headers) return NULL;
    headers[0] = '{'; /* instead of the first comma */
    if (user_agent) to = put_json(PUT(to, ",\"user_agent\":"), user_agent, user_agent_size);
    return PUT(put(PUT(to, ",\"headers\":"), headers, (size_t)(next - headers)), "}");
}

static void set_times(void) {
    static time_t second;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != second) {
        struct tm utc;
        gmtime_r(&now.tv_sec, &utc);
        strftime(event_time, sizeof event_time, "%Y-%m-%dT%H:%M:%S.000Z", &utc);
        strftime(date, sizeof date, "\r\nDate: %a, %d %b %Y %H:%M:%S GMT\r\n\r\n", &utc);
        second = now.tv_sec;
    }
    unsigned ms = (unsigned)(now.tv_nsec / 1000000);
    event_time[20] = (char)('0' + ms / 100), event_time[21] = (char)('0' + ms / 10 % 10), event_time[22] = (char)('0' + ms % 10);
}

static u8 segment_id[8];
static uint32_t segment_crc;

/* Add the click to the batch. Returns the size of its response, 0 if the request is not such a click. */
static size_t answer(const u8 *data, size_t size, u8 *response) {
    static uint64_t count;
    link_t link;
    const u8 *token = data + 5, *space = size > 5 ? memchr(token, ' ', size - 5) : NULL;
    if (!space || memcmp(data, "GET /", 5) || space == token || memcmp(data + size - 4, "\r\n\r\n", 4)) return 0;
    if (memcmp(space, " HTTP/1.1\r\n", 11) || !open_token(token, (size_t)(space - token), &link)) return 0;
    set_times();
    u8 *frame = batch + batch_size, *line = frame + 20, *to = PUT(line, "{\"type\":\"click\",\"id\":\"");
    to += sprintf((char *)to, "%016llx", (unsigned long long)count++);
    to = put(PUT(to, "\",\"at\":\""), event_time, 24);
    to = put(PUT(to, "\",\"campaign\":\""), link.campaign.text, link.campaign.size);
    to = put(PUT(to, "\",\"message_id\":\""), link.message_id.text, link.message_id.size);
    to = put(PUT(to, "\",\"recipient\":\""), link.recipient.text, link.recipient.size);
    to += sprintf((char *)to, "\",\"link\":%u,\"url\":\"", link.position);
    to = put(to, link.destination.text, link.destination.size);
    to = put_headers(PUT(to, "\",\"ip\":\"127.0.0.1\""), space + 11, data + size - 2);
    if (!to) return 0;
    *to++ = '}';
    uint32_t length = (uint32_t)(to - line), header_crc = (uint32_t)crc32(segment_crc, (u8 *)&length, 4);
    uint32_t crc = (uint32_t)crc32(header_crc, line, length);
    memcpy(frame, segment_id, 8), memcpy(frame + 8, &length, 4), memcpy(frame + 12, &header_crc, 4), memcpy(frame + 16, &crc, 4);
    batch_size += 20 + length;
    u8 *end = put(PUT(response, REDIRECT), link.destination.text, link.destination.size);
    return (size_t)(put(end, date, strlen(date)) - response);
}

/* ---- journal ---- */

static int segment;
static off_t segment_end, preallocated_end;

static void commit(void) {
    static const u8 zeros[PREALLOCATED];
    for (; preallocated_end < segment_end + (off_t)batch_size; preallocated_end += PREALLOCATED)
        if (pwrite(segment, zeros, PREALLOCATED, preallocated_end) != PREALLOCATED) fail("preallocate");
    if (pwrite(segment, batch, batch_size, segment_end) != (ssize_t)batch_size) fail("write");
    if (fdatasync(segment)) fail("sync");
    segment_end += (off_t)batch_size;
    batch_size = 0;
}

static void create_segment(const char *path) { /* its name is NUMBER-ID.segment */
    const char *id = strrchr(path, '-') + 1;
    for (int i = 0; i < 8; i++) sscanf(id + 2 * i, "%2hhx", &segment_id[i]);
    segment_crc = (uint32_t)crc32(0, segment_id, 8);
    if ((segment = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600)) < 0) fail(path);
    batch_size = (size_t)sprintf((char *)batch, "clicktrail journal 2 %.16s\n", id);
    commit();
}

/* ---- the loop ---- */

typedef struct { int socket; size_t size; u8 text[MAX_PAYLOAD]; } response_t;

int main(int argc, char **argv) {
    static u8 dictionary[1 << 16], key[32], data[MAX_REQUEST];
    if (argc != 6) return 2;
    for (int i = 0; i < 32; i++) sscanf(argv[3] + 2 * i, "%2hhx", &key[i]);
    set_key(key);
    last_character = (u8)argv[4][0];
    memset(base64_values, -1, sizeof base64_values);
    const char *digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int i = 0; i < 64; i++) base64_values[(u8)digits[i]] = (signed char)i;
    FILE *file = fopen(argv[5], "rb");
    if (!file) fail(argv[5]);
    zstd_dictionary = ZSTD_createDDict(dictionary, fread(dictionary, 1, sizeof dictionary, file));
    zstd_context = ZSTD_createDCtx();
    batch = malloc((size_t)MAX_BATCH * (2 * MAX_REQUEST + MAX_PAYLOAD));
    response_t *responses = malloc(MAX_BATCH * sizeof *responses);
    create_segment(argv[2]);

    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), loop = epoll_create1(0), one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 2048)) fail("listen");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[MAX_EVENTS];
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
    for (int waiting = 0, previous = 0;;) {
        int ready = epoll_wait(loop, events, MAX_EVENTS, waiting ? 0 : -1);
        for (int i = 0; i < ready; i++) {
            int client = events[i].data.fd;
            if (client == listener) {
                while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    event.data.fd = client;
                    epoll_ctl(loop, EPOLL_CTL_ADD, client, &event);
                }
                continue;
            }
            ssize_t size = recv(client, data, sizeof data, 0);
            if (size < 0 && errno == EAGAIN) continue;
            response_t *response = &responses[waiting];
            response->socket = client;
            response->size = size > 0 ? answer(data, (size_t)size, response->text) : 0;
            if (response->size) waiting++;
            else close(client);
        }
        /* As the edge: commit once an iteration of the loop has added no click. */
        int is_growing = waiting > previous && waiting <= MAX_BATCH - MAX_EVENTS;
        previous = waiting;
        if (!waiting || is_growing) continue;
        commit();
        for (int i = 0; i < waiting; i++) send(responses[i].socket, responses[i].text, responses[i].size, MSG_NOSIGNAL);
        waiting = previous = 0;
    }
}

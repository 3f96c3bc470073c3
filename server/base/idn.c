/* U-labels become A-labels, by libidn2. */
#include "edge_idn.h"

#include <idn2.h>

bool edge_idn_is_ascii(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] > 127)
            return false;
    return true;
}

static bool copy(edge_span_t text, char out[EDGE_IDN_SIZE]) {
    if (text.len >= EDGE_IDN_SIZE)
        return false;
    if (text.len > 0)
        memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return true;
}

bool edge_idn_plain(edge_span_t text, char out[EDGE_IDN_SIZE]) {
    char wide[EDGE_IDN_SIZE * 4], *plain = NULL;
    if (text.len > 0 && memchr(text.at, '\0', text.len))
        return false;
    if (edge_idn_is_ascii(text))
        return copy(text, out);
    if (text.len >= sizeof(wide))
        return false;
    memcpy(wide, text.at, text.len);
    wide[text.len] = '\0';
    int status = idn2_lookup_u8((const uint8_t *)wide, (uint8_t **)&plain, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    bool good = status == IDN2_OK && copy(edge_span_of(plain), out);
    idn2_free(plain);
    return good;
}

/* OCSP responses that are sent along with a certificate (RFC 6066 8), kept in files by whoever fetches them. */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <time.h>

static OCSP_BASICRESP *parse(const tls_bytes_t *bytes) {
    const unsigned char *at = (const unsigned char *)bytes->at;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)bytes->len);
    bool good = response && at == (const unsigned char *)bytes->at + bytes->len &&
                OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL;
    OCSP_BASICRESP *basic = good ? OCSP_response_get1_basic(response) : NULL;
    OCSP_RESPONSE_free(response);
    return basic;
}

/* The response speaks of the certificate's serial number; the issuer that the file holds settles the rest. */
static OCSP_SINGLERESP *find(OCSP_BASICRESP *basic, const tls_pair_t *pair) {
    X509 *issuer = sk_X509_num(pair->chain) > 0 ? sk_X509_value(pair->chain, 0) : NULL;
    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
        const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
        ASN1_OBJECT *algorithm = NULL;
        ASN1_INTEGER *serial = NULL;
        OCSP_id_get0_info(NULL, &algorithm, NULL, &serial, (OCSP_CERTID *)(uintptr_t)id);
        if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(pair->leaf)) != 0)
            continue;
        const EVP_MD *method = EVP_get_digestbyobj(algorithm);
        OCSP_CERTID *own = issuer && method ? OCSP_cert_to_id(method, pair->leaf, issuer) : NULL;
        bool same = !own || OCSP_id_cmp(own, id) == 0;
        OCSP_CERTID_free(own);
        if (same)
            return single;
    }
    return NULL;
}

static time_t seconds_of(const ASN1_GENERALIZEDTIME *when) {
    struct tm parts;
    return when && ASN1_TIME_to_tm(when, &parts) ? timegm(&parts) : 0;
}

static void warn(OCSP_SINGLERESP *single, const tls_pair_t *pair, const tls_file_t *file, const tls_report_t *report) {
    if (OCSP_single_get0_status(single, NULL, NULL, NULL, NULL) != V_OCSP_CERTSTATUS_GOOD)
        tls_report_warn(report, file, "EDG20804", "%s says that the certificate %s is not good: clients will refuse it",
                        file->path.at, pair->certificate_file->path.at);
    else if (pair->staple_until != 0 && pair->staple_until <= time(NULL))
        tls_report_warn(report, file, "EDG20804", "%s is out of date and is not sent until it is renewed",
                        file->path.at);
}

static bool attach(tls_set_t *set, OCSP_BASICRESP *basic, const tls_bytes_t *bytes, const tls_file_t *file,
                   const tls_report_t *report) {
    bool some = false;
    for (unsigned i = 0; i < set->pair_count; i++) {
        tls_pair_t *pair = &set->pairs[i];
        OCSP_SINGLERESP *single = find(basic, pair);
        ASN1_GENERALIZEDTIME *next = NULL;
        if (!single)
            continue;
        OCSP_single_get0_status(single, NULL, NULL, NULL, &next);
        OPENSSL_free(pair->staple);
        pair->staple = OPENSSL_memdup(bytes->at, bytes->len);
        pair->staple_len = bytes->len;
        pair->staple_until = seconds_of(next);
        warn(single, pair, file, report);
        some = true;
    }
    return some;
}

bool tls_staple_load(tls_set_t *set, const tls_file_t *file, edge_file_stamp_t *stamp, tls_report_t *report) {
    tls_bytes_t bytes;
    const char *why;
    if (!tls_file_read(file->path.at, &bytes, &why, report->pool)) {
        tls_report_error(report, file, "EDG10803", "Staple %s cannot be read: %s", file->path.at, why);
        return false;
    }
    *stamp = bytes.stamp;
    OCSP_BASICRESP *basic = parse(&bytes);
    bool fits = basic && attach(set, basic, &bytes, file, report);
    if (!basic)
        tls_report_error(report, file, "EDG10815", "%s holds no successful OCSP response in DER form", file->path.at);
    else if (!fits)
        tls_report_error(report, file, "EDG10816", "the OCSP response %s speaks of none of the certificates here",
                         file->path.at);
    OCSP_BASICRESP_free(basic);
    tls_file_forget(&bytes);
    ERR_clear_error();
    return fits;
}

/* The client has asked; the certificate it gets is settled. One that is out of date would only do harm. */
static int answer(SSL *ssl, void *unused) {
    const tls_set_t *set = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const X509 *own = SSL_get_certificate(ssl);
    (void)unused;
    for (unsigned i = 0; own && i < set->pair_count; i++) {
        const tls_pair_t *pair = &set->pairs[i];
        if (pair->leaf != own || !pair->staple || (pair->staple_until != 0 && pair->staple_until <= time(NULL)))
            continue;
        unsigned char *copy = OPENSSL_memdup(pair->staple, pair->staple_len);
        if (!copy || SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)pair->staple_len) != 1) {
            OPENSSL_free(copy);
            return SSL_TLSEXT_ERR_NOACK;
        }
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

void tls_staple_apply(SSL_CTX *openssl) { SSL_CTX_set_tlsext_status_cb(openssl, answer); }

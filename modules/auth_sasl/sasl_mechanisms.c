/* The table of mechanisms. The order is that of the AUTH keyword: the strongest first. */
#include "auth_sasl.h"

const sasl_mechanism_t *const sasl_mechanisms[] = {
    &sasl_scram_sha_256_plus, &sasl_scram_sha_256, &sasl_external, &sasl_cram_md5, &sasl_plain, &sasl_login, NULL,
};

/* Why a message could not be delivered, in words for people: one sentence or two for each status of RFC 3463 and its
 * registry that a reader can do something about. */
#include "proto/dsn_priv.h"

typedef struct row {
    const char *detail; /* behind the class */
    const char *words;
} row_t;

static const row_t rows[] = {
    {"1.1", "There is no such mailbox. Please check how the address is spelled, in front of the @ above all."},
    {"1.2", "The part behind the @ takes no mail or does not exist. Please check how it is spelled."},
    {"1.3", "This is not written as an address is. Please check it."},
    {"1.4", "The address could mean more than one mailbox."},
    {"1.6", "The mailbox has moved, and left no new address."},
    {"1.7", "Your own address was not accepted as it is written."},
    {"1.8", "The part behind the @ of your own address was not found, or takes no mail."},
    {"1.10", "The part behind the @ says of itself that it takes no mail at all."},
    {"2.1", "The mailbox is switched off and takes no messages."},
    {"2.2", "The mailbox is full. Its owner has to make room; please try again later, or another way."},
    {"2.3", "The message is larger than this mailbox takes. Please send less at once, or a link."},
    {"2.4", "The list behind this address could not be expanded."},
    {"3.1", "The server there has no room for mail at present."},
    {"3.2", "The server there takes no mail at present."},
    {"3.3", "The server there lacks something that this message needs."},
    {"3.4", "The message is larger than the server there takes. Please send less at once, or a link."},
    {"4.1", "The server there did not answer."},
    {"4.2", "The connection to the server there broke off again and again."},
    {"4.3", "It could not be found out where mail for this address goes: the name servers gave no answer."},
    {"4.4", "No way to a server for this address was found."},
    {"4.5", "The server there is too busy."},
    {"4.6", "The message went in a circle: servers handed it on to each other and none of them keeps this mailbox."},
    {"4.7", "The time in which it could be delivered is over."},
    {"5.3", "The message has more recipients than the server there takes at once."},
    {"6.1", "The server there does not take what this message consists of."},
    {"6.3", "The message would have to be converted, and cannot be."},
    {"6.7", "The server there does not take addresses with characters beyond ASCII."},
    {"6.9", "The server there does not take headers with characters beyond ASCII."},
    {"7.0", "The server there did not accept the message for reasons of security or policy."},
    {"7.1", "The server there did not accept the message: it does not want it from you, or not for this mailbox."},
    {"7.2", "You may not write to this list."},
    {"7.4", "The message asks for a kind of security that the server there does not have."},
    {"7.10", "The message has to be sent encrypted, and the server there cannot do that."},
    {"7.13", "The account behind this address is switched off."},
    {"7.20", "The server there found no signature that it accepts (DKIM)."},
    {"7.21", "The server there found no signature that it accepts (DKIM)."},
    {"7.22", "The server there found no signature that fits your address (DKIM)."},
    {"7.23", "Your domain does not let this server send for it (SPF)."},
    {"7.24", "The settings of your domain for who may send for it could not be read (SPF)."},
    {"7.25", "The server there does not accept mail from a server whose address has no fitting name (reverse DNS)."},
    {"7.26", "Several checks of where the message comes from failed."},
    {"7.27", "The server there found that your own address takes no mail."},
    {"7.28", "The server there took this for too many messages at once."},
    {"7.30", "The message asks for encryption on its whole way (REQUIRETLS), and that could not be had."},
};

const char *edge_dsn_words_for(const char *status) {
    for (size_t i = 0; i < EDGE_COUNT(rows); i++) {
        if (strcmp(rows[i].detail, status + 2) == 0) {
            return rows[i].words;
        }
    }
    return status[0] == '4' ? "The server there could not take the message at present."
                            : "The server there did not accept the message.";
}

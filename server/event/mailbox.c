/* Mailboxes: a lock-free stack of letters, emptied in one exchange. */
#include "event/mailbox_priv.h"

/* Sender and owner each write one word and read the other's (letter, asleep), so both pairs are sequentially
 * consistent: either the owner sees the letter before it sleeps, or the sender sees that it sleeps. */
bool edge_mailbox_put(edge_mailbox_t *mailbox, edge_letter_t *letter) {
    edge_letter_t *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do {
        letter->next = newest;
    } while (!atomic_compare_exchange_weak(&mailbox->newest, &newest, letter));
    return atomic_load(&mailbox->asleep) && atomic_exchange(&mailbox->asleep, false);
}

bool edge_mailbox_sleep(edge_mailbox_t *mailbox) {
    atomic_store(&mailbox->asleep, true);
    if (atomic_load(&mailbox->newest) != NULL) {
        atomic_store(&mailbox->asleep, false);
        return false;
    }
    return true;
}

void edge_mailbox_wake(edge_mailbox_t *mailbox) {
    atomic_store_explicit(&mailbox->asleep, false, memory_order_relaxed);
}

static edge_letter_t *turn_round(edge_letter_t *newest) {
    edge_letter_t *oldest = NULL;
    while (newest != NULL) {
        edge_letter_t *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

unsigned edge_mailbox_drain(edge_mailbox_t *mailbox, edge_worker_t *worker) {
    unsigned count = 0;
    if (atomic_load_explicit(&mailbox->newest, memory_order_relaxed) == NULL) {
        return 0;
    }
    edge_letter_t *letter = turn_round(atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire));
    while (letter != NULL) {
        edge_letter_t *next = letter->next; /* the letter is its owner's again as soon as it is delivered */
        letter->deliver(letter, worker);
        letter = next;
        count++;
    }
    return count;
}

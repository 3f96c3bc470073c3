/* Surveys a message and converts it while it is sent. */
#include "relay_convert.h"

#include <apr_pools.h>

/* What is done in one go before others of this worker have their turn. */
#define TURN_BYTES ((size_t)262144)

#define CONTENT (EDGE_CARRIES_8BITMIME | EDGE_CARRIES_BINARYMIME)

/* What it really needs */

static bool is_ascii(edge_span_t text) {
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] > 0x7f)
            return false;
    return true;
}

static bool has_ascii_parameters(const edge_parameters_t *parameters) {
    for (unsigned i = 0; i < parameters->count; i++)
        if (!is_ascii(parameters->list[i].value))
            return false;
    return true;
}

static bool has_ascii_envelope(const edge_delivery_t *delivery) {
    const edge_envelope_t *envelope = delivery->envelope;
    bool ascii = is_ascii(envelope->sender) && has_ascii_parameters(&envelope->sender_parameters);
    for (unsigned i = 0; i < delivery->count && ascii; i++) {
        const edge_recipient_t *recipient = &envelope->recipients[delivery->recipients[i]];
        ascii = is_ascii(recipient->address) && has_ascii_parameters(&recipient->parameters);
    }
    return ascii;
}

/* Clients ask for more than they use. */
static uint32_t used(const relay_convert_t *self) {
    const edge_mime_convert_t *mime = &self->mime;
    uint32_t needs = self->needs;
    if (needs & CONTENT)
        needs = (needs & ~CONTENT) | (mime->binary ? needs & CONTENT : mime->eight ? EDGE_CARRIES_8BITMIME : 0);
    if (!mime->header_eight && self->ascii)
        needs &= ~EDGE_CARRIES_SMTPUTF8;
    return needs;
}

static void decide(relay_convert_t *self) {
    const edge_mime_convert_t *mime = &self->mime;
    self->needs = used(self);
    if (!(self->needs & self->lacks & CONTENT))
        return;
    self->why = mime->why;
    self->converts = !self->why;
    if (!self->converts)
        return;
    self->needs &= ~CONTENT;
    if (mime->target == EDGE_MIME_TO_8BIT && mime->eight)
        self->needs |= EDGE_CARRIES_8BITMIME;
}

/* Surveying */

/* Of what is converted the octets that will go are counted in a pass of its own: how a part is encoded is known at its end. */
static relay_survey_t end_pass(relay_convert_t *self) {
    bool counted = self->counting;
    edge_mime_convert_end(&self->mime);
    if (counted)
        self->source.size += self->mime.out.len;
    else
        decide(self);
    if (!edge_source_rewind(self->from))
        return RELAY_SURVEY_BROKEN;
    self->counting = self->converts && !counted;
    if (self->converts)
        edge_mime_convert_again(&self->mime);
    if (!counted)
        self->source.size = self->converts ? 0 : self->from->size;
    return self->counting ? RELAY_SURVEY_MORE : RELAY_SURVEY_OVER;
}

relay_survey_t relay_convert_survey(relay_convert_t *self) {
    edge_span_t bytes;
    for (size_t done = 0; done < TURN_BYTES;) {
        switch (edge_source_look(self->from, &bytes)) {
        case EDGE_SOURCE_WAIT: return RELAY_SURVEY_WAIT;
        case EDGE_SOURCE_BROKEN: return RELAY_SURVEY_BROKEN;
        case EDGE_SOURCE_END: return end_pass(self);
        case EDGE_SOURCE_BYTES: break;
        }
        size_t eaten = edge_mime_convert_feed(&self->mime, bytes);
        edge_source_eat(self->from, eaten);
        if (self->counting)
            self->source.size += self->mime.out.len;
        done += eaten;
    }
    return RELAY_SURVEY_MORE;
}

/* As a source */

static relay_convert_t *of_source(edge_source_t *source) { return EDGE_CONTAINER(source, relay_convert_t, source); }

static void there_are_more(void *owner) {
    relay_convert_t *self = owner;
    self->source.ready(self->source.owner);
}

static edge_source_state_t look_behind(relay_convert_t *self, edge_span_t *bytes) {
    self->from->ready = there_are_more;
    self->from->owner = self;
    return edge_source_look(self->from, bytes);
}

static edge_source_state_t look(edge_source_t *source, edge_span_t *bytes) {
    relay_convert_t *self = of_source(source);
    edge_span_t raw;
    if (!self->converts)
        return look_behind(self, bytes);
    while (self->out.len == 0) {
        edge_source_state_t state = self->ended ? EDGE_SOURCE_END : look_behind(self, &raw);
        if (state != EDGE_SOURCE_BYTES && (state != EDGE_SOURCE_END || self->ended))
            return state;
        self->ended = state == EDGE_SOURCE_END;
        if (self->ended)
            edge_mime_convert_end(&self->mime);
        else
            edge_source_eat(self->from, edge_mime_convert_feed(&self->mime, raw));
        self->out = self->mime.out;
    }
    *bytes = self->out;
    return EDGE_SOURCE_BYTES;
}

static void eat(edge_source_t *source, size_t len) {
    relay_convert_t *self = of_source(source);
    if (self->converts)
        self->out = edge_span_after(self->out, len);
    else
        edge_source_eat(self->from, len);
}

static bool rewind_source(edge_source_t *source) {
    relay_convert_t *self = of_source(source);
    self->ended = false;
    self->out = EDGE_NO_SPAN;
    if (self->converts)
        edge_mime_convert_again(&self->mime);
    return edge_source_rewind(self->from);
}

static const edge_source_kind_t kind = {.look = look, .eat = eat, .rewind = rewind_source};

/* One of ours: nobody would be told that it could not be sent. */
static bool is_notice(const edge_envelope_t *envelope) {
    return envelope->sender.len == 0 && edge_span_equal(envelope->client.protocol, edge_span_of("DSN"));
}

relay_convert_t *relay_convert_make(const edge_delivery_t *delivery, uint32_t lacks) {
    relay_convert_t *self = apr_pcalloc(delivery->pool, sizeof(*self));
    self->needs = delivery->envelope->needs;
    self->lacks = lacks;
    self->from = delivery->source;
    self->ascii = has_ascii_envelope(delivery);
    self->source.kind = &kind;
    edge_mime_convert_begin(&self->mime, lacks & EDGE_CARRIES_8BITMIME ? EDGE_MIME_TO_7BIT : EDGE_MIME_TO_8BIT,
                            is_notice(delivery->envelope));
    return self;
}

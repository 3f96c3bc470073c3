/* Histograms made of counters. */
#include "edge_histogram.h"

#include <stdio.h>

#define LABELS_MOST 640

typedef struct bound {
    int64_t most;
    const char *text;
} bound_t;

/* Behind the last bound everything else. */
#define REST \
    { INT64_MAX, "+Inf" }
static const bound_t operation[] = {{500, "0.0005"},  {1000, "0.001"},
                                    {2500, "0.0025"}, {5000, "0.005"},
                                    {10000, "0.01"},  {25000, "0.025"},
                                    {50000, "0.05"},  {100000, "0.1"},
                                    {250000, "0.25"}, {500000, "0.5"},
                                    {1000000, "1"},   {2500000, "2.5"},
                                    {10000000, "10"}, REST};
static const bound_t session[] = {{100000, "0.1"},      {500000, "0.5"},
                                  {1000000, "1"},       {2500000, "2.5"},
                                  {5000000, "5"},       {10000000, "10"},
                                  {30000000, "30"},     {60000000, "60"},
                                  {120000000, "120"},   {300000000, "300"},
                                  {600000000, "600"},   {1800000000, "1800"},
                                  {3600000000, "3600"}, REST};
static const bound_t size[] = {
    {1024, "1024"},       {4096, "4096"},       {16384, "16384"},       {65536, "65536"},       {262144, "262144"},
    {1048576, "1048576"}, {4194304, "4194304"}, {16777216, "16777216"}, {67108864, "67108864"}, REST};
static const bound_t count[] = {{1, "1"},     {2, "2"},     {5, "5"},     {10, "10"},     {20, "20"}, {50, "50"},
                                {100, "100"}, {200, "200"}, {500, "500"}, {1000, "1000"}, REST};

static const struct {
    const bound_t *bounds;
    unsigned count;
    edge_counter_kind_t sum;
} sets[] = {
    [EDGE_BOUNDS_OPERATION] = {operation, EDGE_COUNT(operation), EDGE_COUNTER_TIME},
    [EDGE_BOUNDS_SESSION] = {session, EDGE_COUNT(session), EDGE_COUNTER_TIME},
    [EDGE_BOUNDS_SIZE] = {size, EDGE_COUNT(size), EDGE_COUNTER_SUM},
    [EDGE_BOUNDS_COUNT] = {count, EDGE_COUNT(count), EDGE_COUNTER_SUM},
};

apr_status_t edge_histogram_make(edge_histogram_t *histogram, const char *module, const edge_histogram_row_t *row,
                                 const char *labels) {
    char sum_name[128], bucket_name[128], texts[EDGE_HISTOGRAM_BUCKETS][LABELS_MOST];
    const char *series[EDGE_HISTOGRAM_BUCKETS];
    unsigned slot;
    snprintf(sum_name, sizeof(sum_name), "%s_sum", row->name);
    snprintf(bucket_name, sizeof(bucket_name), "%s_bucket", row->name);
    edge_counter_row_t sum = {sum_name, sets[row->bounds].sum, row->prose};
    edge_counter_row_t bucket = {bucket_name, EDGE_COUNTER_BUCKET, row->prose};
    *histogram = (edge_histogram_t){.bounds = row->bounds};
    apr_status_t status = edge_counter_register_labelled(module, &sum, labels, &slot);
    if (status != APR_SUCCESS)
        return status;
    histogram->sum = slot + 1;
    for (unsigned i = 0; i < sets[row->bounds].count; i++) {
        snprintf(texts[i], LABELS_MOST, "%s%sle=\"%s\"", labels, labels[0] ? "," : "",
                 sets[row->bounds].bounds[i].text);
        series[i] = texts[i];
    }
    status = edge_counter_register_series(module, &bucket, series, sets[row->bounds].count, &slot);
    histogram->bucket = status == APR_SUCCESS ? slot + 1 : 0;
    return status;
}

void edge_histogram_observe(const edge_histogram_t *histogram, int64_t value) {
    unsigned at = 0;
    if (histogram->bucket == 0)
        return;
    while (value > sets[histogram->bounds].bounds[at].most)
        at++;
    edge_counter_add(histogram->sum - 1, value);
    edge_counter_add(histogram->bucket - 1 + at, 1);
}

bool edge_histogram_bucket_at(const edge_histogram_t *histogram, unsigned index, edge_histogram_bucket_t *bucket) {
    if (histogram->bucket == 0 || index >= sets[histogram->bounds].count)
        return false;
    int64_t most = sets[histogram->bounds].bounds[index].most;
    *bucket = (edge_histogram_bucket_t){.most = most == INT64_MAX ? -1 : most,
                                        .count = edge_counter_sum(histogram->bucket - 1 + index)};
    return true;
}

int64_t edge_histogram_sum(const edge_histogram_t *histogram) {
    return histogram->sum ? edge_counter_sum(histogram->sum - 1) : 0;
}

uint64_t edge_histogram_observed(const edge_histogram_t *histogram) {
    uint64_t sum = 0;
    for (unsigned i = 0; histogram->bucket && i < sets[histogram->bounds].count; i++)
        sum += (uint64_t)edge_counter_sum(histogram->bucket - 1 + i);
    return sum;
}

int64_t edge_histogram_quantile(const edge_histogram_t *histogram, double part) {
    uint64_t all = edge_histogram_observed(histogram), sum = 0;
    for (unsigned i = 0; all > 0 && i < sets[histogram->bounds].count; i++) {
        sum += (uint64_t)edge_counter_sum(histogram->bucket - 1 + i);
        if ((double)sum >= part * (double)all)
            return sets[histogram->bounds].bounds[i].most == INT64_MAX ? -1 : sets[histogram->bounds].bounds[i].most;
    }
    return -1;
}

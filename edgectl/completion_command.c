/* completion SHELL: prints the script that lets a shell complete edgectl's command lines; complete: what the script asks. */
#include <apr_strings.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command_line.h"
#include "commands.h"
#include "completion.h"
#include "completion_names.h"

#define PATIENCE 1 /* seconds, when EDGECTL_PATIENCE does not say: who waits longer for a completion types on */
#define PATIENCE_MOST 60
#define LINE_MOST 65536 /* octets of a command line */

/* Words are passed one a line, the unfinished one last: so no shell's quoting and none of edgectl's flags is in the way. A shell that
 * breaks words at ":" and "=" (bash) is given back what is behind the last of them. */
static const char bash_script[] =
    "_edgectl() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} word prefix words\n"
    "    read -r -a words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=('')\n"
    "    word=${words[${#words[@]}-1]}\n"
    "    prefix=${word%\"${word##*[:=]}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r word _; do\n"
    "        COMPREPLY+=(\"${word#\"$prefix\"}\")\n"
    "    done < <(printf '%s\\n' \"${words[@]:1}\" | \"${words[0]}\" complete 2>/dev/null)\n"
    "}\n"
    "complete -o default -F _edgectl edgectl\n";

static const char zsh_script[] =
    "#compdef edgectl\n"
    "_edgectl() {\n"
    "    local -a found\n"
    "    local word prose\n"
    "    while IFS=$'\\t' read -r word prose; do\n"
    "        found+=(\"${word//:/\\\\:}${prose:+:$prose}\")\n"
    "    done < <(printf '%s\\n' \"${(@)words[2,CURRENT]}\" | \"${words[1]}\" complete 2>/dev/null)\n"
    "    if (( ${#found} )); then _describe -V edgectl found; else _files; fi\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _edgectl ]; then _edgectl; else compdef _edgectl edgectl; fi\n";

static const char fish_script[] = "function __edgectl_complete\n"
                                  "    set -l words (commandline -opc)\n"
                                  "    begin\n"
                                  "        for word in $words[2..-1]\n"
                                  "            echo -- $word\n"
                                  "        end\n"
                                  "        echo -- (commandline -ct)\n"
                                  "    end | $words[1] complete 2>/dev/null\n"
                                  "end\n"
                                  "complete -c edgectl -f -a '(__edgectl_complete)'\n"
                                  "complete -c edgectl -n 'not __edgectl_complete | string length -q' -F\n";

static const struct {
    const char *shell, *script;
} scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

ctl_exit_t ctl_completion(ctl_t *ctl) {
    for (unsigned i = 0; i < EDGE_COUNT(scripts); i++) {
        if (strcmp(scripts[i].shell, ctl->arguments[0]) == 0) {
            fputs(scripts[i].script, stdout);
            return CTL_OK;
        }
    }
    ctl_say("there is a script for bash, zsh and fish, not for \"%s\"", ctl->arguments[0]);
    return CTL_USAGE;
}

static unsigned patience(void) {
    const char *given = getenv("EDGECTL_PATIENCE");
    uint64_t seconds;
    return given != NULL && edge_span_number(edge_span_of(given), &seconds) && seconds > 0 && seconds <= PATIENCE_MOST
               ? (unsigned)seconds
               : PATIENCE;
}

static void give_up(int signal_number) {
    (void)signal_number;
    _exit(CTL_UNREACHABLE);
}

/* The words of standard input, the unfinished one ("" at least) apart; NULL: none, or too many. */
static const char *read_words(apr_array_header_t *argv, apr_pool_t *pool) {
    char *line = apr_palloc(pool, LINE_MOST), *end;
    size_t len = fread(line, 1, LINE_MOST - 1, stdin);
    line[len] = '\0';
    while ((end = strchr(line, '\n')) != NULL && end[1] != '\0') {
        *end = '\0';
        APR_ARRAY_PUSH(argv, const char *) = line;
        line = end + 1;
    }
    if (end != NULL)
        *end = '\0';
    return len + 1 < LINE_MOST ? line : NULL;
}

/* What asks for help, or is another program's (send), has no rows. */
static bool is_foreign(const apr_array_header_t *argv) {
    for (int i = 1; i < argv->nelts; i++) {
        const char *word = APR_ARRAY_IDX(argv, i, const char *);
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "send") == 0)
            return true;
    }
    return false;
}

static void offer_options(apr_array_header_t *candidates, const char *last) {
    static const ctl_candidate_t options[] = {
        {"-f", "the configuration"},         {"-d", "ServerRoot"},
        {"-D", "a name that is defined"},    {"-o", "table, json or jsonl"},
        {"--url", "a server elsewhere"},     {"--token-file", "the token for it"},
        {"--ca-file", "who vouches for it"}, {"--once", "a key: changes are made once"},
    };
    for (unsigned i = 0; i < EDGE_COUNT(options); i++)
        ctl_completion_offer(candidates, last, options[i].word, options[i].prose);
}

static void find(ctl_t *ctl, apr_array_header_t *argv, const char *last, apr_array_header_t *candidates) {
    ctl_line_t line = {.argc = argv->nelts, .argv = (const char *const *)argv->elts};
    ctl_completion_place_t place;
    line.words = apr_array_make(ctl->pool, 8, sizeof(const char *));
    if (is_foreign(argv) || !ctl_line_take_options(ctl, &line) || !ctl_line_settle(ctl))
        return;
    if (line.words->nelts == 0 && last[0] == '-')
        offer_options(candidates, last);
    else if (ctl_completion_find(ctl, line.words, last, candidates, &place))
        ctl_completion_names(ctl, &place, last, candidates);
}

ctl_exit_t ctl_complete(ctl_t *ctl) {
    apr_array_header_t *argv = apr_array_make(ctl->pool, 16, sizeof(const char *));
    apr_array_header_t *candidates = apr_array_make(ctl->pool, 16, sizeof(ctl_candidate_t));
    APR_ARRAY_PUSH(argv, const char *) = "edgectl";
    signal(SIGALRM, give_up);
    alarm(patience());
    const char *last = read_words(argv, ctl->pool);
    if (last != NULL)
        find(ctl, argv, last, candidates);
    alarm(0);
    for (int i = 0; i < candidates->nelts; i++) {
        const ctl_candidate_t *candidate = &APR_ARRAY_IDX(candidates, i, ctl_candidate_t);
        printf("%s\t%s\n", candidate->word, candidate->prose);
    }
    return CTL_OK;
}

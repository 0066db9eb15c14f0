/* Refuses UPDATE and DELETE without WHERE, as pg-safeupdate does. */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"

PG_MODULE_MAGIC;

void _PG_init(void);

static post_parse_analyze_hook_type next_hook = NULL;

static void
guard(ParseState *pstate, Query *query, JumbleState *jstate)
{
	if (next_hook)
		next_hook(pstate, query, jstate);
	if ((query->commandType == CMD_UPDATE || query->commandType == CMD_DELETE) && query->jointree->quals == NULL)
		ereport(ERROR, (errcode(ERRCODE_CARDINALITY_VIOLATION), errmsg("the guard wants a WHERE clause")));
}

void
_PG_init(void)
{
	next_hook = post_parse_analyze_hook;
	post_parse_analyze_hook = guard;
}

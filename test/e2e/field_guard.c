/* Refuses UPDATE and DELETE without WHERE, as pg-safeupdate does; and lets security labels be set. */
#include "postgres.h"

#include "commands/seclabel.h"
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

static void
accept_any(const ObjectAddress *object, const char *label)
{
}

void
_PG_init(void)
{
	register_label_provider("field", accept_any);
	next_hook = post_parse_analyze_hook;
	post_parse_analyze_hook = guard;
}

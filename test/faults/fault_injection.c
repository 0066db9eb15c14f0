/*
 * Faults that a server does not have when a test wants them: the n-th query fails or is cancelled, the
 * n-th allocation finds no memory. Loaded into a test's own server only, with LD_PRELOAD, so that its
 * malloc is the one that palloc and operator new call.
 */
#define _GNU_SOURCE
#include <postgres.h>

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <executor/executor.h>
#include <fmgr.h>
#include <miscadmin.h>
#include <tcop/utility.h>
#include <utils/builtins.h>

PG_MODULE_MAGIC;

enum Kind
{
	NONE = 0,
	QUERY_FAILS = 1,
	QUERY_IS_CANCELLED = 2,
	ALLOCATION_FAILS = 3
};

static volatile int armed = NONE;
static int countdown = 0;
static bool fired = false;
static bool hooked = false;
static ExecutorStart_hook_type next_executor_start = NULL;
static ProcessUtility_hook_type next_process_utility = NULL;

static bool
is_due(int kind)
{
	if (armed != kind || --countdown > 0)
		return false;
	armed = NONE;
	fired = true;
	return true;
}

#ifndef WITHOUT_ALLOCATIONS
/*
 * The blocks from which palloc gives, all of 1 kB and more, and C++'s operator new. Not what guc.c
 * asks of malloc, small strings: without those a backend ends itself, by PostgreSQL's own decision.
 * Nor what libc takes for itself, as for a look-up of a host name: its caller is told "not found".
 */
static bool
is_ours(size_t size, void *caller)
{
	Dl_info info;

	if (dladdr(caller, &info) == 0)
		return false;
	return strstr(info.dli_fname, "libstdc++") != NULL ||
		   (size >= 1024 && strstr(info.dli_fname, "postgres") != NULL);
}

extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *old, size_t size);

__attribute__((visibility("default"))) void *
malloc(size_t size)
{
	if (armed == ALLOCATION_FAILS && is_ours(size, __builtin_return_address(0)) && is_due(ALLOCATION_FAILS))
	{
		errno = ENOMEM;
		return NULL;
	}
	return __libc_malloc(size);
}

__attribute__((visibility("default"))) void *
realloc(void *old, size_t size)
{
	if (armed == ALLOCATION_FAILS && is_ours(size, __builtin_return_address(0)) && is_due(ALLOCATION_FAILS))
	{
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(old, size);
}
#endif

static void
at_query(void)
{
	if (is_due(QUERY_FAILS))
		ereport(ERROR, (errcode(MAKE_SQLSTATE('F', 'I', '0', '0', '1')), errmsg("injected fault"),
						errhint("Injected hint.")));
	if (is_due(QUERY_IS_CANCELLED))
		kill(MyProcPid, SIGINT);
}

static void
executor_start(QueryDesc *query, int flags)
{
	at_query();
	if (next_executor_start)
		next_executor_start(query, flags);
	else
		standard_ExecutorStart(query, flags);
}

static void
process_utility(PlannedStmt *statement, const char *text, bool read_only, ProcessUtilityContext context,
				ParamListInfo params, QueryEnvironment *environment, DestReceiver *receiver, QueryCompletion *completion)
{
	at_query();
	if (next_process_utility)
		next_process_utility(statement, text, read_only, context, params, environment, receiver, completion);
	else
		standard_ProcessUtility(statement, text, read_only, context, params, environment, receiver, completion);
}

PGDLLEXPORT Datum fault_arm(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fault_disarm(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum fault_memory_in_use(PG_FUNCTION_ARGS);

/* The hooks are set at the first call: when LD_PRELOAD runs, the server has not begun. */
PG_FUNCTION_INFO_V1(fault_arm);
Datum
fault_arm(PG_FUNCTION_ARGS)
{
	if (!hooked)
	{
		next_executor_start = ExecutorStart_hook;
		ExecutorStart_hook = executor_start;
		next_process_utility = ProcessUtility_hook;
		ProcessUtility_hook = process_utility;
		hooked = true;
	}
	fired = false;
	countdown = PG_GETARG_INT32(1);
	armed = PG_GETARG_INT32(0);
	PG_RETURN_VOID();
}

/* Says whether the fault has happened. */
PG_FUNCTION_INFO_V1(fault_disarm);
Datum
fault_disarm(PG_FUNCTION_ARGS)
{
	armed = NONE;
	PG_RETURN_BOOL(fired);
}

/* Bytes that malloc has given out and not got back: palloc's blocks and C++'s objects. */
PG_FUNCTION_INFO_V1(fault_memory_in_use);
Datum
fault_memory_in_use(PG_FUNCTION_ARGS)
{
	struct mallinfo2 info = mallinfo2();

	PG_RETURN_INT64((int64) (info.uordblks + info.hblkhd));
}

/* Two background workers as preloaded libraries have them: one that only holds a connection, and one that writes. */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

PG_MODULE_MAGIC;

void _PG_init(void);
PGDLLEXPORT void field_worker_main(Datum writes);

void
field_worker_main(Datum writes)
{
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection("postgres", NULL, 0);
	for (;;)
	{
		if (DatumGetBool(writes))
		{
			StartTransactionCommand();
			SPI_connect();
			PushActiveSnapshot(GetTransactionSnapshot());
			SPI_execute("INSERT INTO public.field_beats DEFAULT VALUES", false, 0);
			SPI_finish();
			PopActiveSnapshot();
			CommitTransactionCommand();
		}
		WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 100, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

void
_PG_init(void)
{
	BackgroundWorker worker;

	if (!process_shared_preload_libraries_in_progress)
		return;
	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 1;
	snprintf(worker.bgw_library_name, BGW_MAXLEN, "field_worker");
	snprintf(worker.bgw_function_name, BGW_MAXLEN, "field_worker_main");
	for (int writes = 0; writes < 2; writes++)
	{
		snprintf(worker.bgw_name, BGW_MAXLEN, "field worker that %s", writes ? "writes" : "waits");
		worker.bgw_main_arg = BoolGetDatum(writes);
		RegisterBackgroundWorker(&worker);
	}
}

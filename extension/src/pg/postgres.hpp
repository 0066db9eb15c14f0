#pragma once

// The only way in for PostgreSQL's headers; included by sources and headers of src/pg alone.
extern "C" {
// before every other header of PostgreSQL, as these demand
// clang-format off
#include <postgres.h>
// clang-format on

#include <catalog/pg_type_d.h>
#include <executor/spi.h>
#include <fmgr.h>
#include <funcapi.h>
#include <mb/pg_wchar.h>
#include <miscadmin.h>
#include <storage/lock.h>
#include <utils/builtins.h>
#include <utils/lsyscache.h>
#include <utils/memutils.h>
#include <utils/tuplestore.h>
}

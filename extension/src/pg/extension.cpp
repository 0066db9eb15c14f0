#include "src/pg/extension.hpp"

#include "src/pg/guard.hpp"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <catalog/pg_extension.h>
#include <utils/fmgroids.h>
#include <utils/rel.h>
}

namespace pgaf::pg {

// Read from the catalog and not by SPI, since every call of every function asks: pg_extension has no
// cache, but an index.
std::string installed_version() {
    const char *const version = call([]() -> const char * {
        Relation const extensions = table_open(ExtensionRelationId, AccessShareLock);
        ScanKeyData key = {};
        ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("pgaf_upgrade"));
        SysScanDesc const scan = systable_beginscan(extensions, ExtensionNameIndexId, true, nullptr, 1, &key);
        HeapTuple const row = systable_getnext(scan);
        const char *found = "";
        if (HeapTupleIsValid(row)) {
            bool is_null = false;
            Datum const value = heap_getattr(row, Anum_pg_extension_extversion, RelationGetDescr(extensions), &is_null);
            found = is_null ? "" : TextDatumGetCString(value);
        }
        systable_endscan(scan);
        table_close(extensions, AccessShareLock);
        return found;
    });
    return version;
}

}  // namespace pgaf::pg

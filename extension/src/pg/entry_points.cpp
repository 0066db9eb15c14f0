#include <array>
#include <cstring>
#include <new>

#include "core/claims.hpp"
#include "core/errors.hpp"
#include "core/version.hpp"
#include "src/functions.hpp"
#include "src/pg/extension.hpp"
#include "src/pg/guard.hpp"

extern "C" {
PG_MODULE_MAGIC;
}

namespace pgaf::pg {

namespace {

// An error on its way from C++ to ereport: copied to the stack, since nothing of C++ may be left
// alive when ereport leaves by longjmp.
struct Report {
    std::array<char, 6> sqlstate;
    std::array<char, 1024> message;
    std::array<char, 1024> detail;
    std::array<char, 1024> hint;
};

// Names that somebody else has given may be in it: what a terminal would obey is seen.
template <std::size_t N>
void copy_to(std::array<char, N> &target, const char *text, bool in_one_line = true) {
    const std::string_view given(text);
    std::size_t length = 0;
    for (std::size_t at = 0; at < given.size();) {
        const auto seen = claims::seen_at(given, at);
        const bool passes = seen.bytes == 0 || (!in_one_line && (given[at] == '\n' || given[at] == '\t'));
        const std::string_view part = passes ? given.substr(at, 1) : std::string_view(seen.text.data());
        if (length + part.size() >= N) {
            break;
        }
        std::memcpy(target.data() + length, part.data(), part.size());
        length += part.size();
        at += passes ? 1 : seen.bytes;
    }
    target[length] = '\0';
}

void fill(Report &report, const char *sqlstate, const char *message, const char *detail = "", const char *hint = "") {
    copy_to(report.sqlstate, sqlstate);
    copy_to(report.message, message);
    copy_to(report.detail, detail, false);
    copy_to(report.hint, hint);
}

// A text cut at the buffer's end may end within a character.
template <std::size_t N>
char *whole_characters(std::array<char, N> &text) {
    const auto length = static_cast<int>(std::strlen(text.data()));
    text[static_cast<std::size_t>(pg_mbcliplen(text.data(), length, length))] = '\0';
    return text.data();
}

[[noreturn]] void raise(Report &report) {
    const char *const state = report.sqlstate.data();
    ereport(ERROR, (errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
                    errmsg("%s", whole_characters(report.message)),
                    report.detail[0] != '\0' ? errdetail("%s", whole_characters(report.detail)) : 0,
                    report.hint[0] != '\0' ? errhint("%s", whole_characters(report.hint)) : 0));
    pg_unreachable();
}

struct TextArray {
    int count;
    char **values;
};

Arguments arguments_of(FunctionCallInfo fcinfo) {
    const TextArray given = call([fcinfo] {
        TextArray result = {fcinfo->nargs, static_cast<char **>(palloc0(sizeof(char *) * (fcinfo->nargs + 1)))};
        Oid *types = nullptr;
        int count = 0;
        (void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &count);
        for (int i = 0; i < fcinfo->nargs && i < count; ++i) {
            if (!fcinfo->args[i].isnull) {
                Oid output = InvalidOid;
                bool is_varlena = false;
                getTypeOutputInfo(types[i], &output, &is_varlena);
                result.values[i] = OidOutputFunctionCall(output, fcinfo->args[i].value);
            }
        }
        return result;
    });
    std::vector<Text> values;
    for (int i = 0; i < given.count; ++i) {
        values.push_back(given.values[i] != nullptr ? Text(given.values[i]) : std::nullopt);
    }
    return Arguments(std::move(values));
}

void return_rows(FunctionCallInfo fcinfo, const std::vector<std::vector<Text>> &rows) {
    call([fcinfo] { InitMaterializedSRF(fcinfo, 0); });
    auto *const info = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    for (const auto &row : rows) {
        std::vector<char *> values;
        for (const auto &value : row) {
            values.push_back(value ? const_cast<char *>(value->c_str()) : nullptr);
        }
        if (values.size() != static_cast<std::size_t>(info->setDesc->natts)) {
            throw Error(code::kVersionsDiffer,
                        "the library and the SQL objects of pgaf_upgrade disagree about a result");
        }
        char **const texts = values.data();
        call([info, texts] {
            AttInMetadata *const shape = TupleDescGetAttInMetadata(info->setDesc);
            tuplestore_puttuple(info->setResult, BuildTupleFromCStrings(shape, texts));
        });
    }
}

Datum return_value(FunctionCallInfo fcinfo, const Text &value) {
    const Oid type = call([fcinfo] { return get_func_rettype(fcinfo->flinfo->fn_oid); });
    if (type == VOIDOID) {
        return static_cast<Datum>(0);
    }
    if (!value) {
        fcinfo->isnull = true;
        return static_cast<Datum>(0);
    }
    char *const text = const_cast<char *>(value->c_str());
    return call([type, text] {
        Oid input = InvalidOid;
        Oid parameter = InvalidOid;
        getTypeInputInfo(type, &input, &parameter);
        return OidInputFunctionCall(input, text, parameter, -1);
    });
}

// A session keeps the library that it has loaded, also when another one has been installed since.
void require_same_version() {
    const auto installed = installed_version();
    if (installed == kVersion) {
        return;
    }
    throw Error(
        code::kVersionsDiffer,
        std::string("the library of pgaf_upgrade is of version ") + kVersion + ", its SQL objects are of " + installed,
        is_older(kVersion, installed)
            ? "Connect again; if it stays, install the library of version " + installed + " as well."
            : "Run ALTER EXTENSION pgaf_upgrade UPDATE.");
}

using Function = Outcome (*)(const Arguments &);

Datum run_function(FunctionCallInfo fcinfo, Function function) {
    require_same_version();
    const Arguments arguments = arguments_of(fcinfo);
    call([] {
        if (SPI_connect() != SPI_OK_CONNECT) {
            elog(ERROR, "could not connect to SPI");
        }
    });
    const Outcome outcome = function(arguments);
    // On an error the transaction's end closes SPI; here it is closed before the result is made, so
    // that the result is in the caller's memory.
    call([] { (void) SPI_finish(); });
    if (call([fcinfo] { return get_func_retset(fcinfo->flinfo->fn_oid); })) {
        return_rows(fcinfo, outcome.rows);
        return static_cast<Datum>(0);
    }
    return return_value(fcinfo, outcome.value);
}

// The outer guard: nothing of C++ leaves it, and nothing is allocated or reported inside a handler.
Datum guarded(FunctionCallInfo fcinfo, Function function) {
    ErrorData *reported = nullptr;
    Report report = {};
    try {
        return run_function(fcinfo, function);
    } catch (const PgError &error) {
        reported = error.data();
    } catch (const Error &error) {
        fill(report, error.sqlstate(), error.what(), error.detail().c_str(), error.hint().c_str());
    } catch (const std::bad_alloc &) {
        fill(report, "53200", "out of memory");
    } catch (const std::exception &error) {
        fill(report, code::kInternal, error.what());
    } catch (...) {
        fill(report, code::kInternal, "unknown error in pgaf_upgrade");
    }
    if (reported != nullptr) {
        ReThrowError(reported);
    }
    raise(report);
}

}  // namespace

}  // namespace pgaf::pg

#define PGAF_ENTRY_POINT(name)                                   \
    extern "C" {                                                 \
    PG_FUNCTION_INFO_V1(name);                                   \
    Datum name(PG_FUNCTION_ARGS) {                               \
        return pgaf::pg::guarded(fcinfo, pgaf::functions::name); \
    }                                                            \
    }

PGAF_ENTRY_POINT(pgaf_upgrade_plan)
PGAF_ENTRY_POINT(pgaf_upgrade_start)
PGAF_ENTRY_POINT(pgaf_upgrade_approve)
PGAF_ENTRY_POINT(pgaf_upgrade_release)
PGAF_ENTRY_POINT(pgaf_upgrade_abort)
PGAF_ENTRY_POINT(pgaf_upgrade_retry)
PGAF_ENTRY_POINT(pgaf_upgrade_waive_check)
PGAF_ENTRY_POINT(pgaf_upgrade_acknowledge)
PGAF_ENTRY_POINT(pgaf_upgrade_attach)
PGAF_ENTRY_POINT(pgaf_upgrade_next_step)
PGAF_ENTRY_POINT(pgaf_upgrade_begin_step)
PGAF_ENTRY_POINT(pgaf_upgrade_heartbeat)
PGAF_ENTRY_POINT(pgaf_upgrade_finish_step)
PGAF_ENTRY_POINT(pgaf_upgrade_fail_step)
PGAF_ENTRY_POINT(pgaf_upgrade_report_check)
PGAF_ENTRY_POINT(pgaf_upgrade_report_software)
PGAF_ENTRY_POINT(pgaf_upgrade_sync_journal)
PGAF_ENTRY_POINT(pgaf_upgrade_rollback)
PGAF_ENTRY_POINT(pgaf_upgrade_request_rollback)
PGAF_ENTRY_POINT(pgaf_upgrade_finish_rollback)
PGAF_ENTRY_POINT(pgaf_upgrade_record_backup)
PGAF_ENTRY_POINT(pgaf_upgrade_cleanup)
PGAF_ENTRY_POINT(pgaf_upgrade_begin_cleanup)
PGAF_ENTRY_POINT(pgaf_upgrade_finish_cleanup)
PGAF_ENTRY_POINT(pgaf_upgrade_record_maintenance)
PGAF_ENTRY_POINT(pgaf_upgrade_validate_sysidentifier)
PGAF_ENTRY_POINT(pgaf_upgrade_rewrite_sysidentifier)
PGAF_ENTRY_POINT(pgaf_upgrade_report_hba)
PGAF_ENTRY_POINT(pgaf_upgrade_verify_hba)
PGAF_ENTRY_POINT(pgaf_upgrade_required_hba)
PGAF_ENTRY_POINT(pgaf_upgrade_match_hba)
PGAF_ENTRY_POINT(pgaf_upgrade_steps)
PGAF_ENTRY_POINT(pgaf_upgrade_transitions)
PGAF_ENTRY_POINT(pgaf_upgrade_waiting_for)
PGAF_ENTRY_POINT(pgaf_upgrade_redundancy_estimate)

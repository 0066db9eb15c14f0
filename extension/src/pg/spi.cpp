#include "src/pg/spi.hpp"

#include "core/errors.hpp"
#include "src/pg/guard.hpp"

namespace pgaf::pg {

namespace {

// The text of every value in SPI's memory, row by row, and the numbers of rows and columns.
struct Fetched {
    int code;
    std::size_t rows;
    std::size_t columns;
    char **values;
};

}  // namespace

Rows query(const char *sql, std::initializer_list<Param> params) {
    std::vector<const char *> texts;
    for (const auto &param : params) {
        texts.push_back(param.text() ? param.text()->c_str() : nullptr);
    }
    const char *const *const given = texts.data();
    const auto count = static_cast<int>(texts.size());

    const Fetched fetched = call([sql, given, count] {
        auto *types = static_cast<Oid *>(palloc(sizeof(Oid) * (count + 1)));
        auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * (count + 1)));
        auto *nulls = static_cast<char *>(palloc(count + 1));
        for (int i = 0; i < count; ++i) {
            types[i] = TEXTOID;
            values[i] = given[i] != nullptr ? CStringGetTextDatum(given[i]) : static_cast<Datum>(0);
            nulls[i] = given[i] != nullptr ? ' ' : 'n';
        }
        Fetched result = {};
        result.code = SPI_execute_with_args(sql, count, types, values, nulls, false, 0);
        if (result.code < 0 || SPI_tuptable == nullptr) {
            return result;
        }
        TupleDesc const shape = SPI_tuptable->tupdesc;
        result.rows = SPI_tuptable->numvals;
        result.columns = static_cast<std::size_t>(shape->natts);
        result.values = static_cast<char **>(palloc(sizeof(char *) * (result.rows * result.columns + 1)));
        for (std::size_t row = 0; row < result.rows; ++row) {
            for (std::size_t column = 0; column < result.columns; ++column) {
                result.values[row * result.columns + column] =
                    SPI_getvalue(SPI_tuptable->vals[row], shape, static_cast<int>(column) + 1);
            }
        }
        SPI_freetuptable(SPI_tuptable);
        return result;
    });
    if (fetched.code < 0) {
        throw Error(code::kInternal, "a query of pgaf_upgrade failed: SPI error " + std::to_string(fetched.code), {},
                    sql);
    }

    Rows rows;
    rows.reserve(fetched.rows);
    for (std::size_t row = 0; row < fetched.rows; ++row) {
        std::vector<Text> values;
        values.reserve(fetched.columns);
        for (std::size_t column = 0; column < fetched.columns; ++column) {
            const char *value = fetched.values[row * fetched.columns + column];
            values.push_back(value != nullptr ? Text(value) : std::nullopt);
        }
        rows.emplace_back(std::move(values));
    }
    return rows;
}

}  // namespace pgaf::pg

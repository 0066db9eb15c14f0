#pragma once

#include <csetjmp>
#include <exception>
#include <type_traits>

#include "src/pg/postgres.hpp"

// The border between the two languages. PostgreSQL reports errors by longjmp, which runs no
// destructor; C++ by exceptions, which PostgreSQL cannot let through. Inside `call` only
// PostgreSQL's way is legal, outside of it only C++'s; `entry_points.cpp` turns C++'s back.
namespace pgaf::pg {

// An error that PostgreSQL reported, kept whole: SQLSTATE, detail, hint and context. The data lives
// in the memory context of the failed call and is given back to PostgreSQL at the entry point.
class PgError : public std::exception {
  public:
    explicit PgError(ErrorData *data) : data_(data) {}
    [[nodiscard]] const char *what() const noexcept override { return data_->message; }
    [[nodiscard]] ErrorData *data() const noexcept { return data_; }

  private:
    ErrorData *data_;
};

// Takes the error that PostgreSQL just reported off its stack and throws it. The memory context of
// the call must be current again.
[[noreturn]] void throw_reported_error();

// Runs PostgreSQL code of a few lines. The body owns nothing that needs a destructor and throws
// nothing: a longjmp may leave it anywhere.
template <typename Body>
auto call(Body body) -> std::invoke_result_t<Body &> {
    using Result = std::invoke_result_t<Body &>;
    static_assert(std::is_trivially_destructible_v<Body>, "the body must own nothing");
    static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>, "nor may its result");

    sigjmp_buf *const saved_stack = PG_exception_stack;
    ErrorContextCallback *const saved_callbacks = error_context_stack;
    MemoryContext const entry_context = CurrentMemoryContext;
    sigjmp_buf here;

    if (sigsetjmp(here, 0) == 0) {
        PG_exception_stack = &here;
        if constexpr (std::is_void_v<Result>) {
            body();
            PG_exception_stack = saved_stack;
            error_context_stack = saved_callbacks;
            return;
        } else {
            const Result result = body();
            PG_exception_stack = saved_stack;
            error_context_stack = saved_callbacks;
            return result;
        }
    }
    PG_exception_stack = saved_stack;
    error_context_stack = saved_callbacks;
    MemoryContextSwitchTo(entry_context);
    throw_reported_error();
}

}  // namespace pgaf::pg
